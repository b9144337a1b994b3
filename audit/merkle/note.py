"""Checkpoints: a log's size and root as a C2SP signed note with an Ed25519 signature.

Sources: https://c2sp.org/signed-note and https://c2sp.org/tlog-checkpoint
"""

import base64
import binascii
import re
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.merkle.tree import HASH_BYTES, MAX_SIZE

MAX_NOTE_BYTES = 1_000_000
"""Room for a hundred witnesses with post-quantum signatures, and an end to what is parsed."""

_ED25519 = b"\x01"
_KEY_BYTES = 32
_KEY_ID_BYTES = 4
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NoteInvalid(Exception):
    """A note or verifier key that cannot be trusted; the message says why."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log commits to: `origin` names the log, `root` is the tree's hash at `size` leaves.

    Raises ValueError when it could not be written as a note.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or "\n" in self.origin or not _is_plain_text(self.origin):
            raise ValueError("the origin must be one line of text")
        if not 0 <= self.size <= MAX_SIZE:
            raise ValueError(f"a tree cannot have {self.size} leaves")
        if len(self.root) != HASH_BYTES:
            raise ValueError(f"a root has {HASH_BYTES} bytes, not {len(self.root)}")

    @property
    def text(self) -> str:
        """The signed text, final newline included."""
        return f"{self.origin}\n{self.size}\n{_to_base64(self.root)}\n"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of a log's key; `name` is the log's origin.

    Raises ValueError when the name or the key cannot stand in a note.
    """

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.public_key) != _KEY_BYTES:
            raise ValueError(f"an Ed25519 public key has {_KEY_BYTES} bytes")

    @property
    def key_id(self) -> bytes:
        """The four bytes that tell which key signed: an identifier, not a fingerprint."""
        named = self.name.encode() + b"\n" + _ED25519 + self.public_key
        return sha256(named).digest()[:_KEY_ID_BYTES]

    def encode(self) -> str:
        """Return the vkey string, "name+id+key", to be published and pinned."""
        return f"{self.name}+{self.key_id.hex()}+{_to_base64(_ED25519 + self.public_key)}"

    @classmethod
    def decode(cls, vkey: str) -> "VerifierKey":
        """Read a vkey string; raises NoteInvalid when it is not an intact Ed25519 one."""
        # The key may hold plus signs of its own (base64); the name and the id may not.
        parts = vkey.split("+", 2)
        if len(parts) != 3:
            raise NoteInvalid("a verifier key has three parts joined by plus signs")
        name, key_id, encoded = parts
        material = _from_base64(encoded, "the verifier key")
        if material[:1] != _ED25519:
            raise NoteInvalid("the verifier key is not an Ed25519 key")
        try:
            key = cls(name, material[1:])
        except ValueError as error:
            raise NoteInvalid(f"the verifier key is malformed: {error}") from None
        if key.key_id.hex() != key_id:
            raise NoteInvalid("the verifier key does not match its own id")
        return key

    def is_signed(self, text: bytes, signature: bytes) -> bool:
        """Tell whether this key made the Ed25519 signature over the text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class LogKey:
    """The private half of a log's key; never shown by `repr`."""

    name: str
    private_key: Ed25519PrivateKey = field(repr=False)

    def __post_init__(self) -> None:
        _check_name(self.name)

    @classmethod
    def generate(cls, name: str) -> "LogKey":
        """Make a new key for the log with this origin."""
        return cls(name, Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> "LogKey":
        """Restore a key from its 32 secret bytes (RFC 8032); raises ValueError otherwise."""
        return cls(name, Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def seed(self) -> bytes:
        """The 32 secret bytes, for whoever stores the key encrypted."""
        return self.private_key.private_bytes_raw()

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, self.private_key.public_key().public_bytes_raw())


def sign_checkpoint(checkpoint: Checkpoint, *, key: LogKey) -> str:
    """Return the signed note. The caller must know that it continues every note signed before.

    Raises ValueError when the key belongs to another log.
    """
    if key.name != checkpoint.origin:
        raise ValueError("the key belongs to another log than the checkpoint")
    signature = key.private_key.sign(checkpoint.text.encode())
    line = f"\u2014 {key.name} {_to_base64(key.verifier.key_id + signature)}"
    return f"{checkpoint.text}\n{line}\n"


def open_checkpoint(note_text: str, *, verifier: VerifierKey) -> Checkpoint:
    """Return the checkpoint of a note that the verifier's key signed for the log of that name.

    Signatures by other keys (witnesses, a rotated key) and extension lines are ignored, as the
    specifications ask. Raises NoteInvalid with the reason.
    """
    text, lines = _split_note(note_text)
    found = False
    for line in lines:
        name, key_id, signature = _parse_signature(line)
        if (name, key_id) != (verifier.name, verifier.key_id):
            continue
        if not verifier.is_signed(text.encode(), signature):
            raise NoteInvalid(f"the signature by {name} does not fit the text")
        found = True
    if not found:
        raise NoteInvalid(f"the note is not signed by {verifier.name} with the expected key")
    checkpoint = _parse_checkpoint(text)
    if checkpoint.origin != verifier.name:
        raise NoteInvalid("the checkpoint is of another log than the key")
    return checkpoint


def text_of(note: str) -> str:
    """Return the signed text of a note, final newline included. Raises NoteInvalid."""
    return _split_note(note)[0]


def parse_signature(line: str) -> tuple[str, bytes, bytes]:
    """Return key name, key id and signature of a signature line. Raises NoteInvalid."""
    return _parse_signature(line)


def _split_note(note: str) -> tuple[str, list[str]]:
    if not _is_plain_text(note):
        raise NoteInvalid("the note has control characters or is not valid Unicode")
    if len(note.encode()) > MAX_NOTE_BYTES:
        raise NoteInvalid(f"the note is longer than {MAX_NOTE_BYTES} bytes")
    text, blank, signatures = note.rpartition("\n\n")
    if not blank or not signatures.endswith("\n"):
        raise NoteInvalid("the note has no text, blank line and signature lines in that order")
    return text + "\n", signatures[:-1].split("\n")


def _parse_signature(line: str) -> tuple[str, bytes, bytes]:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "\u2014" or not _is_key_name(parts[1]):
        raise NoteInvalid("a signature line is not a dash, a key name and a signature")
    signed = _from_base64(parts[2], "a signature")
    if len(signed) <= _KEY_ID_BYTES:
        raise NoteInvalid("a signature is too short")
    return parts[1], signed[:_KEY_ID_BYTES], signed[_KEY_ID_BYTES:]


def _parse_checkpoint(text: str) -> Checkpoint:
    lines = text[:-1].split("\n")
    if len(lines) < 3 or "" in lines:
        raise NoteInvalid("a checkpoint has an origin, a size and a root, and no empty line")
    origin, size, root = lines[:3]
    if not _SIZE.fullmatch(size):
        raise NoteInvalid("the size is not a plain decimal number")
    try:
        return Checkpoint(origin, int(size), _from_base64(root, "the root"))
    except ValueError as error:
        raise NoteInvalid(f"the checkpoint is malformed: {error}") from None


def _check_name(name: str) -> None:
    if not _is_key_name(name):
        raise ValueError("a key name must be non-empty, without spaces, plus signs or controls")


def _is_key_name(name: str) -> bool:
    spaced = any(letter.isspace() for letter in name)
    return bool(name) and not spaced and "+" not in name and _is_plain_text(name)


def _is_plain_text(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return _CONTROL.search(text) is None


def _to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _from_base64(text: str, what: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteInvalid(f"{what} is not base64") from None
    if _to_base64(data) != text:
        # Loose trailing bits would give one signature several spellings.
        raise NoteInvalid(f"{what} is not in canonical base64")
    return data
