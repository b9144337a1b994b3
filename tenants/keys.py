"""The form of a key: `gov_live_<prefix>_<secret><checksum>`, a person's with `gov_user_`, and a
short-lived access token's with `gov_at_`.

The prefix finds the row, the secret has 256 bits, and the checksum (CRC-32 of all before it, six
characters of base 62) tells a typo or a scanner's false hit apart from a key without a look-up.
The whole key is hashed with SHA-256: it is random, so a slow hash would protect nothing.
"""

import hashlib
import secrets
import zlib
from dataclasses import dataclass
from typing import Final

MARK: Final = "gov_live_"  # an agent's
USER_MARK: Final = "gov_user_"  # a member's
TOKEN_MARK: Final = "gov_at_"  # an agent's too, for minutes  # noqa: S105 - no password
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PREFIX_LENGTH: Final = 12
_SECRET_LENGTH: Final = 43  # 62 ** 43 > 2 ** 256
_CHECKSUM_LENGTH: Final = 6
_LENGTH: Final = _PREFIX_LENGTH + 1 + _SECRET_LENGTH + _CHECKSUM_LENGTH  # after the mark


@dataclass(frozen=True)
class NewKey:
    """A fresh key: `text` is for the person, once; the other two are stored."""

    text: str
    prefix: str
    hash: bytes


def make_key(mark: str = MARK) -> NewKey:
    """Return a fresh random key."""
    prefix, secret = _random(_PREFIX_LENGTH), _random(_SECRET_LENGTH)
    body = f"{mark}{prefix}_{secret}"
    text = body + _checksum(body)
    return NewKey(text=text, prefix=prefix, hash=hash_key(text))


def prefix_of(key: str, mark: str = MARK) -> str | None:
    """Return the prefix of a well-formed key, or None when mark, form or checksum are wrong."""
    if len(key) != len(mark) + _LENGTH or not key.startswith(mark) or not key.isascii():
        return None
    prefix, _, rest = key.removeprefix(mark).partition("_")
    body = key[:-_CHECKSUM_LENGTH]
    if len(prefix) != _PREFIX_LENGTH or not prefix.isalnum() or not rest.isalnum():
        return None
    return prefix if key == body + _checksum(body) else None


def hash_key(key: str) -> bytes:
    """Return what is stored of a key."""
    return hashlib.sha256(key.encode()).digest()


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
