"""From where a key may be used: the client's address, and networks that it has to be in."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

from allauth.account.adapter import get_adapter
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MOST_NETWORKS: Final = 20
_KEPT_BITS: Final = {4: 24, 6: 48}  # of an address that is kept: a network, and no machine


def client_address(request: HttpRequest) -> str:
    """Return from where the request comes, or an empty string when it cannot be known.

    Proxies are trusted as often as `ALLAUTH_TRUSTED_PROXY_COUNT` says, as for logins: what a
    client writes into the header itself is not looked at.
    """
    try:
        return str(get_adapter().get_client_ip(request))
    except (PermissionDenied, ImproperlyConfigured):
        return ""


def parse_networks(lines: Iterable[str]) -> list[str]:
    """Return networks in CIDR form, once each and in order. Raises `ValueError` for another."""
    found: list[Network] = [ip_network(line.strip()) for line in lines if line.strip()]
    found.sort(key=lambda each: (each.version, int(each.network_address), each.prefixlen))
    return list(dict.fromkeys(str(each) for each in found))


def is_allowed(address: str, networks: tuple[str, ...]) -> bool:
    """Whether the address is in one of the networks; anywhere when there are none.

    What is no address is in none.
    """
    if not networks:
        return True
    found = _parsed(address)
    return found is not None and any(
        found.version == each.version and found in each for each in _networks(networks)
    )


def coarse(address: str) -> str:
    """Return the network of an address, as it is kept: /24 of IPv4, /48 of IPv6, or nothing."""
    found = _parsed(address)
    if found is None:
        return ""
    return str(ip_network((found, _KEPT_BITS[found.version]), strict=False))


def _parsed(text: str) -> Address | None:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # A socket that listens on both writes IPv4 so (RFC 4291, section 2.5.5.2).
    return getattr(found, "ipv4_mapped", None) or found


@lru_cache(maxsize=1000)
def _networks(networks: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in networks)
