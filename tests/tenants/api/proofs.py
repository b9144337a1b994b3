"""A client that proves possession of its key (RFC 9449), for tests."""

import hashlib
import json
from base64 import urlsafe_b64encode
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from django.conf import settings

from govapp.common import clock
from govapp.common.ids import new_id

# Public keys' private halves are made once: a key of their own for each algorithm.
KEYS: dict[str, Any] = {
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


def public_jwk(alg: str, key: Any = None) -> dict[str, Any]:
    """Return the public half as a JWK."""
    public = (key or KEYS[alg]).public_key()
    if alg == "ES256":
        return dict(json.loads(jwt.algorithms.ECAlgorithm.to_jwk(public)))
    return dict(json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(public)))


def digest(text: str) -> str:
    """Return SHA-256 in base64url."""
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def make_proof(
    *,
    path: str,
    method: str = "POST",
    token: str = "",
    alg: str = "ES256",
    key: Any = None,
    header: dict[str, Any] | None = None,
    without: tuple[str, ...] = (),
    **claims: Any,
) -> str:
    """Return a good proof for a request, changed by `header`, `claims` and `without`."""
    head = {"typ": "dpop+jwt", "jwk": public_jwk(alg, key)} | (header or {})
    body: dict[str, Any] = {
        "jti": str(new_id()),
        "htm": method,
        "htu": settings.BASE_URL + path,
    }
    if "iat" not in claims:
        body["iat"] = int(clock.now().timestamp())
    if token:
        body["ath"] = digest(token)
    body = {name: value for name, value in (body | claims).items() if name not in without}
    return jwt.encode(body, key or KEYS[alg], algorithm=alg, headers=head)
