"""Writes a pack into a file, in one pass and with the same memory for any number of events."""

import json
import zipfile
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, Protocol

from audit.merkle.tiles import ReadTile, prove_consistency, prove_inclusion
from audit.packs import pages
from audit.packs.assembling import verify_html, verify_py
from audit.packs.contents import SINGLE_PROOFS, PackContents, PackedLeaf, PackedValue
from audit.packs.together import Runs, prove_together
from audit.packs.verifier.log import CONSISTENCY_HEAD, PROOF_HEAD
from audit.packs.verifier.words import FORMAT

_TILES_AT_HAND: Final = 256


class Sink(Protocol):
    """Where a pack is written to: once, from its beginning to its end."""

    def write(self, data: bytes, /) -> int: ...
    def flush(self) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Written:
    """What was written: the digest of the manifest names every other byte."""

    manifest_sha256: str
    counts: dict[str, int]


@dataclass
class _Writer:
    """A zip archive whose files are counted and hashed while they are written."""

    archive: zipfile.ZipFile
    moment: tuple[int, int, int, int, int, int]
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    def write(self, name: str, chunks: Iterable[bytes]) -> str:
        """Write one file; return its SHA-256."""
        entry = zipfile.ZipInfo(name, self.moment)
        entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
        digest, size = sha256(), 0
        with self.archive.open(entry, "w", force_zip64=False) as file:
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        self.files[name] = {"bytes": size, "sha256": digest.hexdigest()}
        return digest.hexdigest()


def write_pack(file: Sink, contents: PackContents) -> Written:
    """Write the pack, never going back in the file. Two passes over the leaves' rows.

    The same contents give the same bytes. Raises ValueError when the leaves do not ascend.
    """
    moment = contents.made_at.astimezone(UTC)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        writer = _Writer(archive, moment.timetuple()[:6])
        counts: Counter[str] = Counter()
        read = lru_cache(_TILES_AT_HAND)(contents.read_tile)
        runs = _write_events(writer, contents, counts)
        writer.write("leaves.txt", _leaf_lines(contents))
        writer.write("proofs/tree.txt", map(_line, prove_together(runs, contents.size, read)))
        writer.write("disclosures.jsonl", _value_lines(contents, counts))
        _write_proofs(writer, contents, runs, read)
        _write_others(writer, contents)
        writer.write("verify.py", [verify_py()])
        writer.write("verify.html", [verify_html()])
        manifest = _manifest(contents, counts)
        writer.write("README.txt", [pages.readme(manifest).encode()])
        writer.write("certificate.txt", [pages.certificate(manifest, writer.files).encode()])
        manifest["files"] = dict(sorted(writer.files.items()))
        digest = writer.write("manifest.json", [_pretty(manifest)])
    return Written(digest, dict(counts))


def _write_events(writer: _Writer, contents: PackContents, counts: Counter[str]) -> Runs:
    runs = Runs()

    def lines() -> Iterator[bytes]:
        for leaf in contents.leaves():
            runs.add(leaf.index)
            if leaf.event is None:
                counts["pruned"] += 1
                continue
            counts["supporting" if leaf.index in contents.supporting else "events"] += 1
            yield leaf.event + b"\n"

    writer.write("events.jsonl", lines())
    return runs


def _leaf_lines(contents: PackContents) -> Iterator[bytes]:
    for leaf in contents.leaves():
        yield _leaf_line(leaf)


def _leaf_line(leaf: PackedLeaf) -> bytes:
    pruned = b" pruned" if leaf.event is None else b""
    return b"%d %s%s\n" % (leaf.index, b64encode(leaf.leaf_hash), pruned)


def _line(value: bytes) -> bytes:
    return b64encode(value) + b"\n"


def _value_lines(contents: PackContents, counts: Counter[str]) -> Iterator[bytes]:
    for value in contents.values():
        counts[value.withheld or "disclosed"] += 1
        yield _value_line(value)


def _value_line(value: PackedValue) -> bytes:
    line: dict[str, Any] = {"event": value.event, "n": value.number, "of": value.of}
    if value.withheld:
        line["withheld"] = value.withheld
    else:
        line |= {"salt": value.salt.hex(), "value": value.value}
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _write_proofs(writer: _Writer, contents: PackContents, runs: Runs, read: ReadTile) -> None:
    writer.write("checkpoint.txt", [contents.note.encode()])
    for index in _first_of(runs, SINGLE_PROOFS):
        path = prove_inclusion(index, contents.size, read)
        text = proof_text(index, path, contents.note)
        writer.write(f"proofs/{index}.tlog-proof", [text.encode()])
    for old, note in contents.older_notes:
        hashes = prove_consistency(old, contents.size, read)
        lines = [CONSISTENCY_HEAD, f"old {old}", *(b64encode(each).decode() for each in hashes)]
        writer.write(f"consistency/{old}.txt", ["\n".join(lines).encode(), b"\n\n", note.encode()])


def _first_of(runs: Runs, most: int) -> Iterator[int]:
    for start, end in zip(runs.starts, runs.ends, strict=True):
        for index in range(start, min(end, start + most)):
            yield index
            most -= 1
        if not most:
            return


def proof_text(index: int, path: Iterable[bytes], note: str) -> str:
    """Return a proof as C2SP tlog-proof has it."""
    lines = [PROOF_HEAD, f"index {index}", *(b64encode(each).decode() for each in path)]
    return "\n".join(lines) + "\n\n" + note


def _write_others(writer: _Writer, contents: PackContents) -> None:
    vouching, report = contents.vouching, contents.report
    keys: dict[str, Any] = {
        "log": [
            {"vkey": key.vkey, "from_size": key.from_size, "until_size": key.until_size}
            for key in contents.keys
        ],
        "directory": vouching.directory_vkey if vouching else None,
        "witnesses": list(vouching.witness_vkeys) if vouching else [],
    }
    writer.write("keys.json", [_pretty(keys)])
    if vouching:
        text = proof_text(vouching.index, vouching.path, vouching.directory_note)
        writer.write("anchor/entry.txt", [vouching.entry])
        writer.write("anchor/directory.tlog-proof", [text.encode()])
        stamped = vouching.directory_note.rpartition("\n\n")[0] + "\n"
        writer.write("anchor/stamped.txt", [stamped.encode()])
        for number, token in enumerate(vouching.time_stamps, 1):
            writer.write(f"anchor/time-stamp-{number}.tsr", [token])
    if report:
        writer.write("report.pdf", [report.pdf])


def _manifest(contents: PackContents, counts: Counter[str]) -> dict[str, Any]:
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "made_at": contents.made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "exporter": dict(contents.exporter),
        "query": dict(contents.query),
        "time_zone": contents.time_zone,
        "scope": dict(contents.scope),
        "supporting": sorted(contents.supporting),
        "redacted": sorted(contents.redacted),
        "counts": {
            name: counts[name]
            for name in ("events", "supporting", "pruned", "disclosed", "redacted", "erased")
        },
        "log": {
            "origin": contents.origin,
            "size": contents.size,
            "root": contents.root.hex(),
            "vkey": contents.keys[-1].vkey,
        },
    }
    if contents.report:
        manifest["report"] = {"file": "report.pdf", "event": contents.report.event}
    return manifest


def _pretty(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"
