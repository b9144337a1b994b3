"""A receiver of syslog on loopback, over TCP or TLS: frames of RFC 6587, messages of RFC 5424."""

import datetime as dt
import re
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_MESSAGE = re.compile(
    rb"<(?P<priority>\d{1,3})>1 (?P<time>\S+) (?P<host>\S+) (?P<app>\S+) (?P<process>\S+)"
    rb" (?P<name>\S+) (?P<structured>-|(?:\[[^\]]*\])+)(?: (?P<text>.*))?",
    re.DOTALL,
)


@dataclass(frozen=True)
class Message:
    """One message, taken apart."""

    priority: int
    time: str
    host: str
    app: str
    name: str
    structured: str
    text: bytes


@dataclass
class SyslogReceiver:
    """What arrived, a list for each connection. `manners` holds how the next ones are treated:
    `close` (read to the end, close), `reset` (take some, then reset), `hang` (never close),
    `leave` (close at once), `talk` (answer something)."""

    port: int = 0
    roots: str = ""
    connections: list[list[Message]] = field(default_factory=list)
    manners: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def messages(self) -> list[Message]:
        return [message for connection in self.connections for message in connection]


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    receiver: SyslogReceiver
    tls: ssl.SSLContext | None = None


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        server = cast("_Server", self.server)
        receiver = server.receiver
        manner = receiver.manners.pop(0) if receiver.manners else "close"
        connection: socket.socket = self.request
        try:
            if server.tls is not None:
                connection = server.tls.wrap_socket(connection, server_side=True)
            self._receive(connection, receiver, manner)
        except (ssl.SSLError, ConnectionError):
            pass  # the sender broke it off

    def _receive(self, connection: socket.socket, receiver: SyslogReceiver, manner: str) -> None:
        if manner == "reset":
            connection.recv(10)
            linger = struct.pack("ii", 1, 0)  # no time to linger: close() is a reset
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            connection.close()
            return
        if manner == "leave":
            connection.close()
            return
        if manner == "talk":
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        content = b""
        while part := connection.recv(65536):
            content += part
        receiver.connections.append([parse(each) for each in frames(content)])
        if manner == "hang":
            receiver.released.wait(60)
        connection.close()


def frames(content: bytes) -> Iterator[bytes]:
    """Take apart what was counted in octets."""
    while content:
        length, _, rest = content.partition(b" ")
        assert length.isdigit(), content[:40]
        assert len(rest) >= int(length)
        yield rest[: int(length)]
        content = rest[int(length) :]


def parse(message: bytes) -> Message:
    """Take one message apart."""
    found = _MESSAGE.fullmatch(message)
    assert found is not None, message[:200]
    part = {name: (value or b"") for name, value in found.groupdict().items()}
    return Message(
        int(part["priority"]),
        part["time"].decode(),
        part["host"].decode(),
        part["app"].decode(),
        part["name"].decode(),
        part["structured"].decode(),
        part["text"],
    )


@contextmanager
def running_syslog(secured: Path | None = None, *, name: str = "localhost") -> Iterator[Any]:
    """Run the receiver on a port that the system chooses; over TLS with files in `secured`."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.receiver = SyslogReceiver(port=server.server_address[1])
        if secured is not None:
            server.receiver.roots = make_certificate(secured, name)
            server.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            server.tls.load_cert_chain(secured / "certificate.pem", secured / "key.pem")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.receiver
        finally:
            server.receiver.released.set()
            server.shutdown()
            thread.join()


def make_certificate(directory: Path, name: str) -> str:
    """Write a certificate for a name, by itself, and its key; return it as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (directory / "certificate.pem").write_bytes(pem)
    (directory / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem.decode()
