"""One connection to a host and port that somebody names: judged and pinned as `outgoing` does.

There is no answer to read. What is sent counts as taken when the receiver's system has acknowledged
every octet and the receiver, told that this was all, has closed its side without a reset: a system
whose program leaves unread what was acknowledged answers with a reset (RFC 1122 section 4.2.2.13).
"""

import asyncio
import fcntl
import socket
import ssl
import struct
import termios
import time
from dataclasses import dataclass

from govapp.common.outgoing import CallFailed, Judge, resolve_host, run

_TALKS = "The receiver answered something: this is no receiver of syslog."
_BROKEN_OFF = "The receiver broke the connection off before it had taken everything."
_TOO_LATE = (
    "The receiver did not take everything and close within {:.0f} seconds: whether it has read"
    " it is not known."
)


@dataclass(frozen=True)
class Target:
    """Where to connect to; `tls` says whose certificates are trusted, None sends in the clear."""

    host: str
    port: int
    tls: ssl.SSLContext | None


def send_all(target: Target, content: bytes, *, may_go_to: Judge, seconds: float) -> None:
    """Send everything, close, and see the receiver close. Raises `CallFailed`.

    `seconds` bounds everything together. The message is safe to store and says no address.
    """
    ends = time.monotonic() + seconds
    address = _resolved(target, may_go_to, seconds)
    try:
        plain = socket.create_connection((address, target.port), timeout=_left(ends))
    except TimeoutError as error:
        raise CallFailed(f"No answer within {seconds:.0f} seconds.") from error
    except OSError as error:
        raise CallFailed(f"The connection failed: {type(error).__name__}.") from error
    try:
        with plain:
            _send(plain, target, content, ends)
    except TimeoutError as error:
        raise CallFailed(_TOO_LATE.format(seconds)) from error
    except ssl.SSLCertVerificationError as error:
        raise CallFailed(f"Its certificate is not trusted: {error.verify_message}.") from error
    except ssl.SSLEOFError as error:
        raise CallFailed(_BROKEN_OFF) from error
    except ssl.SSLError as error:
        words = f"TLS failed: {error.reason}." if error.reason else _BROKEN_OFF
        raise CallFailed(words) from error
    except OSError as error:
        raise CallFailed(_BROKEN_OFF) from error


def _resolved(target: Target, may_go_to: Judge, seconds: float) -> str:
    async def resolved() -> str:
        async with asyncio.timeout(seconds):
            return await resolve_host(target.host, target.port, may_go_to=may_go_to)

    try:
        return run(resolved())
    except TimeoutError as error:
        raise CallFailed(f"No answer within {seconds:.0f} seconds.") from error


def _send(plain: socket.socket, target: Target, content: bytes, ends: float) -> None:
    plain.settimeout(_left(ends))
    if target.tls is None:
        plain.sendall(content)
        plain.shutdown(socket.SHUT_WR)
        plain.settimeout(_left(ends))
        if plain.recv(1):
            raise CallFailed(_TALKS)
        _see_it_taken(plain, ends)
        return
    with target.tls.wrap_socket(plain, server_hostname=target.host) as secured:
        secured.settimeout(_left(ends))
        secured.sendall(content)
        secured.settimeout(_left(ends))
        _say_goodbye(secured, ends)


def _say_goodbye(secured: ssl.SSLSocket, ends: float) -> None:
    """Send close_notify (RFC 5425 section 4.4) and wait for the receiver's, or for its end.

    Not every receiver says goodbye; one that ends the connection in order has read it too.
    """
    try:
        with secured.unwrap() as plain:
            _see_it_taken(plain, ends)
    except ssl.SSLEOFError:
        _see_it_taken(secured, ends)
    except ssl.SSLError as error:
        if error.reason == "APPLICATION_DATA_AFTER_CLOSE_NOTIFY":
            raise CallFailed(_TALKS) from error
        raise


def _see_it_taken(connection: socket.socket, ends: float) -> None:
    """Wait until every octet is acknowledged; raise `OSError` when it was reset instead.

    The receiver's end may arrive before the reset that answers what it left unread.
    """
    while _unacknowledged(connection):
        _check_reset(connection)
        time.sleep(min(0.01, _left(ends)))
    _check_reset(connection)


def _check_reset(connection: socket.socket) -> None:
    number = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if number:
        raise OSError(number, "reset")


def _unacknowledged(connection: socket.socket) -> int:
    """Return how many octets the other system has not acknowledged (tcp(7), SIOCOUTQ)."""
    answer = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
    return int(struct.unpack("i", answer)[0])


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
