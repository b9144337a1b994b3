"""Proofs of possession (DPoP, RFC 9449): whoever sends a token shows that they hold its key.

A proof is a JWS made for one request. `read_proof` looks at nothing but its arguments; that a
proof is used once is kept in Valkey, for longer than a proof is taken.
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import jwt
import redis

from govapp.common.errors import Unavailable
from govapp.common.live import valkey

ALGORITHMS: Final = ("ES256", "EdDSA")
LONGEST_PROOF: Final = 4096
OLDEST: Final = timedelta(seconds=60)
AHEAD: Final = timedelta(seconds=10)  # how far the client's clock may be in front of ours
# A proof from ahead is taken until it is too old; the memory of it lasts longer than that.
_REMEMBERED: Final = OLDEST + AHEAD + timedelta(seconds=50)
_LONGEST_JTI: Final = 256
# The members of a public key that its thumbprint is of, by its kind (RFC 7638, RFC 8037).
_MEMBERS: Final = {
    ("ES256", "EC", "P-256"): ("crv", "kty", "x", "y"),
    ("EdDSA", "OKP", "Ed25519"): ("crv", "kty", "x"),
}
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_PORTS: Final = {"https": 443, "http": 80}


class BadProof(Exception):
    """The proof is not good for this request; the words say why and hold nothing of it."""


@dataclass(frozen=True)
class Proof:
    """A proof that is good: whose key made it, and which one it is."""

    thumbprint: str
    ident: str


@dataclass(frozen=True)
class ProvenRequest:
    """What a proof has to be for. `token` is what is sent along; empty where one is asked for."""

    method: str
    url: str
    at: datetime  # by the database's clock
    token: str = ""


def read_proof(text: str, request: ProvenRequest) -> Proof:
    """Return the proof in a `DPoP` header (RFC 9449, section 4.3). Raises `BadProof`."""
    if not text or len(text) > LONGEST_PROOF:
        raise BadProof("There is no proof, or one that is too long.")
    try:
        header = jwt.get_unverified_header(text)
        thumbprint = _checked_header(header)
        key = jwt.PyJWK(header["jwk"], algorithm=header["alg"])
        signed = jwt.api_jws.decode(text, key=key, algorithms=[header["alg"]])
        claims = json.loads(signed)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, RecursionError):
        raise BadProof("The proof is no JWS that its own key has signed.") from None
    if not isinstance(claims, dict):
        raise BadProof("The proof has no claims.")
    _check_claims(claims, request)
    return Proof(thumbprint, f"{thumbprint}.{_hash(claims['jti'])}")


def use_once(proof: Proof) -> bool:
    """Whether this is the first time that the proof is seen.

    Raises `Unavailable` while Valkey is away: what cannot be remembered is not taken.
    """
    try:
        kept = valkey().set(f"govapp:dpop:{proof.ident}", b"1", nx=True, ex=_REMEMBERED)
    except (redis.RedisError, OSError):
        raise Unavailable("Proofs cannot be checked for a moment. Come again.") from None
    return bool(kept)


def _checked_header(header: dict[str, Any]) -> str:
    """Return the thumbprint of the header's key (RFC 7638)."""
    if header.get("typ") != "dpop+jwt":
        raise BadProof("The proof's `typ` is not dpop+jwt.")
    if header.get("alg") not in ALGORITHMS:
        raise BadProof(f"The proof's `alg` is none of {', '.join(ALGORITHMS)}.")
    if "crit" in header:
        raise BadProof("The proof has `crit`, which is not understood here.")
    jwk = header.get("jwk")
    if not isinstance(jwk, dict) or _PRIVATE & set(jwk):
        raise BadProof("The proof's `jwk` is not a public key.")
    members = _MEMBERS.get((header["alg"], str(jwk.get("kty")), str(jwk.get("crv"))))
    if members is None or not all(isinstance(jwk.get(name), str) for name in members):
        raise BadProof("The proof's `jwk` is not a key for its `alg`.")
    shown = json.dumps({name: jwk[name] for name in members}, separators=(",", ":"))
    return _hash(shown)


def _check_claims(claims: dict[str, Any], request: ProvenRequest) -> None:
    jti, iat = claims.get("jti"), claims.get("iat")
    if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI:
        raise BadProof("The proof's `jti` is missing, or too long.")
    if claims.get("htm") != request.method:
        raise BadProof("The proof is for another method (`htm`).")
    if _plain(claims.get("htu")) != _plain(request.url):
        raise BadProof("The proof is for another address (`htu`).")
    if isinstance(iat, bool) or not isinstance(iat, int | float):
        raise BadProof("The proof does not say when it was made (`iat`).")
    age = request.at.timestamp() - iat
    if not -AHEAD.total_seconds() <= age <= OLDEST.total_seconds():
        raise BadProof("The proof is too old, or from the future (`iat`).")
    if request.token and claims.get("ath") != _hash(request.token):
        raise BadProof("The proof is not for this token (`ath`).")


def _plain(url: Any) -> tuple[str, str, int | None, str] | None:
    """Return an address without query and fragment, in its usual form (RFC 3986, section 6.2)."""
    if not isinstance(url, str):
        return None
    try:
        parts: SplitResult = urlsplit(url)
        scheme = parts.scheme.lower()
        port = parts.port or _PORTS.get(scheme)
    except ValueError:
        return None
    if parts.username is not None or not parts.hostname:
        return None
    return scheme, parts.hostname.lower(), port, parts.path or "/"


def _hash(text: str) -> str:
    """Return SHA-256 in base64url without padding."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return urlsafe_b64encode(digest).decode("ascii").rstrip("=")
