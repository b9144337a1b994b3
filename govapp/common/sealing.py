"""Secrets at rest: private keys and webhook secrets are stored sealed (Fernet, AES-128-CBC + HMAC).

The key is `GOVAPP_SEALING_KEY`; several, separated by commas, let a key be rotated: the first
seals, all open.
"""

import os
from functools import cache
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_NONCE: Final = 12  # octets, as the mode wants them


@cache
def _sealer(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def seal(secret: bytes) -> bytes:
    """Return `secret` encrypted, for a column of the database."""
    return _sealer(tuple(settings.SEALING_KEYS)).encrypt(secret)


def unseal(sealed: bytes) -> bytes:
    """Return what `seal` was given. Raises `cryptography.fernet.InvalidToken` when tampered."""
    return _sealer(tuple(settings.SEALING_KEYS)).decrypt(bytes(sealed))


def is_sealed_newest(sealed: bytes) -> bool:
    """Whether the first of the configured keys opens it: the others are not needed for it."""
    try:
        _sealer(tuple(settings.SEALING_KEYS[:1])).decrypt(bytes(sealed))
    except InvalidToken:
        return False
    return True


def reseal(sealed: bytes) -> bytes:
    """Return what `seal` made, sealed under the first of the configured keys.

    Raises `cryptography.fernet.InvalidToken` when none of them opens it.
    """
    return _sealer(tuple(settings.SEALING_KEYS)).rotate(bytes(sealed))


def new_data_key() -> bytes:
    """Return a fresh key for `seal_under`: AES-256."""
    return AESGCM.generate_key(bit_length=256)


def seal_under(key: bytes, secret: bytes, *, about: str) -> bytes:
    """Return `secret` encrypted under a key of its own (AES-256-GCM, NIST SP 800-38D).

    `about` says what it is for, and is bound to it: moved to another row it does not open.
    """
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, secret, about.encode())


def unseal_under(key: bytes, sealed: bytes, *, about: str) -> bytes:
    """Return what `seal_under` was given. Raises `cryptography.exceptions.InvalidTag`."""
    sealed = bytes(sealed)
    return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], about.encode())
