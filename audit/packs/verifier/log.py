"""The signed part: keys, the checkpoint, single proofs, and older checkpoints."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from audit.packs.verifier.files import Pack, is_count, read_object
from audit.packs.verifier.notes import (
    LOG_KEY,
    WITNESS_KEY,
    Key,
    Malformed,
    Note,
    from_base64,
    is_signed,
    parse_key,
    parse_note,
)
from audit.packs.verifier.trees import is_beginning, root_of_path
from audit.packs.verifier.verdict import Refused, Verdict

SINGLE_PROOF = re.compile(r"proofs/(0|[1-9][0-9]{0,14})\.tlog-proof\Z")
OLDER = re.compile(r"consistency/([1-9][0-9]{0,14})\.txt\Z")
PROOF_HEAD = "c2sp.org/tlog-proof@v1"
CONSISTENCY_HEAD = "govapp/consistency-proof@v1"


@dataclass(frozen=True)
class LogKey:
    """A key of the log, and the sizes of the tree at which it signed."""

    key: Key
    first: int
    last: int | None


@dataclass(frozen=True)
class Keys:
    """Every key that the pack names. None of them is trusted for that."""

    log: tuple[LogKey, ...]
    directory: Key | None
    witnesses: tuple[Key, ...]


def read_keys(pack: Pack, origin: str) -> Keys:
    """Return the keys of a pack. Raises Refused."""
    found = read_object(pack.read("keys.json")) or {}
    try:
        log = tuple(_log_key(each, origin) for each in _listed(found, "log"))
        directory = found.get("directory")
        keys = Keys(
            log,
            None if directory is None else parse_key(str(directory), LOG_KEY),
            tuple(parse_key(str(each), WITNESS_KEY) for each in _listed(found, "witnesses")),
        )
    except Malformed as error:
        raise Refused("key-malformed", why=str(error)) from error
    if not log:
        raise Refused("key-malformed", why="there is none")
    return keys


def _listed(found: dict[str, Any], name: str) -> list[Any]:
    value = found.get(name)
    if not isinstance(value, list):
        raise Malformed(f"the list {name} is missing")
    return value


def _log_key(entry: Any, origin: str) -> LogKey:
    if not isinstance(entry, dict) or not is_count(entry.get("from_size")):
        raise Malformed("a key does not say when it was used")
    last = entry.get("until_size")
    if last is not None and not is_count(last):
        raise Malformed("a key does not say when it was used")
    key = parse_key(str(entry.get("vkey")), LOG_KEY)
    if key.name != origin:
        raise Malformed("a key belongs to another log")
    return LogKey(key, entry["from_size"], last)


def read_text(pack: Pack, name: str) -> str:
    """Return a file as text. Raises Malformed."""
    try:
        return pack.read(name).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("it is not UTF-8") from error


def open_log_note(text: str, name: str, keys: Keys, origin: str) -> tuple[Note, list[Key]]:
    """Return a checkpoint of this log and the keys that signed it. Raises Refused."""
    try:
        note = parse_note(text)
    except Malformed as error:
        raise Refused("checkpoint-malformed", file=name, why=str(error)) from error
    if note.origin != origin:
        raise Refused("checkpoint-other-log", file=name, origin=note.origin)
    signers, early = [], False
    for each in keys.log:
        signed = is_signed(note, each.key)
        if signed is False:
            raise Refused("checkpoint-forged", file=name)
        if signed:
            used = each.first <= note.size and (each.last is None or note.size <= each.last)
            early = early or not used
            signers += [each.key] if used else []
    if not signers:
        reason = "key-out-of-range" if early else "checkpoint-unsigned"
        raise Refused(reason, file=name, size=note.size)
    return note, signers


def check_checkpoint(
    pack: Pack, manifest: dict[str, Any], keys: Keys, verdict: Verdict
) -> tuple[Note, list[Key]]:
    """Check the signed checkpoint against the manifest. Raises Refused."""
    log = manifest["log"]
    try:
        text = read_text(pack, "checkpoint.txt")
    except Malformed as error:
        why = str(error)
        raise Refused("checkpoint-malformed", file="checkpoint.txt", why=why) from error
    note, signers = open_log_note(text, "checkpoint.txt", keys, str(log.get("origin")))
    if note.size != log["size"] or note.root.hex() != log.get("root"):
        raise Refused("checkpoint-differs")
    verdict.check("checkpoint", origin=note.origin, size=note.size, key=signers[0].key_id.hex())
    return note, signers


def parse_proof(text: str) -> tuple[int, list[bytes], str]:
    """Read a C2SP tlog-proof: index, path and the checkpoint. Raises Malformed."""
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines[0] != PROOF_HEAD:
        raise Malformed("it does not begin as a tlog-proof")
    if len(lines) > 1 and lines[1].startswith("extra "):
        del lines[1]
    index = re.match(r"index (0|[1-9][0-9]{0,14})\Z", lines[1]) if len(lines) > 1 else None
    if index is None:
        raise Malformed("it has no index")
    return int(index.group(1)), parse_hashes(lines[2:]), note


def parse_hashes(lines: Sequence[str]) -> list[bytes]:
    """Read one hash of each line. Raises Malformed."""
    hashes = [from_base64(line) for line in lines]
    if any(len(each) != 32 for each in hashes):
        raise Malformed("a hash does not have 32 bytes")
    return hashes


def single_proofs(pack: Pack) -> dict[int, str]:
    """Return the files with a proof of one event each, by index."""
    found = {}
    for name in pack.names:
        if match := SINGLE_PROOF.match(name):
            found[int(match.group(1))] = name
    return found


def check_single_proofs(pack: Pack, leaves: dict[int, bytes], note: Note, verdict: Verdict) -> None:
    """Check each tlog-proof by itself: they show which event is wrong."""
    checkpoint, right = pack.read("checkpoint.txt"), 0
    proofs = single_proofs(pack)
    for index in sorted(proofs):
        name = proofs[index]
        try:
            path = _own_path(read_text(pack, name), index, checkpoint)
        except Malformed as error:
            verdict.refuse("proof-malformed", file=name, why=str(error))
            continue
        if root_of_path(leaves[index], index, note.size, path) != note.root:
            verdict.refuse("proof-wrong", file=name, index=index)
            continue
        right += 1
    if right:
        verdict.check("proofs", count=right)


def _own_path(text: str, index: int, checkpoint: bytes) -> list[bytes]:
    said, path, own = parse_proof(text)
    if said != index:
        raise Malformed("it is of another event")
    if own.encode() != checkpoint:
        raise Malformed("it has another checkpoint")
    return path


def check_older(
    pack: Pack, keys: Keys, note: Note, verdict: Verdict
) -> list[tuple[Note, list[Key]]]:
    """Check that each older checkpoint is a beginning of this one; return those that are."""
    names = {int(match.group(1)): name for name in pack.names if (match := OLDER.match(name))}
    found = []
    for size in sorted(names):
        name = names[size]
        try:
            proof, text = _consistency(read_text(pack, name), size)
            old, signers = open_log_note(text, name, keys, note.origin)
        except Malformed as error:
            verdict.refuse("proof-malformed", file=name, why=str(error))
            continue
        except Refused as refused:
            verdict.refuse(refused.reason, **refused.fields)
            continue
        if old.size != size or not is_beginning(size, note.size, old.root, note.root, proof):
            verdict.refuse("consistency-wrong", old=size)
            continue
        verdict.check("consistency", old=size)
        found.append((old, signers))
    return found


def _consistency(text: str, size: int) -> tuple[list[bytes], str]:
    head, _, note = text.partition("\n\n")
    lines = head.split("\n")
    if lines[:2] != [CONSISTENCY_HEAD, f"old {size}"]:
        raise Malformed("it does not begin as a consistency proof")
    return parse_hashes(lines[2:]), note
