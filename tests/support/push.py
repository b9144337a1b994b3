"""A push service and a browser on loopback: VAPID is checked, and messages are decrypted."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from tests.support.receiver import Received, Receiver, running_receiver


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unbase64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class PushingBrowser:
    """The keys that a browser makes for a subscription, and what only it can read."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    secret: bytes = b"0123456789abcdef"

    def subscription(self) -> dict[str, str]:
        """Return what the page posts."""
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {
            "endpoint": self.endpoint,
            "p256dh": base64url(point),
            "auth": base64url(self.secret),
        }

    def read(self, received: Received) -> dict[str, Any]:
        """Decrypt a message (RFC 8291)."""
        assert received.headers["content-encoding"] == "aes128gcm"
        plain = http_ece.decrypt(
            received.body, private_key=self.key, auth_secret=self.secret, version="aes128gcm"
        )
        read: dict[str, Any] = json.loads(plain)
        return read


def vapid_claims(received: Received) -> dict[str, Any]:
    """Return who says to have sent it, after checking the signature (RFC 8292)."""
    header = received.headers["authorization"]
    assert Vapid02.verify(header)
    token = header.split("t=")[1].split(",")[0]
    claims: dict[str, Any] = json.loads(unbase64url(token.split(".")[1]))
    return claims


@contextmanager
def running_push_service() -> Iterator[Receiver]:
    """Run a push service: it takes messages with 201."""
    with running_receiver() as receiver:
        receiver.usual_status = 201
        yield receiver
