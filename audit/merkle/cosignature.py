"""Witnesses' cosignatures of a checkpoint, and the words in which a witness is asked for one.

Sources: https://c2sp.org/tlog-cosignature (cosignature/v1, Ed25519) and
https://c2sp.org/tlog-witness (add-checkpoint).
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from audit.merkle.note import NoteInvalid, VerifierKey, parse_signature, text_of
from audit.merkle.tree import HASH_BYTES

MAX_PROOF_LINES: Final = 63
_COSIGNATURE: Final = b"\x04"
_TIME_BYTES: Final = 8
_SIGNATURE_BYTES: Final = 64
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """The public half of a witness's key. Raises ValueError when it cannot stand in a note."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        VerifierKey(self.name, self.public_key)  # the same rules hold for both

    @property
    def key_id(self) -> bytes:
        """The four bytes that tell which key signed."""
        return sha256(self.name.encode() + b"\n" + _COSIGNATURE + self.public_key).digest()[:4]

    def encode(self) -> str:
        """Return the vkey string, "name+id+key", as the witness publishes it."""
        key = base64.b64encode(_COSIGNATURE + self.public_key).decode("ascii")
        return f"{self.name}+{self.key_id.hex()}+{key}"

    @classmethod
    def decode(cls, vkey: str) -> "WitnessKey":
        """Read a vkey string; raises NoteInvalid unless it is an intact Ed25519 cosigner's."""
        name, _, rest = vkey.partition("+")
        key_id, _, encoded = rest.partition("+")
        try:
            material = base64.b64decode(encoded, validate=True)
            key = cls(name, material[1:])
        except (binascii.Error, ValueError) as error:
            raise NoteInvalid(f"the witness's key is malformed: {error}") from None
        if material[:1] != _COSIGNATURE:
            raise NoteInvalid("the key is not a witness's: its type is not cosignature/v1 (4)")
        if key.key_id.hex() != key_id or key.encode() != vkey:
            raise NoteInvalid("the witness's key does not match its own id")
        return key

    def verify(self, line: str, note: str) -> int:
        """Return when the witness signed this note, in seconds since 1970.

        `line` is its signature line, without a newline. Raises NoteInvalid with the reason.
        """
        name, key_id, blob = parse_signature(line)
        if (name, key_id) != (self.name, self.key_id):
            raise NoteInvalid(f"the line is not signed by {self.name} with the expected key")
        if len(blob) != _TIME_BYTES + _SIGNATURE_BYTES:
            raise NoteInvalid("a cosignature has 8 bytes of time and 64 bytes of signature")
        at = int.from_bytes(blob[:_TIME_BYTES], "big")
        signed = f"cosignature/v1\ntime {at}\n{text_of(note)}".encode()
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(blob[_TIME_BYTES:], signed)
        except InvalidSignature:
            raise NoteInvalid(f"the cosignature by {self.name} does not fit the note") from None
        if not at:
            raise NoteInvalid(f"the cosignature by {self.name} has no time")
        return at


def write_add_checkpoint(*, old_size: int, proof: Sequence[bytes], note: str) -> bytes:
    """Return the body of an add-checkpoint request.

    Raises ValueError when the proof could not be one.
    """
    if len(proof) > MAX_PROOF_LINES or any(len(step) != HASH_BYTES for step in proof):
        raise ValueError("a consistency proof has at most 63 hashes of 32 bytes")
    lines = [f"old {old_size}", *(base64.b64encode(step).decode("ascii") for step in proof)]
    return ("\n".join(lines) + "\n\n" + note).encode()


def read_cosignatures(body: bytes) -> tuple[str, ...]:
    """Return the signature lines of a witness's answer. Raises NoteInvalid."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise NoteInvalid("the answer is not text") from None
    if not text.endswith("\n"):
        raise NoteInvalid("the answer does not end with a newline")
    lines = tuple(text[:-1].split("\n"))
    for line in lines:
        parse_signature(line)
    return lines


def read_known_size(body: bytes) -> int:
    """Return the size that a witness names in its 409 answer. Raises NoteInvalid."""
    found = _SIZE.fullmatch(body)
    if found is None:
        raise NoteInvalid("the witness's size is not a plain decimal number")
    return int(found[1])


def with_cosignatures(note: str, lines: Sequence[str]) -> str:
    """Return the note with these signature lines after the log's own."""
    return note + "".join(f"{line}\n" for line in lines)
