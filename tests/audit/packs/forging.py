"""How a pack is forged: what a mutation is made of.

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
from tests.audit.packs.world import DIRECTORY, ORIGIN, SIZE, STRANGER

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
