"""One connection to a host and port that somebody names: judged and pinned as `outgoing` does.

There is no answer to read. What is sent counts as taken when the receiver, told that this was all,
closes its side without a reset: a system that leaves what it was sent unread answers a close with
a reset (RFC 9293 section 3.6.1), and over TLS the receiver has decrypted everything up to the end.
"""

import asyncio
import socket
import ssl
import time
from dataclasses import dataclass

from govapp.common.outgoing import CallFailed, Judge, resolve_host


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
        with socket.create_connection((address, target.port), timeout=_left(ends)) as plain:
            if target.tls is None:
                plain.settimeout(_left(ends))
                plain.sendall(content)
                plain.shutdown(socket.SHUT_WR)
                _see_the_end(plain, ends)
            else:
                plain.settimeout(_left(ends))
                with target.tls.wrap_socket(plain, server_hostname=target.host) as secured:
                    secured.settimeout(_left(ends))
                    secured.sendall(content)
                    secured.settimeout(_left(ends))
                    _say_goodbye(secured, ends)
    except ssl.SSLCertVerificationError as error:
        raise CallFailed(f"Its certificate is not trusted: {error.verify_message}.") from error
    except ssl.SSLError as error:
        raise CallFailed(f"TLS failed: {error.reason or 'the receiver broke it off'}.") from error
    except TimeoutError as error:
        raise CallFailed(_TOO_LATE.format(seconds)) from error
    except OSError as error:
        raise CallFailed(f"The connection failed: {type(error).__name__}.") from error


_TOO_LATE = (
    "The receiver did not take everything and close within {:.0f} seconds: whether it has read"
    " it is not known."
)
_TALKS = "The receiver answered something: this is no receiver of syslog."


def _resolved(target: Target, may_go_to: Judge, seconds: float) -> str:
    async def resolved() -> str:
        async with asyncio.timeout(seconds):
            return await resolve_host(target.host, target.port, may_go_to=may_go_to)

    try:
        return asyncio.run(resolved())
    except TimeoutError as error:
        raise CallFailed(f"No answer within {seconds:.0f} seconds.") from error


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _see_the_end(plain: socket.socket, ends: float) -> None:
    plain.settimeout(_left(ends))
    if plain.recv(1):
        raise CallFailed(_TALKS)


def _say_goodbye(secured: ssl.SSLSocket, ends: float) -> None:
    """Send close_notify and wait for the receiver's, or for its end of the connection."""
    try:
        plain = secured.unwrap()
    except ssl.SSLEOFError:
        return  # it closed the connection without a word, and without a reset
    except ssl.SSLError as error:
        if error.reason == "APPLICATION_DATA_AFTER_CLOSE_NOTIFY":
            raise CallFailed(_TALKS) from error
        raise
    with plain:
        pass
