"""Which addresses a tenant may name for what we send (design: security page, "Input")."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from govapp.common.addresses import is_plainly_public
from govapp.common.errors import FieldError, Invalid

MAX_CHARACTERS: Final = 500


def may_go_to(text: str) -> bool:
    """Whether we may connect to this IP address here: loopback in development only."""
    if is_plainly_public(text):
        return True
    if not settings.CALLBACKS_MAY_GO_TO_LOOPBACK:
        return False
    try:
        address: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        return False
    return address.is_loopback


def require_usable_url(url: str, *, judge: Callable[[str], bool] = may_go_to) -> None:
    """Raise `Invalid` for an address that nothing is ever sent to, whatever it resolves to."""
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
    if (host.replace(".", "").isdigit() or ":" in host) and not judge(host):
        raise _fault("This address is not on the public Internet.")


def _fault(detail: str) -> Invalid:
    return Invalid("The address is not valid.", errors=[FieldError("/url", detail)])
