"""Every way in which a pack may be forged, once for both verifiers."""

import base64
import re
import zipfile
from collections.abc import Callable
from io import BytesIO

from audit.merkle.note import Checkpoint, LogKey, sign_checkpoint
from tests.audit.packs import world
from tests.audit.packs.forging import (
    CORE,
    Mutation,
    another_record,
    both,
    cut_tail,
    directory,
    drop_whole,
    edit_lines,
    flip_in,
    flip_root_line,
    forge_cosignature,
    hide_value,
    keys,
    leaf_line,
    lines,
    made_up,
    manifest,
    own_key,
    replace,
    resign,
    restamp,
    rewrite_event,
    swap,
)
from tests.audit.packs.run_mutations import RUN_MUTATIONS
from tests.audit.packs.world import ANCHORED, DIRECTORY, NEW, OLD, SIZE, STRANGER

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
    *RUN_MUTATIONS,
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
