"""What is kept of a key's use and of its refusals: enough to notice, and nothing to flood."""

from datetime import timedelta
from typing import Any

import pytest

from tenants.models import Credential, KeyRefusal
from tenants.principals import AgentPrincipal
from tenants.refusals import ScopeMissing
from tenants.scopes import Scope
from tenants.services.access import Shown, authenticate_key
from tenants.services.key_uses import note_key_use, note_refusal
from tests.conftest import MoveClock
from tests.people import Company, make_agent
from tests.tenants.ledger import events, summaries

pytestmark = pytest.mark.django_db


@pytest.fixture
def holder(acme: Company) -> AgentPrincipal:
    _, key = make_agent(acme)
    principal = authenticate_key(Shown(key))
    assert principal is not None
    return principal


def refuse(holder: AgentPrincipal, scope: Scope = Scope.GRANT) -> None:
    note_refusal(ScopeMissing.of(holder, scope), address="192.0.2.77")


def row() -> dict[str, Any]:
    names = ("code", "scope", "times", "unrecorded", "last_from")
    return dict(KeyRefusal.objects.values(*names).get())


def test_a_use_is_kept_with_its_network_and_scope(holder: AgentPrincipal) -> None:
    note_key_use(holder, address="2001:db8:1:2::7", scope="read")
    key = Credential.objects.get()
    assert (key.last_used_from, key.last_used_scope) == ("2001:db8:1::/48", "read")
    assert key.last_used_at is not None
    note_key_use(holder, address="192.0.2.77", scope="grant")
    assert Credential.objects.get().last_used_scope == "read"  # not again within the minute


def test_a_refusal_is_recorded_in_words(holder: AgentPrincipal) -> None:
    refuse(holder)
    prefix = Credential.objects.get().prefix
    words = (
        f"A request with the key tests ({prefix}) of the agent payer was refused: This key has"
        " not the scope grant. Ask the owner for a key that has it."
    )
    assert summaries("credential.use_refused") == [words]
    assert row() == {
        "code": "scope_missing", "scope": "grant", "times": 1, "unrecorded": 0,
        "last_from": "192.0.2.0/24",
    }  # fmt: skip
    assert "192.0.2.77" not in str(events("credential.use_refused"))


def test_within_a_minute_the_same_is_counted_and_recorded_once(
    holder: AgentPrincipal, move_clock: MoveClock
) -> None:
    for _ in range(3):
        refuse(holder)
    assert len(events("credential.use_refused")) == 1
    assert (row()["times"], row()["unrecorded"]) == (3, 2)
    move_clock(timedelta(minutes=2))
    refuse(holder)
    (_, second) = events("credential.use_refused")
    assert second["data"]["unrecorded"] == 2
    assert second["summary"].endswith("2 more were refused so before.")
    assert (row()["times"], row()["unrecorded"]) == (4, 0)


def test_another_reason_is_recorded_by_itself(holder: AgentPrincipal) -> None:
    for scope in (Scope.GRANT, Scope.REDEEM, Scope.GRANT):
        refuse(holder, scope)
    found = [event["data"]["scope"] for event in events("credential.use_refused")]
    assert found == ["grant", "redeem"]


def test_what_is_refused_too_often_is_not_even_counted(
    holder: AgentPrincipal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenants.services.key_uses.may_note", lambda _purpose, _ident: False)
    refuse(holder)
    assert not KeyRefusal.objects.exists()
    assert events("credential.use_refused") == []
