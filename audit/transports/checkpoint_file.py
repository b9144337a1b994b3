"""Checkpoints kept outside of the database, where somebody who owns it cannot change them.

One file per log, one line of JSON per checkpoint: `{"vkey": …, "note": …}`. Only appended to.
Whoever ships these files to another machine can show that the database was cut short.
"""

import fcntl
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings

from audit.merkle.note import Checkpoint, NoteInvalid, VerifierKey, open_checkpoint

log = structlog.get_logger(__name__)

# Lines can be out of order by as many as there are sequencers; a line has about 400 bytes.
_TAIL_BYTES: Final = 64 * 1024


@dataclass(frozen=True)
class OutsideCheckpoint:
    """A checkpoint that was kept outside, and the key that it was signed with at that time."""

    verifier: VerifierKey
    checkpoint: Checkpoint
    source: str


def publish_checkpoint(*, vkey: str, note: str) -> None:
    """Append one signed checkpoint to its log's file. A failure is logged, never raised.

    The ledger does not wait for a full disk: the next checkpoint says all that this one says.
    """
    directory = checkpoint_directory()
    if directory is None:
        return
    line = json.dumps({"note": note, "vkey": vkey}, sort_keys=True) + "\n"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _file_of(directory, vkey.split("+", 1)[0]).open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(line.encode())
    except OSError:
        log.exception("ledger.checkpoint_not_published")


def published_checkpoint(origin: str) -> OutsideCheckpoint | None:
    """Return the largest checkpoint that was published for this log, or None.

    Raises `audit.merkle.note.NoteInvalid` when the file holds none that is intact.
    """
    directory = checkpoint_directory()
    if directory is None or not (path := _file_of(directory, origin)).exists():
        return None
    return read_checkpoint_file(path)


def published_origins() -> Iterator[str]:
    """Yield the origin of each log that has a file."""
    directory = checkpoint_directory()
    if directory is not None and directory.is_dir():
        for path in sorted(directory.glob("*.jsonl")):
            yield path.stem.replace("_", "/")


def read_checkpoint_file(path: Path, vkey: str = "") -> OutsideCheckpoint:
    """Return the largest checkpoint in a file of ours, or the one in a plain signed note.

    A plain note needs the log's `vkey`. Raises `audit.merkle.note.NoteInvalid` when there is none.
    """
    with path.open("rb") as file:
        file.seek(0, 2)
        end = file.tell()
        file.seek(max(0, end - _TAIL_BYTES))
        text = file.read().decode("utf-8", "replace")
    if not text.startswith("{") and path.suffix != ".jsonl":
        return _opened(text, vkey, str(path))
    found = []
    for line in text.splitlines()[1 if end > _TAIL_BYTES else 0 :]:
        try:
            entry = json.loads(line)
            found.append(_opened(entry["note"], entry["vkey"], str(path)))
        except (ValueError, KeyError, TypeError, NoteInvalid):
            # A write that was cut off by a crash; what counts is the largest intact one.
            continue
    if not found:
        raise NoteInvalid(f"{path} holds no intact checkpoint")
    return max(found, key=lambda outside: outside.checkpoint.size)


def checkpoint_directory() -> Path | None:
    """Where the files are; None when nothing is to be published."""
    directory: Path | None = settings.LEDGER_CHECKPOINT_DIR
    return directory


def _opened(note: str, vkey: str, source: str) -> OutsideCheckpoint:
    verifier = VerifierKey.decode(vkey)
    return OutsideCheckpoint(verifier, open_checkpoint(note, verifier=verifier), source)


def _file_of(directory: Path, origin: str) -> Path:
    return directory / f"{origin.replace('/', '_')}.jsonl"
