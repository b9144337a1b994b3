"""Which IP addresses are plainly public (design: security page, "Input")."""

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

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
