"""Where callbacks may go: a table of attacks, and the pinned connection."""

import asyncio
import socket
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pytest_django.fixtures import Settings

from approvals.callback_urls import may_go_to, require_usable_url
from approvals.transports import outgoing
from approvals.transports.failures import DeliveryFailure
from approvals.transports.outgoing import resolve
from approvals.transports.webhook import Callback, send_callback
from govapp.common.addresses import is_plainly_public
from govapp.common.errors import Invalid
from tests.support.receiver import running_receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - refused, not listened on
        "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254",
        "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.9", "192.0.2.1",
        "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
        "239.255.255.250", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b::808:808", "64:ff9b:1::a00:1", "100::1", "2001::1", "2001:db8::1", "2001:10::1",
        "2002:7f00:1::", "2002:808:808::", "3fff::1", "5f00::1", "fc00::1", "fd12:3456::1",
        "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1",
        "", "localhost", "127.1", "0x7f000001", "2130706433", "1.1.1.1.",
    ],
)  # fmt: skip
def test_what_is_not_plainly_public_is_refused(address: str) -> None:
    assert not is_plainly_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00::1"])
def test_what_is_plainly_public_is_not_refused(address: str) -> None:
    assert is_plainly_public(address)


def test_loopback_is_open_in_development_only_and_nothing_else_with_it(
    settings: Settings,
) -> None:
    assert may_go_to("127.0.0.1")
    assert may_go_to("::1")
    assert not may_go_to("10.0.0.1")
    assert not may_go_to("169.254.169.254")
    settings.CALLBACKS_MAY_GO_TO_LOOPBACK = False
    assert not may_go_to("127.0.0.1")
    assert not may_go_to("::1")


@pytest.mark.parametrize(
    "url",
    [
        "", "ftp://example.com/", "file:///etc/passwd", "javascript:alert(1)", "//example.com/",
        "https://", "https:///path", "https://user:pw@example.com/", "https://@example.com/",
        "https://example.com/#x", "https://example.com:0/", "https://example.com:99999/",
        "https://exam ple.com/", "https://example.com/\r\nX: y", "https://exämple.com/",
        "https://10.0.0.1/", "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/",
        "https://169.254.169.254/latest/meta-data", "https://example.com/" + "x" * 500,
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_used_is_refused_when_it_is_registered(url: str) -> None:
    with pytest.raises(Invalid):
        require_usable_url(url)


def test_production_wants_https(settings: Settings) -> None:
    require_usable_url("http://example.com/hook")
    settings.CALLBACKS_NEED_HTTPS = False
    require_usable_url("https://example.com:8443/hook?x=1")
    settings.CALLBACKS_NEED_HTTPS = True
    with pytest.raises(Invalid):
        require_usable_url("http://example.com/hook")
    with pytest.raises(DeliveryFailure, match="https"):
        asyncio.run(resolve(httpx.URL("http://1.1.1.1/")))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "[::1]"]
)
def test_every_spelling_of_loopback_is_refused_where_it_is_closed(
    host: str, settings: Settings
) -> None:
    settings.CALLBACKS_MAY_GO_TO_LOOPBACK = False
    with pytest.raises(DeliveryFailure):
        send(f"http://{host}:9/")


def resolver(*addresses: str) -> Any:
    """A name server that a tenant controls."""

    async def getaddrinfo(*_: Any, **__: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 80)) for each in addresses]

    return getaddrinfo


async def resolve_with(addresses: tuple[str, ...]) -> str:
    asyncio.get_running_loop().getaddrinfo = resolver(*addresses)  # type: ignore[method-assign]
    return await resolve(httpx.URL("http://hook.example/"))


@pytest.mark.parametrize(
    "addresses",
    [
        ("10.0.0.1",),
        ("169.254.169.254",),
        ("1.1.1.1", "10.0.0.1"),
        ("10.0.0.1", "1.1.1.1"),
        ("1.1.1.1", "::ffff:10.0.0.1"),
        (),
    ],
)
def test_a_name_that_leads_inside_is_refused(addresses: tuple[str, ...]) -> None:
    with pytest.raises(DeliveryFailure):
        asyncio.run(resolve_with(addresses))


def test_a_public_name_is_resolved_to_one_address() -> None:
    assert asyncio.run(resolve_with(("1.1.1.1", "1.0.0.1"))) == "1.1.1.1"


def test_the_connection_goes_to_the_judged_address_with_the_name_in_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def pinned(url: httpx.URL) -> str:
        assert url.host == "hook.example"
        return "127.0.0.1"

    monkeypatch.setattr(outgoing, "resolve", pinned)
    with running_receiver() as receiver:
        assert send(f"http://hook.example:{receiver.port}/a?b=1") == 204
        (received,) = receiver.received
    assert received.headers["host"] == f"hook.example:{receiver.port}"
    assert received.path == "/a?b=1"


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with running_receiver() as receiver:
        assert send(receiver.url) == 204


def test_a_receiver_that_never_answers_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(DeliveryFailure):
            send(f"http://127.0.0.1:{port}/")


def test_nobody_there_is_a_failure_that_can_be_shown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(DeliveryFailure) as failed:
        send(f"http://127.0.0.1:{port}/")
    assert failed.value.why == "The connection failed: ConnectError."


def send(url: str) -> int:
    callback = Callback(ident="msg_1", url=url, body={"type": "x"}, secrets=[SECRET])
    return send_callback(callback, now=datetime(2030, 1, 2, tzinfo=UTC))
