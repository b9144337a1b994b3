"""How many tokens are had at once, and for how long a thread is held by it."""

from contextlib import ExitStack
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from pytest_django.fixtures import Settings

from tenants.enums import TokenAuth
from tenants.services import minting
from tenants.services.minting import HeldClient, Order, fill, place
from tenants.transports.token_endpoint import SECONDS, Client, Endpoint
from tests.support.token_endpoint import running_token_endpoint


def test_one_for_a_tenant_and_few_for_the_process(settings: Settings) -> None:
    settings.WEB_THREADS = 2
    one, another, third = uuid4(), uuid4(), uuid4()
    with place(one) as first, place(one) as again, place(another) as second, place(third) as more:
        assert (first, again, second, more) == (True, False, True, False)
        with place(one) as again:  # who had no place gives none up
            assert again is False
    with place(third) as more, place(one) as first:
        assert (more, first) == (True, True)


@pytest.mark.parametrize(("threads", "places"), [(1, 2), (4, 2), (8, 4), (17, 8)])
def test_half_of_the_threads_may_wait_for_tokens(
    settings: Settings, threads: int, places: int
) -> None:
    settings.WEB_THREADS = threads
    with ExitStack() as held:
        found = [held.enter_context(place(uuid4())) for _ in range(places + 1)]
    assert found == [True] * places + [False]


def test_a_place_is_given_up_whatever_happens() -> None:
    tenant = uuid4()
    with pytest.raises(ZeroDivisionError), place(tenant):
        _ = 1 / 0
    with place(tenant) as has_place:
        assert has_place


@pytest.mark.parametrize(("takes", "asked"), [(0.0, 2), (SECONDS, 1)])
def test_both_clients_have_one_time_together(
    monkeypatch: pytest.MonkeyPatch, takes: float, asked: int
) -> None:
    now = [100.0]

    def wait() -> None:
        now[0] += takes

    monkeypatch.setattr(minting, "monotonic", lambda: now[0])
    with running_token_endpoint(before=wait) as server:
        clients = (
            HeldClient(Client("new", "s1"), 2, "00b2"),
            HeldClient(Client("former", "s2"), 1, "00a1"),
        )
        endpoint = Endpoint(url=server.url, auth=TokenAuth.BASIC)
        filled = fill(Order(endpoint, clients, datetime(2026, 3, 2, tzinfo=UTC)))
        assert len(server.asked) == asked
    assert filled.token is None
    assert filled.why_not == "The token endpoint refused with status 401: invalid_client."
