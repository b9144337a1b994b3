"""The files of a pack, from a zip archive or from a folder, and whether they are those packed."""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from audit.packs.verifier.verdict import Refused, Verdict
from audit.packs.verifier.words import FORMAT

CHUNK = 1 << 16
MOST_MANIFEST_BYTES = 16 * 1024 * 1024
MOST_LINE_BYTES = 1 << 20
NEEDED = (
    "events.jsonl",
    "leaves.txt",
    "disclosures.jsonl",
    "checkpoint.txt",
    "keys.json",
    "proofs/tree.txt",
)
# What operating systems leave behind when somebody unpacks, looks and packs again.
LITTER = re.compile(r"(?:^|/)(?:\.DS_Store|Thumbs\.db|desktop\.ini|__MACOSX/.*)$")
DIGEST = re.compile(r"[0-9a-f]{64}\Z")


class Pack:
    """Named files that can be read, whatever they lie in."""

    def __init__(self, names: list[str]) -> None:
        kept = [name for name in names if not LITTER.search(name) and not name.endswith("/")]
        self.folder = _common_folder(kept)
        self.names = sorted(name[len(self.folder) :] for name in kept)

    def open(self, name: str) -> IO[bytes]:
        raise NotImplementedError

    def close(self) -> None:
        """Let go of what is open."""

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a file's bytes. Raises Refused when it cannot be read."""
        try:
            with self.open(name) as file:
                while chunk := file.read(CHUNK):
                    yield chunk
        except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
            raise Refused("file-unreadable", file=name) from error

    def read(self, name: str) -> bytes:
        """Return a whole file."""
        return b"".join(self.chunks(name))

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield the lines of a file without their ends. Raises Refused for an endless line."""
        rest = b""
        for chunk in self.chunks(name):
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole
            if len(rest) > MOST_LINE_BYTES:
                raise Refused("file-unreadable", file=name)
        if rest:
            yield rest


class FolderPack(Pack):
    """A pack that was unpacked."""

    def __init__(self, root: Path) -> None:
        self.root = root
        files = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
        super().__init__([path.relative_to(root).as_posix() for path in files])

    def open(self, name: str) -> IO[bytes]:
        return (self.root / (self.folder + name)).open("rb")


class ZipPack(Pack):
    """A pack as it was made."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("rb")
        try:
            self.archive = zipfile.ZipFile(self.file)
            names = self.archive.namelist()
            _check_once(names)
        except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError) as error:
            self.file.close()
            raise Refused("pack-unreadable", why="it is no zip archive") from error
        except Refused:
            self.file.close()
            raise
        super().__init__(names)

    def open(self, name: str) -> IO[bytes]:
        try:
            return self.archive.open(self.folder + name)
        except RuntimeError as error:  # encrypted
            raise OSError(str(error)) from error

    def close(self) -> None:
        self.file.close()


def open_pack(path: Path) -> Pack:
    """Open a pack. Raises Refused when it is none."""
    pack = FolderPack(path) if path.is_dir() else ZipPack(path)
    if "manifest.json" not in pack.names:
        pack.close()
        raise Refused("pack-unreadable", why="it has no manifest.json")
    return pack


def _check_once(names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise Refused("file-twice", file=name)
        seen.add(name)


def _common_folder(names: list[str]) -> str:
    """Return the one folder in which everything lies, for packs that were packed again."""
    tops = {name.partition("/")[0] for name in names}
    if len(tops) == 1 and f"{next(iter(tops))}/manifest.json" in names:
        return next(iter(tops)) + "/"
    return ""


def read_manifest(pack: Pack) -> dict[str, Any]:
    """Return the manifest. Raises Refused when it is none that this verifier knows."""
    data = b""
    for chunk in pack.chunks("manifest.json"):
        data += chunk
        if len(data) > MOST_MANIFEST_BYTES:
            raise Refused("manifest-malformed", why="it is too large")
    manifest = read_object(data)
    if manifest is None:
        raise Refused("manifest-malformed", why="it is no JSON object")
    if manifest.get("format") != FORMAT:
        raise Refused("format-unknown", format=str(manifest.get("format", "without a name")))
    for name, kind in (
        ("files", dict), ("log", dict), ("scope", dict), ("query", dict), ("counts", dict),
        ("supporting", list),
    ):  # fmt: skip
        if not isinstance(manifest.get(name), kind):
            raise Refused("manifest-malformed", why=f"{name} is missing")
    for each in manifest["files"].values():
        if not isinstance(each, dict) or not DIGEST.match(str(each.get("sha256"))):
            raise Refused("manifest-malformed", why="a file has no SHA-256")
    _check_numbers(manifest)
    return manifest


def _check_numbers(manifest: dict[str, Any]) -> None:
    numbers = [manifest["log"].get("size"), *manifest["counts"].values(), *manifest["supporting"]]
    scope = manifest["scope"]
    if scope.get("kind") == "complete":
        numbers += [scope.get("first"), scope.get("last")]
    elif scope.get("kind") != "selection":
        raise Refused("manifest-malformed", why="scope is missing")
    if not all(is_count(value) for value in numbers):
        raise Refused("manifest-malformed", why="a number is missing")


def is_count(value: object) -> bool:
    """Tell whether a value is a number that can count events."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**15


def read_object(data: bytes) -> dict[str, Any] | None:
    """Return a JSON object; None when the bytes are none."""
    try:
        value = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def check_files(pack: Pack, manifest: dict[str, Any], verdict: Verdict) -> None:
    """Compare every file with its SHA-256. Raises Refused when the check cannot go on."""
    files: dict[str, Any] = manifest["files"]
    before = len(verdict.refusals)
    missing = sorted((set(files) | set(NEEDED)) - set(pack.names))
    for name in missing:
        verdict.refuse("file-missing", file=name)
    for name in pack.names:
        if name != "manifest.json" and name not in files:
            verdict.refuse("file-unlisted", file=name)
    unreadable = _check_digests(pack, files, verdict)
    if len(verdict.refusals) == before:
        verdict.check("files", count=len(files))
    for name in NEEDED:
        if name in missing or name in unreadable or name not in files:
            raise Refused(
                "file-missing" if name not in unreadable else "file-unreadable", file=name
            )


def _check_digests(pack: Pack, files: dict[str, Any], verdict: Verdict) -> list[str]:
    """Compare each file with its SHA-256; return those that cannot be read."""
    unreadable = []
    for name in sorted(set(files) & set(pack.names)):
        digest = sha256()
        try:
            for chunk in pack.chunks(name):
                digest.update(chunk)
        except Refused as refused:
            verdict.refuse(refused.reason, **refused.fields)
            unreadable.append(name)
            continue
        if digest.hexdigest() != files[name]["sha256"]:
            verdict.refuse("file-changed", file=name)
    return unreadable
