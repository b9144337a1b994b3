"""What calls to witnesses and time-stamping authorities share: limits, and where they may go."""

from ipaddress import ip_address
from typing import Final

from django.conf import settings

from govapp.common.addresses import is_plainly_public

SECONDS: Final = 10.0
"""For one call, everything included."""

MOST_READ: Final = 64 * 1024
"""A cosignature has 200 bytes, a time stamp with its chain 4 to 8 KB."""


class VouchingFailed(Exception):
    """Nobody vouched; the message is in words, safe to store and to show."""


def may_go_to(text: str) -> bool:
    """Whether a witness or authority may be at this IP address.

    The operator names them, so their own network is open when they say so
    (`LEDGER_VOUCHERS_MAY_BE_PRIVATE`); link-local addresses never are.
    """
    if is_plainly_public(text):
        return True
    if not settings.LEDGER_VOUCHERS_MAY_BE_PRIVATE:
        return False
    try:
        address = ip_address(text)
    except ValueError:
        return False
    usual = not (address.is_multicast or address.is_link_local or address.is_unspecified)
    return address.is_private and usual
