"""Secrets at rest: private keys and webhook secrets are stored sealed (Fernet, AES-128-CBC + HMAC).

The key is `GOVAPP_SEALING_KEY`; several, separated by commas, let a key be rotated: the first
seals, all open.
"""

from functools import cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


@cache
def _sealer(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def seal(secret: bytes) -> bytes:
    """Return `secret` encrypted, for a column of the database."""
    return _sealer(tuple(settings.SEALING_KEYS)).encrypt(secret)


def unseal(sealed: bytes) -> bytes:
    """Return what `seal` was given. Raises `cryptography.fernet.InvalidToken` when tampered."""
    return _sealer(tuple(settings.SEALING_KEYS)).decrypt(bytes(sealed))
