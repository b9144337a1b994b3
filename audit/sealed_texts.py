"""Texts with their salts as they lie in a row of `LedgerDisclosure`: AES-256-GCM."""

import os
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.merkle.commitments import Hidden
from govapp.common.ids import FreshId
from govapp.common.sealing import unseal

NONCE_BYTES: Final = 12

_read = msgspec.json.Decoder(dict[str, tuple[str, str]]).decode


def open_key(key_sealed: bytes) -> AESGCM:
    """Return a subject's key, ready for use."""
    return AESGCM(unseal(key_sealed))


def seal_texts(box: AESGCM, event_id: FreshId, key_id: FreshId, texts: Iterable[Hidden]) -> bytes:
    """Return the sealed texts of one event; they open as those of this event only."""
    plain = msgspec.json.encode({str(each.number): (each.salt.hex(), each.value) for each in texts})
    nonce = os.urandom(NONCE_BYTES)
    return nonce + box.encrypt(nonce, plain, event_id.bytes + key_id.bytes)


def open_texts(
    box: AESGCM, event_id: FreshId, key_id: FreshId, sealed: bytes
) -> Iterator[tuple[int, bytes, str]]:
    """Yield number, salt and text. Raises `InvalidTag` for what was sealed for another event."""
    about = event_id.bytes + key_id.bytes
    plain = box.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about)
    for number, (salt, value) in _read(plain).items():
        yield int(number), bytes.fromhex(salt), value
