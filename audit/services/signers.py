"""With what reports are signed: the operator's certificate, or one that is made once.

A self-made certificate proves that a report came from this installation and was not altered since;
whose installation it is, only a certificate from an authority can say. Pages tell which it is.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from asn1crypto import keys, pem, x509
from cryptography import x509 as crypto_x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from django.conf import settings
from pyhanko.sign.signers import SimpleSigner
from pyhanko.sign.timestamps.requests_client import RequestsHTTPTimeStamper
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from audit.models import SigningCertificate
from audit.reports.signing import Stamping
from govapp.common import clock
from govapp.common.sealing import seal, unseal

_PURPOSE: Final = "reports"
_VALID_FOR: Final = timedelta(days=3650)
_SECONDS: Final = 10


def report_signer() -> SimpleSigner:
    """Return what signs reports. Inside a transaction: a first certificate is kept at once."""
    if settings.REPORT_SIGNING_CERTIFICATE:
        return _given(settings.REPORT_SIGNING_CERTIFICATE, settings.REPORT_SIGNING_KEY)
    row = SigningCertificate.objects.filter(purpose=_PURPOSE).first() or _make(clock.now())
    return SimpleSigner(
        signing_cert=x509.Certificate.load(bytes(row.certificate)),
        signing_key=keys.PrivateKeyInfo.load(unseal(bytes(row.private_key_sealed))),
        cert_registry=_registry(),
    )


def report_stamping() -> Stamping:
    """Return which authorities stamp reports, and what they are checked against."""
    stampers = [
        RequestsHTTPTimeStamper(url, timeout=_SECONDS)  # type: ignore[no-untyped-call]
        for url in settings.LEDGER_TSA_URLS
    ]
    return Stamping(tuple(stampers), _trust if settings.REPORT_TRUST_ROOTS else None)


def _trust() -> ValidationContext:
    """The operator's roots; a certificate whose revocation cannot be looked up is not enough."""
    return ValidationContext(
        trust_roots=list(_certificates(settings.REPORT_TRUST_ROOTS)),
        allow_fetching=True,
        revocation_mode="hard-fail",
    )


def is_self_made() -> bool:
    """Say whether reports are signed with a certificate that nobody vouches for."""
    return not settings.REPORT_SIGNING_CERTIFICATE


@cache
def _given(certificate: str, key: str) -> SimpleSigner:
    """Read the operator's PEM files: the chain with the signer first, and its key."""
    first, *others = _certificates(certificate)
    loaded = load_pem_private_key(Path(key).read_bytes(), password=None)
    der = loaded.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    registry = _registry()
    registry.register_multiple(others)
    return SimpleSigner(
        signing_cert=first, signing_key=keys.PrivateKeyInfo.load(der), cert_registry=registry
    )


def _certificates(path: str) -> Iterator[x509.Certificate]:
    for kind, _, der in pem.unarmor(Path(path).read_bytes(), multiple=True):
        if kind == "CERTIFICATE":
            yield x509.Certificate.load(der)


def _registry() -> SimpleCertificateStore:
    return SimpleCertificateStore()  # type: ignore[no-untyped-call]


def _make(now: datetime) -> SigningCertificate:
    """Make the installation's own; whoever comes second takes the first one's."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = SigningCertificate(
        purpose=_PURPOSE,
        certificate=_self_signed(key, now).public_bytes(Encoding.DER),
        private_key_sealed=seal(
            key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        ),
        made_at=now,
    )
    SigningCertificate.objects.bulk_create([made], ignore_conflicts=True)
    return SigningCertificate.objects.get(purpose=_PURPOSE)


def _self_signed(key: ec.EllipticCurvePrivateKey, now: datetime) -> crypto_x509.Certificate:
    host = urlsplit(settings.BASE_URL).hostname or "localhost"
    name = crypto_x509.Name(
        [
            crypto_x509.NameAttribute(NameOID.ORGANIZATION_NAME, host[:64]),
            crypto_x509.NameAttribute(NameOID.COMMON_NAME, "Govapp reports, self-made"),
        ]
    )
    usage = crypto_x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        crypto_x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(crypto_x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))  # clocks differ
        .not_valid_after(now + _VALID_FOR)
        .add_extension(crypto_x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(
            crypto_x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
        .sign(key, SHA256())
    )
