"""Signatures that the verifiers check with whole numbers alone, against another implementation."""

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.packs.verifier.der import is_signed_by, read_node
from audit.packs.verifier.ed25519 import is_ed25519_signature
from tests.audit.merkle.logs import flipped

MESSAGE = b"what was signed"
SPKI = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("number", range(4))
def test_ed25519(number: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    public, signature = key.public_key().public_bytes_raw(), key.sign(MESSAGE)
    assert is_ed25519_signature(public, signature, MESSAGE)
    assert not is_ed25519_signature(public, signature, MESSAGE + b"!")
    for bit in (0, 100, 255, 256, 400, 511):
        assert not is_ed25519_signature(public, flipped(signature, bit), MESSAGE)
    for bit in (0, 77, 255):
        assert not is_ed25519_signature(flipped(public, bit), signature, MESSAGE)


def test_an_ed25519_signature_has_one_spelling() -> None:
    """S + L would fit the equation as well (RFC 8032 section 5.1.7 refuses it)."""
    key = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)
    public, signature = key.public_key().public_bytes_raw(), key.sign(MESSAGE)
    order = 2**252 + 27742317777372353535851937790883648493
    other = int.from_bytes(signature[32:], "little") + order
    assert not is_ed25519_signature(public, signature[:32] + other.to_bytes(32, "little"), MESSAGE)
    assert not is_ed25519_signature(public, signature[:63], MESSAGE)


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1()])
@pytest.mark.parametrize(
    ("name", "algorithm"), [("sha256", hashes.SHA256()), ("sha512", hashes.SHA512())]
)
def test_ecdsa(curve: ec.EllipticCurve, name: str, algorithm: hashes.HashAlgorithm) -> None:
    key = ec.derive_private_key(0x1234567890ABCDEF, curve)
    public = read_node(key.public_key().public_bytes(*SPKI))
    signature = key.sign(MESSAGE, ec.ECDSA(algorithm))
    assert is_signed_by(public, name, signature, MESSAGE) is True
    assert is_signed_by(public, name, signature, MESSAGE + b"!") is False


def test_rsa() -> None:
    key = rsa.generate_private_key(65537, 2048)
    public = read_node(key.public_key().public_bytes(*SPKI))
    signature = key.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA384())
    assert is_signed_by(public, "sha384", signature, MESSAGE) is True
    assert is_signed_by(public, "sha384", flipped(signature, 9), MESSAGE) is False
    assert is_signed_by(public, "sha256", signature, MESSAGE) is False


def test_what_is_not_known_is_not_said() -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)
    public = read_node(key.public_key().public_bytes(*SPKI))
    assert is_signed_by(public, "sha256", key.sign(MESSAGE), MESSAGE) is None
