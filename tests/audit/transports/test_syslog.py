"""Syslog to receivers that speak it: what counts as accepted, and where nothing may go."""

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from audit.stream_addresses import (
    IN_THE_CLEAR,
    may_go_to,
    may_go_to_in_the_clear,
    read_syslog_address,
    require_usable_address,
)
from audit.transports import batch as batches
from audit.transports import syslog
from audit.transports.batch import Batch, DeliveryFailed, Line
from govapp.common.errors import Invalid
from tests.support.syslog import running_syslog

BODY: dict[str, Any] = {"type": "vote.cast", "at": "2026-05-04T10:20:30.123456Z"}
TEXTS = (b'{"summary":"Zo\xc3\xab approved"}', b"two\nlines", b"{}")


def batch_of(*texts: bytes) -> Batch:
    lines = [Line(number, BODY, text) for number, text in enumerate(texts, start=41)]
    return Batch("ast_1.41-43", "ast_1", lines)


def send(address: str, roots: str = "", *texts: bytes) -> None:
    syslog.send_batch(address, batch_of(*(texts or TEXTS)), roots=roots)


def failure_of(address: str, roots: str = "", *texts: bytes) -> str:
    with pytest.raises(DeliveryFailed) as caught:
        send(address, roots, *texts)
    return str(caught.value)


def test_messages_arrive_over_tcp_in_order_whatever_is_in_them() -> None:
    with running_syslog() as receiver:
        send(f"tcp://127.0.0.1:{receiver.port}")
        assert [message.text for message in receiver.messages] == list(TEXTS)
    first = receiver.messages[0]
    assert (first.priority, first.time, first.host, first.app, first.name) == (
        110, BODY["at"], "127.0.0.1", "govapp", "vote.cast",
    )  # fmt: skip
    assert [message.structured for message in receiver.messages] == [
        f'[meta sequenceId="{number}"]' for number in (42, 43, 44)
    ]


def test_messages_arrive_over_tls(tmp_path: Path) -> None:
    with running_syslog(tmp_path) as receiver:
        send(f"tls://localhost:{receiver.port}", receiver.roots, *[b"x" * 60_000] * 20)
        assert [len(message.text) for message in receiver.messages] == [60_000] * 20


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with running_syslog(tmp_path) as receiver:
        words = failure_of(f"tls://localhost:{receiver.port}")
        assert words == "Its certificate is not trusted: self-signed certificate."
        assert receiver.messages == []


def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    with running_syslog(tmp_path, name="logs.example") as receiver:
        words = failure_of(f"tls://localhost:{receiver.port}", receiver.roots)
        assert words.startswith("Its certificate is not trusted: Hostname mismatch")
        assert receiver.messages == []


@pytest.mark.parametrize("manner", ["reset", "leave"])
@pytest.mark.parametrize("is_secured", [False, True])
@pytest.mark.parametrize("count", [1, 20])
def test_what_a_receiver_leaves_unread_is_not_accepted(
    tmp_path: Path, is_secured: bool, manner: str, count: int
) -> None:
    with running_syslog(tmp_path if is_secured else None) as receiver:
        receiver.manners.append(manner)
        scheme = "tls://localhost" if is_secured else "tcp://127.0.0.1"
        texts = [b"x" * 60_000] * count
        words = failure_of(f"{scheme}:{receiver.port}", receiver.roots, *texts)
    assert words == "The receiver broke the connection off before it had taken everything."


@pytest.mark.parametrize("is_secured", [False, True])
def test_a_receiver_that_does_not_close_has_accepted_nothing(
    tmp_path: Path, is_secured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syslog, "SECONDS", 4.0)
    with running_syslog(tmp_path if is_secured else None) as receiver:
        receiver.manners.append("hang")
        scheme = "tls://localhost" if is_secured else "tcp://127.0.0.1"
        words = failure_of(f"{scheme}:{receiver.port}", receiver.roots)
    assert words == (
        "The receiver did not take everything and close within 4 seconds: whether it has read it"
        " is not known."
    )


@pytest.mark.parametrize("is_secured", [False, True])
def test_whatever_answers_is_no_receiver_of_syslog(tmp_path: Path, is_secured: bool) -> None:
    with running_syslog(tmp_path if is_secured else None) as receiver:
        receiver.manners.append("talk")
        scheme = "tls://localhost" if is_secured else "tcp://127.0.0.1"
        words = failure_of(f"{scheme}:{receiver.port}", receiver.roots)
    assert words == "The receiver answered something: this is no receiver of syslog."


def test_nobody_listens() -> None:
    with running_syslog() as receiver:
        port = receiver.port
    assert failure_of(f"tcp://127.0.0.1:{port}") == (
        "The connection failed: ConnectionRefusedError."
    )


def test_an_answer_that_takes_longer_than_the_lease_is_impossible() -> None:
    from audit.services.stream_claims import LEASE

    assert LEASE.total_seconds() >= 2 * batches.SECONDS


NOT_PUBLIC = "This address is not on the public Internet."
NO_HOST = "Name a host and its port, as in tls://logs.example.com:6514."
NO_SCHEME = "Write an address that begins with tls:// or tcp://."
TOO_MUCH = "Write nothing but host and port behind it."


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (
            "udp://logs.example.com:514",
            "UDP is not used: what it loses nobody notices. Write tls:// or tcp://.",
        ),
        ("https://logs.example.com", NO_SCHEME),
        ("logs.example.com:6514", NO_SCHEME),
        ("tcp://logs.example.com", NO_HOST),
        ("tls://:6514", NO_HOST),
        ("tls://logs.example.com:0", NO_HOST),
        ("tls://logs.example.com:6514/x", TOO_MUCH),
        ("tls://me:pw@logs.example.com:6514", TOO_MUCH),
        ("tls://logs.example.com:99999", "This is not an address."),
        ("tls://logs exa:6514", "Write at most 500 visible ASCII characters."),
        ("tls://10.0.0.1:6514", NOT_PUBLIC),
        ("tls://169.254.169.254:6514", NOT_PUBLIC),
        ("tls://[::ffff:10.0.0.1]:6514", NOT_PUBLIC),
        ("tcp://9.9.9.9:601", IN_THE_CLEAR),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(address: str, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        require_usable_address("syslog", address)
    assert caught.value.errors[0].detail == words


def test_the_port_of_tls_has_a_usual_value() -> None:
    place = read_syslog_address("tls://logs.example.com")
    assert (place.host, place.port, place.is_secured) == ("logs.example.com", 6514, True)


def test_only_networks_that_the_operator_names_are_open(settings: Settings) -> None:
    settings.CALLBACKS_MAY_GO_TO_LOOPBACK = False
    settings.STREAM_NETWORKS = [ip_network("10.20.0.0/16"), ip_network("fd00:1::/64")]
    table = {
        "9.9.9.9": (True, False), "10.20.3.4": (True, True), "fd00:1::7": (True, True),
        "10.21.0.1": (False, False), "127.0.0.1": (False, False), "::1": (False, False),
        "169.254.169.254": (False, False), "nonsense": (False, False),
    }  # fmt: skip
    assert {
        address: (may_go_to(address), may_go_to_in_the_clear(address)) for address in table
    } == table
    settings.STREAM_NETWORKS = [ip_network("0.0.0.0/0")]
    assert not may_go_to("127.0.0.1")
    assert not may_go_to("169.254.169.254")
    assert may_go_to_in_the_clear("9.9.9.9")


@pytest.mark.parametrize("scheme", ["tls", "tcp"])
def test_a_name_that_leads_inside_is_not_followed(scheme: str, settings: Settings) -> None:
    settings.CALLBACKS_MAY_GO_TO_LOOPBACK = False
    with running_syslog() as receiver:
        words = failure_of(f"{scheme}://localhost:{receiver.port}")
        assert receiver.connections == []
    assert (
        words
        == {
            "tls": "The receiver is not on the public Internet.",
            "tcp": "Without TLS nothing is sent but to networks that the operator has named. Write"
            " tls://.",
        }[scheme]
    )
