"""Proofs of possession (RFC 9449, section 4.3): each check has a proof that fails it alone."""

from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from tenants.dpop import BadProof, ProvenRequest, read_proof
from tests.tenants.api.proofs import make_proof, public_jwk

AT = datetime(2026, 3, 27, 12, tzinfo=UTC)
NOW = int(AT.timestamp())
TOKEN = "gov_at_of_somebody"
PATH = "/api/v1/action-requests"
URL = "https://govapp.example/api/v1/action-requests"
WANTED = ProvenRequest("POST", URL, AT, TOKEN)


def proof(**changes: Any) -> str:
    """Return a proof that is good for `WANTED`, with changes."""
    usual: dict[str, Any] = {"path": PATH, "htu": URL, "token": TOKEN, "iat": NOW}
    return make_proof(**(usual | changes))


def test_a_good_proof_names_its_key_and_itself() -> None:
    one, two = (read_proof(proof(jti=jti), WANTED) for jti in ("one", "two"))
    assert one.thumbprint == two.thumbprint
    assert one.ident != two.ident
    assert len(one.thumbprint) == 43
    other = read_proof(proof(jti="one", alg="EdDSA"), WANTED)
    assert (other.thumbprint == one.thumbprint, other.ident == one.ident) == (False, False)


def test_a_thumbprint_is_that_of_the_standard() -> None:
    """The key and its thumbprint of RFC 8037, appendix A."""
    secret = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    key = ed25519.Ed25519PrivateKey.from_private_bytes(secret)
    read = read_proof(proof(alg="EdDSA", key=key), WANTED)
    assert read.thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize(
    "changes",
    [
        {"iat": NOW - 60},
        {"iat": NOW + 10},
        {"iat": NOW + 0.5},
        {"htu": URL + "?cursor=1#top"},
        {"htu": "HTTPS://GOVAPP.example:443/api/v1/action-requests"},
        {"alg": "EdDSA"},
        {"exp": 1},  # nothing that a proof has: it is not looked at
    ],
)
def test_what_is_good_for_the_request_is_taken(changes: dict[str, Any]) -> None:
    assert read_proof(proof(**changes), WANTED).thumbprint


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"header": {"typ": "JWT"}}, "typ"),
        ({"header": {"jwk": None}}, "public key"),
        ({"header": {"jwk": {"kty": "oct", "k": "AAAA"}}}, "public key"),
        ({"header": {"jwk": public_jwk("ES256") | {"d": "AAAA"}}}, "public key"),
        ({"header": {"jwk": public_jwk("EdDSA")}}, "not a key for its"),
        ({"header": {"jwk": public_jwk("ES256") | {"crv": "P-384"}}}, "not a key for its"),
        ({"header": {"jwk": public_jwk("ES256") | {"x": 1}}}, "not a key for its"),
        ({"header": {"jwk": public_jwk("ES256") | {"x": "AAAA"}}}, "no JWS"),
        ({"header": {"crit": ["exp"]}}, "."),
        ({"without": ("jti",)}, "jti"),
        ({"jti": ""}, "jti"),
        ({"jti": "x" * 257}, "jti"),
        ({"jti": 7}, "jti"),
        ({"htm": "GET"}, "htm"),
        ({"htm": "post"}, "htm"),
        ({"without": ("htm",)}, "htm"),
        ({"htu": "https://govapp.example/api/v1/action-requests/"}, "htu"),
        ({"htu": "http://govapp.example/api/v1/action-requests"}, "htu"),
        ({"htu": "https://govapp.example:8443/api/v1/action-requests"}, "htu"),
        ({"htu": "https://other.example/api/v1/action-requests"}, "htu"),
        ({"htu": "https://govapp.example@other.example/api/v1/action-requests"}, "htu"),
        ({"htu": "https://govapp.example:port/"}, "htu"),
        ({"htu": 7}, "htu"),
        ({"without": ("htu",)}, "htu"),
        ({"iat": NOW - 61}, "too old"),
        ({"iat": NOW + 11}, "future"),
        ({"iat": True}, "iat"),
        ({"iat": str(NOW)}, "iat"),
        ({"iat": None}, "iat"),
        ({"without": ("iat",)}, "iat"),
        ({"ath": "x"}, "ath"),
        ({"token": "another"}, "ath"),
        ({"without": ("ath",)}, "ath"),
    ],
)
def test_what_is_not_good_for_the_request_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadProof, match=words):
        read_proof(proof(**changes), WANTED)


def test_a_proof_of_another_key_than_it_shows_is_refused() -> None:
    shown = public_jwk("ES256", ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(BadProof, match="no JWS"):
        read_proof(proof(header={"jwk": shown}), WANTED)


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "é", "x" * 4097, "..", "e30.e30."])
def test_what_is_no_proof_at_all_is_refused(text: str) -> None:
    with pytest.raises(BadProof):
        read_proof(text, WANTED)


@pytest.mark.parametrize("alg", ["none", "HS256"])
def test_a_proof_without_a_key_of_its_own_is_refused(alg: str) -> None:
    head = {"typ": "dpop+jwt", "jwk": public_jwk("ES256")}
    secret: Any = None if alg == "none" else "x" * 64
    text = jwt.encode({"jti": "1"}, secret, algorithm=alg, headers=head)
    with pytest.raises(BadProof, match="alg"):
        read_proof(text, WANTED)


def test_where_a_token_is_asked_for_none_is_named() -> None:
    asked = ProvenRequest("POST", URL, AT)
    assert read_proof(proof(token=""), asked).thumbprint
