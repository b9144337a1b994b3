"""Calls of models in the services: opened once, closed once, and lost ones booked."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from approvals.enums import ModelCallStatus
from approvals.gateway.faults import Fault
from approvals.gateway.tokens import Usage
from approvals.models import ModelCall
from approvals.selectors.model_calls import Running, ended_calls
from approvals.services.gateway import Ticket, open_call
from approvals.services.gateway_closing import Outcome, close_call, close_lost_calls
from audit.models import LedgerEvent
from govapp.common import clock
from govapp.common.clock import shift_clock
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tenants.models import (
    Budget,
    BudgetUse,
    Credential,
    Integration,
    IntegrationGrant,
    Reservation,
)
from tenants.services.integration_secrets import revoke_secret
from tenants.services.integrations import revoke_integration, suspend_integration
from tenants.services.kill import throw
from tenants.services.reach_grants import withdraw_grant
from tenants.services.tenants import suspend_tenant
from tests.approvals.models_at import HELLO, VENDOR_KEY, connect_model
from tests.approvals.world import World, make_world
from tests.support.recorded import read
from tests.tenants.systems import give

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(settings: Any) -> World:
    settings.CALLBACKS_MAY_GO_TO_LOOPBACK = True
    settings.CALLBACKS_NEED_HTTPS = False
    made = make_world()
    connect_model(made, made.agent, "http://127.0.0.1:9/v1")
    return made


@pytest.fixture
def clock_back() -> Iterator[None]:
    yield
    shift_clock(timedelta(0))


def begin(world: World, **more: Any) -> Ticket:
    with tenant_transaction(world.company.id):
        found = open_call(agent=world.agent, credential_id=new_id(), kind="chat", body=HELLO | more)
    assert isinstance(found, Ticket)
    return found


def end(ticket: Ticket, status: ModelCallStatus, usage: Usage | None, **more: Any) -> None:
    outcome = Outcome(status, usage, **more)
    close_call(tenant_id=ticket.tenant_id, call_id=ticket.call_id, outcome=outcome)


def held(world: World) -> list[tuple[str, int]]:
    with tenant_transaction(world.company.id):
        return [
            (each.state, each.wanted["tokens"] if each.spent is None else each.spent["tokens"])
            for each in Reservation.objects.order_by("id")
        ]


def recorded(world: World) -> list[str]:
    with tenant_transaction(world.company.id):
        rows = LedgerEvent.objects.filter(type__startswith="model.").order_by("id")
        return [str(read(row)["data"].get("status", "refused")) for row in rows]


def test_a_ticket_shows_no_key(world: World) -> None:
    ticket = begin(world)
    assert ticket.keys == (VENDOR_KEY,)
    assert VENDOR_KEY not in repr(ticket)


def test_what_may_be_used_is_held_until_it_is_known(world: World) -> None:
    ticket = begin(world, max_tokens=40)
    ((state, tokens),) = held(world)
    assert (state, tokens > 40) == ("open", True)
    end(ticket, ModelCallStatus.ANSWERED, Usage(5, 6))
    assert held(world) == [("settled", 11)]


def test_a_call_ends_once(world: World) -> None:
    ticket = begin(world)
    end(ticket, ModelCallStatus.ANSWERED, Usage(5, 6))
    end(ticket, ModelCallStatus.FAILED, Usage(500, 600))
    with tenant_transaction(world.company.id):
        call = ModelCall.objects.get()
    assert (call.status, call.asked_tokens) == ("answered", 5)
    assert recorded(world) == ["answered"]


def test_what_came_to_nothing_gives_everything_back(world: World) -> None:
    end(begin(world), ModelCallStatus.FAILED, None, fault=Fault(502, "x", "Nobody answered."))
    assert [state for state, _ in held(world)] == ["released"]
    with tenant_transaction(world.company.id):
        assert not BudgetUse.objects.exclude(reserved=0).exists()


@pytest.mark.usefixtures("clock_back")
def test_a_call_that_nobody_ended_is_booked_as_if_all_had_come(world: World) -> None:
    begin(world, max_tokens=40)
    assert close_lost_calls() == 0
    shift_clock(timedelta(minutes=13))
    assert (close_lost_calls(), close_lost_calls()) == (1, 0)
    with tenant_transaction(world.company.id):
        call = ModelCall.objects.get()
    assert (call.status, call.answered_tokens, call.is_estimated) == ("lost", 40, True)
    assert call.sentence == (
        "Nobody booked how it ended: its process ended, or the database was away."
    )
    assert held(world) == [("settled", call.asked_tokens + 40)]
    assert recorded(world) == ["lost"]


@pytest.mark.usefixtures("clock_back")
def test_a_lost_call_that_cannot_be_booked_keeps_no_other_from_it(world: World) -> None:
    other = make_world(slug="other")
    connect_model(other, other.agent, "http://127.0.0.1:9/v1")
    for company in (world, other):
        broken, _ = begin(company), begin(company)
        with tenant_transaction(company.company.id):
            call = ModelCall.objects.get(pk=broken.call_id)
            Reservation.objects.filter(holder=f"gw:{call.public_id}").update(lines=[{}])
    shift_clock(timedelta(minutes=13))
    assert close_lost_calls() == 2
    for company in (world, other):
        with tenant_transaction(company.company.id):
            rows = ModelCall.objects.order_by("started_at", "pk")
            assert [each.status for each in rows] == ["open", "lost"]


def running(world: World, ticket: Ticket) -> Running:
    with tenant_transaction(world.company.id):
        key = Credential.objects.get(agent=world.agent)
    return Running(
        ticket.tenant_id, ticket.call_id, ticket.agent_id, key.pk, "model.chat", "models"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("scope", "code"), [("tenant", "killed"), ("integration", "killed"), ("", None)]
)
def test_a_running_call_is_ended_by_a_switch(world: World, scope: str, code: str | None) -> None:
    ticket = begin(world)
    if scope:
        with tenant_transaction(world.company.id):
            throw(
                actor=world.company.olivia, scope=scope,
                ref="models" if scope == "integration" else "", reason="Odd.", pending="hold",
            )  # fmt: skip
    found = ended_calls(world.company.id, [running(world, ticket)])
    assert [each.code for each in found.values()] == ([code] if code else [])


def test_a_running_call_is_ended_with_the_grant_for_its_category(world: World) -> None:
    ticket = begin(world)
    with tenant_transaction(world.company.id):
        regranted(world)
    found = ended_calls(world.company.id, [running(world, ticket)])
    assert [each.code for each in found.values()] == ["category_not_granted"]


def test_a_running_call_is_ended_with_the_account(world: World) -> None:
    ticket = begin(world)
    suspend_tenant(operator="Ruth", slug="acme", reason="Unpaid.")
    found = ended_calls(world.company.id, [running(world, ticket)])
    assert [each.code for each in found.values()] == ["tenant_suspended"]


def test_what_cannot_be_read_leaves_no_trace(world: World) -> None:
    with tenant_transaction(world.company.id):
        found = open_call(agent=world.agent, credential_id=new_id(), kind="chat", body={})
        assert isinstance(found, Fault)
        assert (found.status, found.param, ModelCall.objects.count()) == (400, "model", 0)


def withdrawn(world: World) -> None:
    withdraw_grant(actor=world.company.olivia, grant=IntegrationGrant.objects.get())


def regranted(world: World) -> None:
    withdrawn(world)
    give(world.company, world.agent, Integration.objects.get(), "model.embeddings")


def revoked(world: World) -> None:
    revoke_integration(
        actor=world.company.olivia, integration=Integration.objects.get(), reason="Gone."
    )


def suspended(world: World) -> None:
    suspend_integration(
        actor=world.company.olivia, integration=Integration.objects.get(), reason="Odd."
    )


def expired(world: World) -> None:
    Integration.objects.update(expires_at=clock.now() - timedelta(minutes=1))


def unverified(world: World) -> None:
    Integration.objects.update(check_passed=False)


def without_key(world: World) -> None:
    revoke_secret(actor=world.company.olivia, integration=Integration.objects.get())


def killed(world: World) -> None:
    throw(
        actor=world.company.olivia, scope="integration", ref="models", reason="Odd.",
        pending="hold",
    )  # fmt: skip


def over_budget(world: World) -> None:
    Budget.objects.create(
        scope="tenant", ref="", measure="money:EUR", period="day", limit="0.001",
        on_exceed="halt", created_by=world.company.carl,
    )  # fmt: skip


def asking_budget(world: World) -> None:
    Budget.objects.create(
        scope="tenant", ref="", measure="tokens", period="day", limit=1, on_exceed="ask",
        created_by=world.company.carl,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("how", "code"),
    [
        (withdrawn, "integration_not_granted"),
        (regranted, "category_not_granted"),
        (revoked, "integration_revoked"),
        (suspended, "integration_suspended"),
        (expired, "integration_expired"),
        (unverified, "integration_unverified"),
        (without_key, "secret_missing"),
        (killed, "killed"),
        (over_budget, "budget_exceeded"),
        (asking_budget, "budget_ask"),
    ],
)
def test_each_reason_refuses_with_its_code_in_the_record_in_words(
    world: World, how: Callable[[World], None], code: str
) -> None:
    with tenant_transaction(world.company.id):
        how(world)
        found = open_call(
            agent=world.agent, credential_id=new_id(), kind="chat", body=HELLO,
            integration="models",
        )  # fmt: skip
    assert isinstance(found, Fault)
    assert (found.status, found.code) == (403, code)
    with tenant_transaction(world.company.id):
        (row,) = LedgerEvent.objects.filter(type="model.refused")
        event, call = read(row), ModelCall.objects.get()
    assert event["summary"] == f"A call of m-large by payer was refused: {found.sentence}"
    assert (event["data"]["code"], call.status, call.code) == (code, "refused", code)
    assert [state for state, _ in held(world)] in ([], ["released"])


def test_an_integration_of_another_company_is_unknown(world: World) -> None:
    other = make_world(slug="other")
    connect_model(other, other.agent, "http://127.0.0.1:9/v1", slug="theirs")
    with tenant_transaction(world.company.id):
        found = open_call(
            agent=world.agent, credential_id=new_id(), kind="chat", body=HELLO,
            integration="theirs",
        )  # fmt: skip
    assert isinstance(found, Fault)
    assert found.code == "integration_unknown"
