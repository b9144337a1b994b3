"""The public keys that verify grants, as a JWK Set (RFC 7517, RFC 8037)."""

from base64 import urlsafe_b64encode
from typing import Any

from approvals.doors import public_grant_keys


def jwks() -> dict[str, Any]:
    """Return every tenant's public keys, newest first. Public: it names no tenant."""
    return {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "alg": "EdDSA",
                "use": "sig",
                "kid": row["kid"],
                "x": urlsafe_b64encode(bytes(row["public_key"])).rstrip(b"=").decode(),
            }
            for row in public_grant_keys.call()
        ]
    }
