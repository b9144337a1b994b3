"""Every way in which a pack may be forged, once for both verifiers.

A mutation changes the files of a pack. Unless it is `raw`, whoever forges also repairs the
manifest's digests, so that only what they changed can give them away.
"""

import base64
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from io import BytesIO
from typing import Any

from audit.merkle.note import Checkpoint, LogKey, sign_checkpoint
from audit.merkle.tiles import prove_inclusion
from audit.merkle.tree import leaf_hash
from audit.packs.contents import KeySpan, PackedLeaf
from tests.audit.merkle.logs import MemoryLog
from tests.audit.packs import world
from tests.audit.packs.world import ANCHORED, DIRECTORY, NEW, OLD, ORIGIN, SIZE, STRANGER

Files = dict[str, bytes]
CORE = "events.jsonl"


@dataclass(frozen=True)
class Mutation:
    """A forgery, and the reasons for which it is refused, in their order."""

    name: str
    change: Callable[[Files], object]
    reasons: tuple[str, ...]
    raw: bool = False
    known: dict[str, Any] = field(default_factory=dict)
    base: Callable[[], bytes] = world.a_pack

    def make(self) -> bytes:
        """Return the forged pack."""
        files = unpacked(self.base())
        self.change(files)
        if not self.raw:
            reseal(files)
        return zipped(files)


def unpacked(data: bytes) -> Files:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(files: Files) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


def reseal(files: Files) -> None:
    """Write the digests of the files as they are into the manifest."""
    manifest = json.loads(files["manifest.json"])
    manifest["files"] = {
        name: {"bytes": len(content), "sha256": sha256(content).hexdigest()}
        for name, content in files.items()
        if name != "manifest.json"
    }
    files["manifest.json"] = json.dumps(manifest).encode()


def edit_json(files: Files, name: str, change: Callable[[Any], Any]) -> None:
    value = json.loads(files[name])
    change(value)
    files[name] = json.dumps(value).encode()


def edit_lines(files: Files, name: str, change: Callable[[list[bytes]], Any]) -> None:
    lines = files[name].split(b"\n")[:-1]
    change(lines)
    files[name] = b"".join(line + b"\n" for line in lines)


def lines(name: str, change: Callable[[list[bytes]], Any]) -> Callable[[Files], None]:
    return lambda files: edit_lines(files, name, change)


def manifest(change: Callable[[Any], Any]) -> Callable[[Files], None]:
    return lambda files: edit_json(files, "manifest.json", change)


def keys(change: Callable[[Any], Any]) -> Callable[[Files], None]:
    return lambda files: edit_json(files, "keys.json", change)


def replace(name: str, old: bytes, new: bytes) -> Callable[[Files], None]:
    def mutate(files: Files) -> None:
        assert old in files[name], f"{old!r} is not in {name}"
        files[name] = files[name].replace(old, new, 1)

    return mutate


def both(*changes: Callable[[Files], None]) -> Callable[[Files], None]:
    def mutate(files: Files) -> None:
        for change in changes:
            change(files)

    return mutate


def leaf_line(index: int, entry: bytes) -> bytes:
    return b"%d %s" % (index, base64.b64encode(leaf_hash(entry)))


def rewrite_event(files: Files, at: int = 5) -> None:
    """Change an event, and its leaf with it."""
    found = files[CORE].split(b"\n")[:-1]
    found[at] = found[at].replace(b"approve", b"decline")
    files[CORE] = b"\n".join(found) + b"\n"

    def change(leaves: list[bytes]) -> None:
        present = [n for n, line in enumerate(leaves) if not line.endswith(b"pruned")]
        place = present[at]
        leaves[place] = leaf_line(int(leaves[place].split()[0]), found[at])

    edit_lines(files, "leaves.txt", change)


def drop_whole(files: Files, at: int = 8) -> None:
    """Take out an event with its leaf, its values, its proof and its count."""
    event = json.loads(files[CORE].split(b"\n")[at])
    edit_lines(files, CORE, lambda found: found.pop(at))

    def forget(leaves: list[bytes]) -> None:
        present = [n for n, line in enumerate(leaves) if not line.endswith(b"pruned")]
        index = leaves.pop(present[at]).split()[0].decode()
        files.pop(f"proofs/{index}.tlog-proof")

    edit_lines(files, "leaves.txt", forget)
    edit_lines(
        files,
        "disclosures.jsonl",
        lambda found: found.__setitem__(
            slice(None), [line for line in found if json.loads(line)["event"] != event["id"]]
        ),
    )
    manifest(lambda found: found["counts"].update(events=found["counts"]["events"] - 1))(files)


def cut_tail(files: Files) -> None:
    """Take out the last three events, and say that the period ended before them."""
    for _ in range(3):
        drop_whole(files, len(files[CORE].split(b"\n")) - 2)
    manifest(lambda found: found["scope"].update(last=world.LAST - 3))(files)


def resign(key: LogKey) -> Callable[[Files], None]:
    """Sign another checkpoint, in checkpoint.txt and in each proof."""

    def mutate(files: Files) -> None:
        root = world.make_world().log.root
        checkpoint = Checkpoint(ORIGIN, SIZE, root)
        note = sign_checkpoint(checkpoint, key=key).encode()
        before = files["checkpoint.txt"]
        for name in files:
            files[name] = files[name].replace(before, note)

    return mutate


def own_key(files: Files) -> None:
    """Sign all with a key of one's own, and name it in keys.json."""
    resign(STRANGER)(files)
    vkey = STRANGER.verifier.encode()
    keys(lambda found: found["log"][1].update(vkey=vkey))(files)
    for name in [name for name in files if name.startswith("consistency/")]:
        del files[name]
    for name in [name for name in files if name.startswith("anchor/")]:
        del files[name]


@cache
def another_record() -> bytes:
    """A whole record that somebody made up, with a key of their own: intact in itself."""
    return made_up()


def made_up(*more: bytes) -> bytes:
    made = MemoryLog()
    body = json.loads(world.make_world().events[0])
    body["data"]["verifier"] = STRANGER.verifier.encode()
    event = json.dumps(body, separators=(",", ":"), sort_keys=True).encode()
    events = [event, *more]
    made.append([leaf_hash(each) for each in events])
    note = sign_checkpoint(Checkpoint(ORIGIN, made.size, made.root), key=STRANGER)
    return world.packed(
        world.contents(
            size=made.size,
            root=made.root,
            note=note,
            keys=[KeySpan(STRANGER.verifier.encode(), 1)],
            read_tile=made.read,
            leaves=lambda: (
                PackedLeaf(index, leaf_hash(each), each) for index, each in enumerate(events)
            ),
            values=lambda: iter(()),
            scope={"kind": "complete", "first": 0, "last": made.size - 1},
            supporting=frozenset(),
            older_notes=[],
            vouching=None,
            report=None,
        )
    )


def directory(
    key: LogKey = DIRECTORY, *, holds_it: bool = True, is_cosigned: bool = True
) -> Callable[[Files], None]:
    """Make the directory's proof again, rightly or not."""

    def mutate(files: Files) -> None:
        log = MemoryLog()
        entry = files["anchor/entry.txt"] if holds_it else b"something else\n"
        log.append([leaf_hash(each) for each in (b"a\n", b"b\n", entry, b"c\n", b"d\n")])
        note = sign_checkpoint(Checkpoint(key.name, log.size, log.root), key=key)
        note = world.cosign(note) if is_cosigned else note
        path = [base64.b64encode(each).decode() for each in prove_inclusion(2, 5, log.read)]
        text = "\n".join(["c2sp.org/tlog-proof@v1", "index 2", *path]) + "\n\n" + note
        files["anchor/directory.tlog-proof"] = text.encode()
        files["anchor/time-stamp-1.tsr"] = world.stamp(note)

    return mutate


def restamp(files: Files) -> None:
    files["anchor/time-stamp-1.tsr"] = world.stamp("another text\n\n\u2014 x y\n")


def flip(name: str, at: int) -> Callable[[Files], None]:
    def mutate(files: Files) -> None:
        content = bytearray(files[name])
        content[at] ^= 1
        files[name] = bytes(content)

    return mutate


def flip_root_line(files: Files) -> None:
    """Name another root in the signed text, and leave the signature."""
    text = files["checkpoint.txt"]
    root = text.split(b"\n")[2]
    other = base64.b64encode(bytes(32))
    for name in files:
        files[name] = files[name].replace(root, other)


def flip_in(name: str, pattern: bytes, offset: int = 0) -> Callable[[Files], None]:
    """Flip a bit behind the first place where some bytes stand."""

    def mutate(files: Files) -> None:
        found = re.search(re.escape(pattern), files[name])
        assert found, f"{pattern!r} is not in {name}"
        flip(name, found.end() + offset)(files)

    return mutate


def forge_cosignature(files: Files) -> None:
    name = "anchor/directory.tlog-proof"
    head, dash, line = files[name].rpartition(b"\xe2\x80\x94 ")
    blob = bytearray(base64.b64decode(line.split(b" ")[1]))
    blob[11] ^= 1  # the seconds: it was cosigned at another time
    files[name] = head + dash + line.split(b" ")[0] + b" " + base64.b64encode(blob) + b"\n"


def hide_value(files: Files) -> None:
    """Say that a value was left out, though the manifest counts it."""

    def change(found: list[bytes]) -> None:
        line = json.loads(found[0])
        del line["salt"], line["value"]
        found[0] = json.dumps(line | {"withheld": "redacted"}).encode()

    edit_lines(files, "disclosures.jsonl", change)


def swap(found: list[bytes]) -> None:
    found[4], found[5] = found[5], found[4]


FIRST_PROOF = f"proofs/{world.FIRST}.tlog-proof"
OLDER_FILE = f"consistency/{ANCHORED}.txt"
STAMP = "anchor/time-stamp-1.tsr"
GOOD_KEY, GOOD_WITNESS = NEW.verifier.encode(), world.witness_vkey()
MESSAGE_DIGEST = bytes.fromhex("06092a864886f70d010904")
RSA_SIGNATURE = b"\x04\x82\x01\x00"

MUTATIONS = (
    # Without repairing the manifest: the file itself gives it away.
    Mutation("an edited event", rewrite_event, (
        "file-changed", "file-changed", "tree-differs"), raw=True),
    Mutation("an altered report", replace("report.pdf", b"much", b"very"), (
        "file-changed", "report-changed"), raw=True),
    Mutation("a file is gone", lambda files: files.pop("report.pdf"), (
        "file-missing", "report-unrecorded"), raw=True),
    Mutation("a file was added", lambda files: files.update({"extra.txt": b"hello"}), (
        "file-unlisted",), raw=True),
    Mutation("the events are gone", lambda files: files.pop(CORE), (
        "file-missing",), raw=True),
    # The manifest.
    Mutation("no manifest", lambda files: files.pop("manifest.json"), (
        "pack-unreadable",), raw=True),
    Mutation("a manifest that is none", lambda files: files.update({"manifest.json": b"[]"}), (
        "manifest-malformed",), raw=True),
    Mutation("a format from elsewhere", manifest(lambda found: found.update(format="x/9")), (
        "format-unknown",)),
    Mutation("a manifest that is not the expected one", lambda files: None, (
        "digest-differs",), known={"sha256": "0" * 64}),
    Mutation("another count", manifest(lambda found: found["counts"].update(events=1)), (
        "count-differs",)),
    Mutation("another size", manifest(lambda found: found["log"].update(size=39)), (
        "checkpoint-differs",)),
    Mutation("a longer period than was packed",
        manifest(lambda found: found["scope"].update(last=SIZE - 1)), (
        "event-missing",)),
    Mutation("a shorter period than was packed",
        manifest(lambda found: found["scope"].update(last=30)), (
        "scope-differs",) * 5),
    # Events.
    Mutation("an edited event, sealed again",
        replace(CORE, b'"verdict":"approve"', b'"verdict":"decline"'), (
        "event-changed",)),
    Mutation("an edited event with its leaf", rewrite_event, (
        "tree-differs",)),
    Mutation("a dropped event", lines(CORE, lambda found: found.pop(9)), (
        "event-missing",)),
    Mutation("a dropped event with all that belongs to it", drop_whole, (
        "event-missing", "tree-differs")),
    Mutation("a cut tail", cut_tail, (
        "tree-differs",)),
    Mutation("an added event", lines(CORE, lambda found: found.append(b'{"id":"ev_x"}')), (
        "event-added",)),
    Mutation("an event twice", lines(CORE, lambda found: found.insert(5, found[5])), (
        "event-added",)),
    Mutation("two events in the other order", lines(CORE, swap), (
        "order-changed",)),
    Mutation("two leaves in the other order", lines("leaves.txt", swap), (
        "order-changed",)),
    Mutation("two events and their leaves in the other order",
        both(lines(CORE, lambda found: found.insert(6, found.pop(5))), lambda files: edit_lines(
            files, "leaves.txt", lambda found: found.__setitem__(slice(7, 9), [
                found[7].split()[0] + b" " + found[8].split()[1],
                found[8].split()[0] + b" " + found[7].split()[1]]))), (
        "tree-differs",)),
    Mutation("a leaf at another place",
        lines("leaves.txt", lambda found: found.__setitem__(-1, found[-1].replace(b"35", b"36"))), (
        "scope-differs", "event-missing", "tree-differs")),
    Mutation("a leaf that is none", lines("leaves.txt", lambda found: found.append(b"36 abc")), (
        "leaves-malformed",)),
    Mutation("a leaf beyond the end",
        lines("leaves.txt", lambda found: found.append(leaf_line(SIZE, b"x"))), (
        "leaves-malformed",)),
    Mutation("an event that is said to be pruned",
        both(lines(CORE, lambda found: found.pop(8)),
            lines("leaves.txt", lambda found: found.__setitem__(10, found[10] + b" pruned"))), (
        "pruned-unrecorded", "disclosures-differ")),
    Mutation("a hash of the common proof",
        lines("proofs/tree.txt", lambda found: found.__setitem__(0, base64.b64encode(bytes(32)))), (
        "tree-differs",)),
    Mutation("one hash too few in the common proof",
        lines("proofs/tree.txt", lambda found: found.pop()), (
        "tree-differs",)),
    Mutation("one hash too many in the common proof",
        lines("proofs/tree.txt", lambda found: found.append(found[0])), (
        "tree-differs",)),
    # Proofs.
    Mutation("a forged proof",
        lambda files: files.update({FIRST_PROOF: re.sub(
            rb"index 2\n.{44}", b"index 2\n" + base64.b64encode(bytes(32)), files[FIRST_PROOF])}), (
        "proof-wrong",)),
    Mutation("the proof of another event",
        lambda files: files.update({FIRST_PROOF: files["proofs/5.tlog-proof"]}), (
        "proof-malformed",)),
    Mutation("a proof with another checkpoint",
        replace(FIRST_PROOF, b"\n40\n", b"\n41\n"), (
        "proof-malformed",)),
    Mutation("history was changed before",
        lambda files: files.update({OLDER_FILE: re.sub(
            rb"old 30\n.{44}", b"old 30\n" + base64.b64encode(bytes(32)), files[OLDER_FILE])}), (
        "consistency-wrong", "anchor-unconnected")),
    Mutation("an older checkpoint with another root",
        replace(OLDER_FILE, world.make_world().note(ANCHORED, NEW).split("\n")[2].encode(),
            base64.b64encode(bytes(32))), (
        "checkpoint-forged", "anchor-unconnected")),
    # Checkpoint and keys.
    Mutation("a checkpoint with another root", flip_root_line, (
        "checkpoint-forged",)),
    Mutation("a checkpoint signed by somebody else", resign(STRANGER), (
        "checkpoint-unsigned",)),
    Mutation("a checkpoint that is none",
        lambda files: files.update({"checkpoint.txt": b"hello\n"}), (
        "checkpoint-malformed",)),
    Mutation("a checkpoint of another log",
        lambda files: files.update({"checkpoint.txt": sign_checkpoint(
            Checkpoint(DIRECTORY.name, 5, bytes(32)), key=DIRECTORY).encode()}), (
        "checkpoint-other-log",)),
    Mutation("a checkpoint of the key that was retired", resign(OLD), (
        "key-out-of-range",)),
    Mutation("a swapped key", own_key, (
        "key-not-in-record",)),
    Mutation("a key with another id",
        keys(lambda found: found["log"][0].update(vkey=found["log"][0]["vkey"][:-4] + "AAA=")), (
        "key-malformed",)),
    Mutation("a whole record that was made up", lambda files: None, (
        "key-not-pinned",), base=another_record, known={"vkey": [GOOD_KEY]}),
    Mutation("a whole record that no witness has seen", lambda files: None, (
        "witness-missing",), base=another_record, known={"witness": [GOOD_WITNESS]}),
    # Personal values.
    Mutation("another name", replace("disclosures.jsonl", b"Alice Archer", b"Mallory More"), (
        "disclosure-wrong",)),
    Mutation("another salt",
        lines("disclosures.jsonl", lambda found: found.__setitem__(0, re.sub(
            rb'"salt":"..', b'"salt":"00', found[0]))), (
        "disclosure-wrong",)),
    Mutation("a value of somebody else", replace("disclosures.jsonl", b"mem_alice", b"mem_bob"), (
        "disclosures-differ",)),
    Mutation("a value is gone", lines("disclosures.jsonl", lambda found: found.pop()), (
        "disclosures-differ",)),
    Mutation("a value too many", lines("disclosures.jsonl", lambda found: found.append(found[0])), (
        "disclosures-differ",)),
    Mutation("a value that was known is hidden", hide_value, (
        "count-differs", "count-differs")),
    Mutation("a salt that is none",
        replace("disclosures.jsonl", b'"salt":"', b'"salt":"xy'), (
        "disclosure-malformed",)),
    # The report.
    Mutation("an altered report, sealed again", replace("report.pdf", b"much", b"very"), (
        "report-changed",)),
    Mutation("a report that nobody recorded",
        manifest(lambda found: found["report"].update(event=f"ev_{7:026d}")), (
        "report-unrecorded",)),
    # The directory, witnesses, time stamps.
    Mutation("an anchor of another record", lambda files: files.update(
        {"anchor/entry.txt": b"log.example/x\n30\n" + base64.b64encode(bytes(32)) + b"\n"}), (
        "anchor-unconnected",)),
    Mutation("a directory that does not hold it", directory(holds_it=False), (
        "anchor-wrong",)),
    Mutation("a directory signed by somebody else",
        directory(LogKey.from_seed(DIRECTORY.name, b"\x08" * 32)), (
        "anchor-forged",)),
    Mutation("a proof of the directory that is none",
        lambda files: files.update({"anchor/directory.tlog-proof": b"hello\n"}), (
        "anchor-malformed",)),
    Mutation("a forged cosignature", forge_cosignature, (
        "witness-forged",)),
    Mutation("no cosignature by the witness that was named", directory(is_cosigned=False), (
        "witness-missing",), known={"witness": [GOOD_WITNESS]}),
    Mutation("a time stamp of something else", restamp, (
        "stamp-other-data",)),
    Mutation("an altered time stamp", replace(STAMP, b"20260302090000Z", b"20260302080000Z"), (
        "stamp-forged",)),
    Mutation("an altered signed part of a time stamp", flip_in(STAMP, MESSAGE_DIGEST, 10), (
        "stamp-forged",)),
    Mutation("an altered signature of a time stamp", flip_in(STAMP, RSA_SIGNATURE, 20), (
        "stamp-forged",)),
    Mutation("a time stamp that is cut off",
        lambda files: files.update({STAMP: files[STAMP][:-5]}), (
        "stamp-malformed",)),
    Mutation("a time stamp by somebody else", lambda files: None, (
        "stamp-not-pinned",), known={"stamper": ["0" * 64]}),
    # A sequencer that took in what is no event.
    Mutation("a leaf that is no event", lambda files: None, (
        "event-malformed",), base=lambda: made_up(b"[1]")),
    # A selection.
    Mutation("events that the query does not name", manifest(
        lambda found: found["query"].update(actor="mem_bob")), (
        "query-differs",) * 12, base=lambda: world.packed(world.selection())),
    Mutation("events before the period", manifest(
        lambda found: found["scope"].update({"from": "2026-03-02T09:06:00.000000Z"})), (
        "query-differs",), base=lambda: world.packed(world.selection())),
)  # fmt: skip


def twice(data: bytes) -> bytes:
    """Return a pack with a second file of a name that it has."""
    file = BytesIO(data)
    import warnings

    with warnings.catch_warnings(), zipfile.ZipFile(file, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr(zipfile.ZipInfo("events.jsonl"), b"")
    return file.getvalue()


def damaged(data: bytes) -> bytes:
    """Return a pack in which a bit of a compressed file has flipped."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        entry = archive.getinfo("events.jsonl")
    content = bytearray(data)
    content[entry.header_offset + 30 + len("events.jsonl") + entry.compress_size // 2] ^= 1
    return bytes(content)


ARCHIVES: tuple[tuple[str, Callable[[bytes], bytes], tuple[str, ...]], ...] = (
    ("no archive", lambda data: b"hello", ("pack-unreadable",)),
    ("a cut archive", lambda data: data[:-30], ("pack-unreadable",)),
    ("a file twice", twice, ("file-twice",)),
    ("a damaged file", damaged, ("file-unreadable",)),
)
