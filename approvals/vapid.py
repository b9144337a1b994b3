"""The key with which this installation names itself to push services (VAPID, RFC 8292).

It is derived from `SECRET_KEY`, so that every process has it and none has to keep it. With
another `SECRET_KEY` it is another key: browsers subscribe again when their person next opens the
page of devices, and push services refuse what is sent to the former subscriptions.
"""

from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from py_vapid import Vapid02

_PURPOSE: Final = b"govapp web push, VAPID, 1"
# The order of P-256 (SEC 2, secp256r1): a private key is a number from 1 to one less.
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# RFC 8292, section 2: at most a day; less, because clocks differ.
_VALID_FOR: Final = timedelta(hours=12)


@cache
def _key_of(secret: str) -> ec.EllipticCurvePrivateKey:
    # 16 bytes more than the order has, so that the remainder favours no key (FIPS 186-5, A.2.1).
    wide = HKDF(algorithm=SHA256(), length=48, salt=None, info=_PURPOSE).derive(secret.encode())
    number = int.from_bytes(wide, "big") % (_ORDER - 1) + 1
    return ec.derive_private_key(number, ec.SECP256R1())


def public_key() -> str:
    """Return the public key as browsers want it: an uncompressed point, base64url."""
    point = _key_of(settings.SECRET_KEY).public_key()
    raw = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def authorization(endpoint: str, *, now: datetime) -> str:
    """Return the `Authorization` for one push service: who we are, for half a day."""
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int((now + _VALID_FOR).timestamp()),
        "sub": _contact(),
    }
    vapid = Vapid02(_key_of(settings.SECRET_KEY))
    signed: dict[str, str] = vapid.sign(claims)
    return signed["Authorization"]


def _contact() -> str:
    """Return whom a push service may write to when something goes wrong."""
    _, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return f"mailto:{address}"
