"""From where a key may be used: never from a header that a client can write."""

import pytest
from django.test import RequestFactory
from pytest_django.fixtures import Settings

from tenants.networks import client_address, coarse, is_allowed, parse_networks


@pytest.mark.parametrize(
    ("address", "networks", "is_in"),
    [
        ("192.0.2.7", (), True),
        ("", (), True),
        ("192.0.2.7", ("192.0.2.0/24",), True),
        ("192.0.3.7", ("192.0.2.0/24",), False),
        ("192.0.3.7", ("192.0.2.0/24", "192.0.3.7/32"), True),
        ("2001:db8::1", ("2001:db8::/32",), True),
        ("2001:db9::1", ("2001:db8::/32",), False),
        ("2001:db8::1", ("192.0.2.0/24",), False),
        ("192.0.2.7", ("2001:db8::/32",), False),
        ("::ffff:192.0.2.7", ("192.0.2.0/24",), True),
        ("fe80::1%eth0", ("fe80::/10",), True),
        ("", ("0.0.0.0/0", "::/0"), False),
        ("nowhere", ("0.0.0.0/0", "::/0"), False),
    ],
)
def test_an_address_is_in_a_network_or_not(
    address: str, networks: tuple[str, ...], is_in: bool
) -> None:
    assert is_allowed(address, networks) == is_in


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("", ""),
        ("nowhere", ""),
    ],
)
def test_an_address_is_kept_without_the_machine(address: str, kept: str) -> None:
    assert coarse(address) == kept


def test_networks_are_written_in_one_way_and_once() -> None:
    lines = ["2001:DB8::/32", " 192.0.2.7 ", "", "10.0.0.0/8", "192.0.2.7/32"]
    assert parse_networks(lines) == ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"]


@pytest.mark.parametrize("line", ["192.0.2.7/24", "example.org", "192.0.2.0/33", "0/0/0"])
def test_what_is_no_network_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=line.partition("/")[0]):
        parse_networks([line])


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, None, "192.0.2.1"),
        (0, "198.51.100.9", "192.0.2.1"),  # nobody in front: the header is the client's word
        (1, "198.51.100.9", "198.51.100.9"),
        (1, "203.0.113.5, 198.51.100.9", "198.51.100.9"),
        (2, "203.0.113.5, 198.51.100.9", "203.0.113.5"),
        (2, "198.51.100.9", ""),  # a proxy is missing: who it was cannot be known
        (1, None, "192.0.2.1"),
        (1, "nonsense", ""),
    ],
)
def test_proxies_are_trusted_as_often_as_there_are(
    settings: Settings, proxies: int, forwarded: str | None, address: str
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR="192.0.2.1")
    assert client_address(request) == address
