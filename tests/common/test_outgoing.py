"""A call ends when its time is over, whatever the resolver still does."""

import socket
from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pytest

from approvals.transports import outgoing as public
from approvals.transports.failures import DeliveryFailure
from govapp.common.outgoing import CallFailed, head, post
from govapp.common.outgoing_tcp import Target, send_all

NAME = "silent.example"


class Resolver:
    """The system's, asking a name server that says nothing until it is told to."""

    def __init__(self) -> None:
        self.said, self.gave_up = Event(), Event()

    def __call__(self, *_: Any, **__: Any) -> Any:
        self.said.wait(30)
        self.gave_up.set()
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    made = Resolver()
    monkeypatch.setattr(socket, "getaddrinfo", made)
    yield made
    made.said.set()


def anywhere(_: str) -> bool:
    return True


def by_post() -> None:
    post(f"http://{NAME}/", b"", {}, may_go_to=anywhere, seconds=0.1, at_most=1)


def by_head() -> None:
    head(f"http://{NAME}/", may_go_to=anywhere, seconds=0.1)


def by_tcp() -> None:
    send_all(Target(NAME, 514, None), b"", may_go_to=anywhere, seconds=0.1)


def by_callback() -> None:
    public.post(f"https://{NAME}/", b"", {})


@pytest.mark.parametrize("call", [by_post, by_head, by_tcp, by_callback])
def test_a_silent_name_server_holds_nobody(
    resolver: Resolver, monkeypatch: pytest.MonkeyPatch, call: Callable[[], None]
) -> None:
    monkeypatch.setattr(public, "TIMEOUT_SECONDS", 0.1)
    with pytest.raises((CallFailed, DeliveryFailure), match="No answer within 0 seconds"):
        call()
    assert not resolver.gave_up.is_set()
