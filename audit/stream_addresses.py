"""Where a stream may go: what is refused when it is named, and what when it is connected to."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from audit.models import StreamKind
from govapp.common import receivers
from govapp.common.addresses import is_plainly_public
from govapp.common.errors import FieldError, Invalid

_SYSLOG_TLS_PORT: Final = 6514  # RFC 5425 section 4.1


@dataclass(frozen=True)
class SyslogAddress:
    """A receiver of syslog."""

    host: str
    port: int
    is_secured: bool


def may_go_to(text: str) -> bool:
    """Whether a stream may connect to this IP address: a public one, or where the operator says."""
    return receivers.may_go_to(text) or _is_operators(text)


def may_go_to_in_the_clear(text: str) -> bool:
    """Whether it may without TLS: never over the public Internet."""
    return may_go_to(text) and not (is_plainly_public(text) and not _is_operators(text))


def require_usable_address(kind: str, address: str) -> None:
    """Raise `Invalid` for an address to which nothing is ever sent, whatever it resolves to."""
    if kind == StreamKind.WEBHOOK:
        try:
            receivers.require_usable_url(address, judge=may_go_to)
        except Invalid as error:
            raise _fault(error.errors[0].detail) from error
    else:
        read_syslog_address(address)


def read_syslog_address(address: str) -> SyslogAddress:
    """Read `tls://host:port` or `tcp://host:port`. Raises `Invalid`."""
    if len(address) > receivers.MAX_CHARACTERS or any(not "!" <= each <= "~" for each in address):
        raise _fault(f"Write at most {receivers.MAX_CHARACTERS} visible ASCII characters.")
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise _fault("This is not an address.") from error
    if parts.scheme == "udp":
        raise _fault("UDP is not used: what it loses nobody notices. Write tls:// or tcp://.")
    if parts.scheme not in ("tls", "tcp"):
        raise _fault("Write an address that begins with tls:// or tcp://.")
    is_secured = parts.scheme == "tls"
    port = _SYSLOG_TLS_PORT if port is None and is_secured else port
    if not parts.hostname or not port:
        raise _fault("Name a host and its port, as in tls://logs.example.com:6514.")
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        raise _fault("Write nothing but host and port behind it.")
    judge = may_go_to if is_secured else may_go_to_in_the_clear
    if _is_literal(parts.hostname) and not judge(parts.hostname):
        raise _fault(NOT_HERE if is_secured else IN_THE_CLEAR)
    return SyslogAddress(parts.hostname, port, is_secured)


NOT_HERE: Final = "This address is not on the public Internet."
IN_THE_CLEAR: Final = (
    "Without TLS nothing is sent but to networks that the operator has named. Write tls://."
)


def _is_literal(host: str) -> bool:
    return host.replace(".", "").isdigit() or ":" in host


def _is_operators(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if address.is_multicast or address.is_link_local or address.is_unspecified:
        return False
    return not address.is_loopback and any(
        address in network
        for network in settings.STREAM_NETWORKS
        if network.version == address.version
    )


def _fault(detail: str) -> Invalid:
    return Invalid("The address is not valid.", errors=[FieldError("/address", detail)])
