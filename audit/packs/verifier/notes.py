"""Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature)."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from hashlib import sha256

from audit.packs.verifier.ed25519 import is_ed25519_signature

LOG_KEY, WITNESS_KEY = 1, 4
LAST_SECOND = 253_402_300_799  # the end of the year 9999
SIZE = re.compile(r"(?:0|[1-9][0-9]{0,14})\Z")
BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\Z")
KEY_NAME = re.compile(r"[^\s+\x00-\x20\x7f]+\Z")
KEY_ID = re.compile(r"[0-9a-f]{8}\Z")


class Malformed(ValueError):
    """A text that is not what it should be; the message says why."""


@dataclass(frozen=True)
class Key:
    """A verifier key ("vkey"): name, kind, and 32 bytes of Ed25519."""

    vkey: str
    name: str
    kind: int
    key_id: bytes
    public_key: bytes


@dataclass(frozen=True)
class Note:
    """A signed note that is a checkpoint: its text, what the text says, and its signatures."""

    text: str
    origin: str
    size: int
    root: bytes
    signatures: tuple[tuple[str, bytes, bytes], ...]

    def by(self, key: Key) -> list[bytes]:
        """Return the signatures that claim to be by this key."""
        wanted = (key.name, key.key_id)
        return [signed for name, ident, signed in self.signatures if (name, ident) == wanted]


def from_base64(text: str) -> bytes:
    """Read canonical base64. Raises Malformed."""
    if not BASE64.match(text):
        raise Malformed("a value is not base64")
    data = base64.b64decode(text)
    if base64.b64encode(data).decode() != text:
        raise Malformed("a value is not base64 in its one canonical spelling")
    return data


def parse_key(vkey: str, kind: int) -> Key:
    """Read a vkey, "name+id+key". Raises Malformed."""
    parts = vkey.split("+", 2)
    if len(parts) != 3 or not KEY_NAME.match(parts[0]) or not KEY_ID.match(parts[1]):
        raise Malformed("a key has a name, an id and a value, joined by plus signs")
    material = from_base64(parts[2])
    if len(material) != 33 or material[0] != kind:
        raise Malformed("the key is not an Ed25519 key of the kind that is wanted")
    key_id = sha256(parts[0].encode() + b"\n" + material).digest()[:4]
    if key_id.hex() != parts[1]:
        raise Malformed("the key does not match its own id")
    return Key(vkey, parts[0], kind, key_id, material[1:])


def parse_note(text: str) -> Note:
    """Read a signed checkpoint. Raises Malformed."""
    body, blank, signed = text.rpartition("\n\n")
    if not blank or not signed.endswith("\n"):
        raise Malformed("there is no text, empty line and signature in that order")
    lines = body.split("\n")
    if len(lines) < 3 or "" in lines or not SIZE.match(lines[1]):
        raise Malformed("there is no origin, size and root in three lines")
    root = from_base64(lines[2])
    if len(root) != 32:
        raise Malformed("the root does not have 32 bytes")
    signatures = tuple(_parse_signature(line) for line in signed[:-1].split("\n"))
    return Note(body + "\n", lines[0], int(lines[1]), root, signatures)


def _parse_signature(line: str) -> tuple[str, bytes, bytes]:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "\u2014" or not KEY_NAME.match(parts[1]):
        raise Malformed("a signature line has no dash, name and signature")
    data = from_base64(parts[2])
    if len(data) <= 4:
        raise Malformed("a signature is too short")
    return parts[1], data[:4], data[4:]


def is_signed(note: Note, key: Key) -> bool | None:
    """Tell whether the log's key signed the note; None when it has no such signature."""
    found = note.by(key)
    if not found:
        return None
    return all(
        is_ed25519_signature(key.public_key, each, note.text.encode("utf-8")) for each in found
    )


def cosigned_at(note: Note, key: Key) -> int | None:
    """Return when the witness cosigned (seconds since 1970), None when it did not.

    Raises Malformed when a cosignature of that name does not fit.
    """
    found = note.by(key)
    for each in found:
        if len(each) != 72:
            raise Malformed("a cosignature has a time and 64 bytes")
        at = int.from_bytes(each[:8], "big")
        if at > LAST_SECOND:
            raise Malformed("a cosignature has a time that no calendar has")
        message = f"cosignature/v1\ntime {at}\n{note.text}".encode()
        if not is_ed25519_signature(key.public_key, each[8:], message):
            raise Malformed("the cosignature does not fit")
    return int.from_bytes(found[0][:8], "big") if found else None
