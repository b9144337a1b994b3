"""Others who vouch for the record: a directory log, its witnesses, a time-stamping authority."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from audit.packs.verifier.files import Pack
from audit.packs.verifier.log import Keys, parse_proof, read_text
from audit.packs.verifier.notes import (
    Key,
    Malformed,
    Note,
    cosigned_at,
    is_signed,
    parse_note,
)
from audit.packs.verifier.stamps import check_stamp
from audit.packs.verifier.trees import leaf_digest, root_of_path
from audit.packs.verifier.verdict import Refused, Verdict

ENTRY, PROOF = "anchor/entry.txt", "anchor/directory.tlog-proof"
STAMP = re.compile(r"anchor/time-stamp-[1-9][0-9]{0,3}\.tsr\Z")


def check_anchor(
    pack: Pack, keys: Keys, notes: list[Note], stampers: list[str], verdict: Verdict
) -> list[str]:
    """Check who vouches for this record; return the witnesses that do.

    `notes` are checkpoints that were found to be of this record. Raises Refused.
    """
    if ENTRY not in pack.names and PROOF not in pack.names:
        verdict.withhold("no-anchor")
        return []
    directory = _check_entry(pack, keys, notes, verdict)
    found = [each.vkey for each in keys.witnesses if _check_witness(directory, each, verdict)]
    for name in pack.names:
        if STAMP.match(name):
            check_stamp(pack.read(name), name, directory.text.encode(), stampers, verdict)
    return found


def _check_entry(pack: Pack, keys: Keys, notes: list[Note], verdict: Verdict) -> Note:
    """Return the directory's checkpoint, which holds a checkpoint of this record."""
    for name in (ENTRY, PROOF):
        if name not in pack.names:
            raise Refused("file-missing", file=name)
    entry, name = pack.read(ENTRY), PROOF
    known = next((note for note in notes if note.text.encode() == entry), None)
    if known is None:
        raise Refused("anchor-unconnected")
    try:
        index, path, text = parse_proof(read_text(pack, PROOF))
        directory = parse_note(text)
    except Malformed as error:
        raise Refused("anchor-malformed", file=name, why=str(error)) from error
    if keys.directory is None or directory.origin != keys.directory.name:
        raise Refused("anchor-forged")
    if not is_signed(directory, keys.directory):
        raise Refused("anchor-forged")
    if root_of_path(leaf_digest(entry), index, directory.size, path) != directory.root:
        raise Refused("anchor-wrong")
    verdict.check("anchor", size=known.size, index=index)
    return directory


def _check_witness(directory: Note, witness: Key, verdict: Verdict) -> bool:
    try:
        at = cosigned_at(directory, witness)
    except Malformed:
        verdict.refuse("witness-forged", name=witness.name)
        return False
    if at is None:
        return False
    moment = datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    verdict.check("witness", name=witness.name, at=moment)
    return True
