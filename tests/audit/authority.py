"""A time-stamping authority on loopback: RFC 3161 over HTTP, with a chain of its own."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from asn1crypto import keys, tsp, x509
from cryptography import x509 as certificates
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper

Change = Callable[[tsp.TimeStampResp], bytes]


@dataclass
class Authority:
    """Where it listens, its root, and how often it was asked. `change` may spoil its answers."""

    root: bytes  # PEM
    stamper: DummyTimeStamper
    port: int = 0
    asked: int = 0
    change: Change | None = None
    content_type: str = "application/timestamp-reply"
    status: int = 200
    nonces: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/tsr"

    def write_root(self, directory: Path) -> Path:
        """Write the root certificate to a file, for LEDGER_TSA_ROOTS and for openssl."""
        path = directory / "tsa-root.pem"
        path.write_bytes(self.root)
        return path

    def answer(self, question: bytes) -> bytes:
        request = tsp.TimeStampReq.load(question)
        self.asked += 1
        self.nonces.append(request["nonce"].native)
        response = self.stamper.request_tsa_response(request)
        return self.change(response) if self.change else cast("bytes", response.dump())


class _Server(ThreadingHTTPServer):
    authority: Authority


class _Handler(BaseHTTPRequestHandler):
    timeout = 10

    def do_POST(self) -> None:
        authority = cast("_Server", self.server).authority
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        answer = authority.answer(body)
        self.send_response(authority.status)
        self.send_header("content-type", authority.content_type)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        pass


def make_authority(name: str = "Stamps of Example", *, purpose: bool = True) -> Authority:
    """Make an authority with a root and a certificate for time stamps, or for nothing."""
    root_key, key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    root = _certificate(f"{name} Root", f"{name} Root", root_key, root_key, is_root=True)
    leaf = _certificate(name, f"{name} Root", key, root_key, purpose=purpose)
    der = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    stamper = DummyTimeStamper(
        x509.Certificate.load(leaf.public_bytes(serialization.Encoding.DER)),
        keys.PrivateKeyInfo.load(der),
    )
    return Authority(root.public_bytes(serialization.Encoding.PEM), stamper)


@contextmanager
def running_authority(authority: Authority | None = None) -> Iterator[Authority]:
    """Run it on a port that the system chooses."""
    authority = authority or make_authority()
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.authority = authority
        authority.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield authority
        finally:
            server.shutdown()
            thread.join()


def _certificate(
    name: str,
    issuer: str,
    key: rsa.RSAPrivateKey,
    issuer_key: rsa.RSAPrivateKey,
    *,
    is_root: bool = False,
    purpose: bool = False,
) -> certificates.Certificate:
    builder = (
        certificates.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(certificates.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2090, 1, 1, tzinfo=UTC))
        .add_extension(certificates.BasicConstraints(is_root, None), critical=True)
    )
    if purpose:
        usage = certificates.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(issuer_key, hashes.SHA256())


def _name(common: str) -> certificates.Name:
    return certificates.Name([certificates.NameAttribute(NameOID.COMMON_NAME, common)])
