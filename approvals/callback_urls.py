"""Which addresses a callback may go to (design: security page, "Input")."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from govapp.common.errors import FieldError, Invalid

MAX_CHARACTERS: Final = 500
# `is_global` alone lets some of these through; what is not listed as public space is refused.
_PUBLIC_V6: Final = ip_network("2000::/3")
_REFUSED: Final = tuple(
    ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: holds an IPv4 address
        "3fff::/20",  # documentation
    )
)


def is_plainly_public(text: str) -> bool:
    """Whether this IP address is unicast, on the public Internet, and holds no other address."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address not in _PUBLIC_V6:
        return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(
            address in network for network in _REFUSED if network.version == address.version
        )
    )


def may_go_to(text: str) -> bool:
    """Whether callbacks may connect to this IP address here: loopback in development only."""
    if is_plainly_public(text):
        return True
    if not settings.CALLBACKS_MAY_GO_TO_LOOPBACK:
        return False
    try:
        address: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        return False
    return address.is_loopback


def require_usable_url(url: str) -> None:
    """Raise `Invalid` for an address that callbacks are never sent to, whatever it resolves to."""
    if len(url) > MAX_CHARACTERS or any(not "!" <= character <= "~" for character in url):
        raise _fault(f"Write at most {MAX_CHARACTERS} visible ASCII characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _fault("This is not an address.") from error
    schemes = ("https",) if settings.CALLBACKS_NEED_HTTPS else ("https", "http")
    if parts.scheme not in schemes:
        raise _fault(f"Write an address that begins with {' or '.join(schemes)}://.")
    if not parts.hostname or port == 0:
        raise _fault("Name a host.")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise _fault("Leave user and password out of the address.")
    if parts.fragment:
        raise _fault("Leave out what follows #.")
    host = parts.hostname
    if (host.replace(".", "").isdigit() or ":" in host) and not may_go_to(host):
        raise _fault("This address is not on the public Internet.")


def _fault(detail: str) -> Invalid:
    return Invalid("The callback address is not valid.", errors=[FieldError("/url", detail)])
