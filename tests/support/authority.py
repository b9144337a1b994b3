"""A certificate authority on loopback: issues certificates, answers with time stamps and CRLs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from asn1crypto import keys, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper

_DAY = timedelta(days=1)


@dataclass
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass
class Authority:
    """A root that signs for reports, stamps times, and says that nothing was revoked."""

    address: str
    is_silent: bool = False
    asked: int = 0
    root: Issued = field(init=False)

    def __post_init__(self) -> None:
        self.root = self._issue("Test root", root=True)
        self.signer = self._issue("Report signer", root=False)
        self.stamper = self._issue("Time stamps", root=False, stamping=True)

    def write(self, directory: Path) -> dict[str, str]:
        """Write what settings name; return these settings."""
        for name, content in (
            ("root.pem", self.root.pem),
            ("signer.pem", self.signer.pem + self.root.pem),
            ("signer.key", self.signer.key_pem),
        ):
            (directory / name).write_bytes(content)
        return {
            "REPORT_SIGNING_CERTIFICATE": str(directory / "signer.pem"),
            "REPORT_SIGNING_KEY": str(directory / "signer.key"),
            "REPORT_TRUST_ROOTS": str(directory / "root.pem"),
        }

    def stamp(self, query: bytes) -> bytes:
        """Answer a query of RFC 3161."""
        self.asked += 1
        der = self.stamper.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        tsa = DummyTimeStamper(
            asn1_x509.Certificate.load(self.stamper.certificate.public_bytes(Encoding.DER)),
            keys.PrivateKeyInfo.load(der),
        )
        answer: Any = tsa.request_tsa_response(tsp.TimeStampReq.load(query))
        return bytes(answer.dump())

    def revoked(self) -> bytes:
        """Return the list of what was revoked: nothing."""
        now = datetime.now(UTC)
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.root.certificate.subject)
        builder = builder.last_update(now - _DAY).next_update(now + _DAY)
        builder = builder.add_extension(x509.CRLNumber(1), critical=False)
        identity = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.root.key.public_key())
        builder = builder.add_extension(identity, critical=False)
        return builder.sign(self.root.key, SHA256()).public_bytes(Encoding.DER)

    def _issue(self, name: str, *, root: bool, stamping: bool = False) -> Issued:
        key = rsa.generate_private_key(65537, 2048)
        issuer = None if root else self.root
        now = datetime.now(UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signing_key = issuer.key if issuer else key
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY)
            .not_valid_after(now + 365 * _DAY)
            .add_extension(x509.BasicConstraints(ca=root, path_length=None), critical=True)
            .add_extension(_usage(root=root), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), False
            )
        )
        if not root:
            place = x509.DistributionPoint(
                [x509.UniformResourceIdentifier(f"{self.address}/crl")], None, None, None
            )
            builder = builder.add_extension(x509.CRLDistributionPoints([place]), critical=False)
        if stamping:
            purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(purpose, critical=True)
        return Issued(builder.sign(signing_key, SHA256()), key)


def _usage(*, root: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not root, content_commitment=not root, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=root, crl_sign=root,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


@contextmanager
def running_authority() -> Iterator[Authority]:
    """Run one on a free port of loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    authority = Authority(f"http://127.0.0.1:{server.server_port}")
    server.authority = authority  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield authority
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        authority: Authority = self.server.authority  # type: ignore[attr-defined]
        query = self.rfile.read(int(self.headers["Content-Length"]))
        if authority.is_silent:
            self._answer(503, "text/plain", b"not now")
        else:
            self._answer(200, "application/timestamp-reply", authority.stamp(query))

    def do_GET(self) -> None:
        authority: Authority = self.server.authority  # type: ignore[attr-defined]
        if authority.is_silent:
            self._answer(503, "text/plain", b"not now")
        else:
            self._answer(200, "application/pkix-crl", authority.revoked())

    def _answer(self, status: int, content_type: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
