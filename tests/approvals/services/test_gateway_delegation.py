"""Calls of models under a delegation: its categories, systems, budget and end hold them too."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from approvals.enums import ModelCallStatus
from approvals.gateway.faults import Fault
from approvals.gateway.tokens import Usage
from approvals.models import DelegationBudget, ModelCall
from approvals.selectors.model_calls import Running, ended_calls
from approvals.services.delegations import Handed
from approvals.services.gateway import Ticket, open_call
from approvals.services.gateway_closing import Outcome, close_call, close_lost_calls
from audit.models import LedgerEvent
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tenants.models import Credential, Reservation, Tenant
from tenants.services.agents import pause_agent
from tenants.services.kill import throw
from tests.approvals.chains import Chain, make_chain
from tests.approvals.models_at import HELLO, connect_model
from tests.support.recorded import read

pytestmark = pytest.mark.django_db

# 500 tokens answered at 8 EUR for a million, and what is asked on top of it.
ABOUT = Decimal("0.004")


@pytest.fixture
def chain(settings: Any) -> Chain:
    """A planner hands a task to a buyer, who hands it to a clerk, who may call a model."""
    settings.CALLBACKS_MAY_GO_TO_LOOPBACK = True
    settings.CALLBACKS_NEED_HTTPS = False
    made = make_chain()
    connect_model(made.world, made.agents["clerk"], "http://127.0.0.1:9/v1")
    return made


def extend(chain: Chain, first: dict[str, str] | None = None, **wish: Any) -> Handed:
    """Hand it on twice: with a budget if there is a first one, and the second time as wished."""
    chain.extend(categories=("model.*", "payments.*"), budget=first)
    return chain.extend(**wish)


def call(chain: Chain, handed: Handed, agent: str = "clerk", **more: Any) -> Ticket | Fault:
    with tenant_transaction(chain.tenant_id):
        who = chain.agents[agent]
        key = Credential.objects.get(agent=who, revoked_at=None)
        return open_call(
            agent=who, credential_id=key.pk, kind="chat", body=HELLO | more,
            delegation_id=handed.delegation.pk,
        )  # fmt: skip


def close(ticket: Ticket, usage: Usage | None) -> None:
    status = ModelCallStatus.FAILED if usage is None else ModelCallStatus.ANSWERED
    close_call(tenant_id=ticket.tenant_id, call_id=ticket.call_id, outcome=Outcome(status, usage))


def budgets(chain: Chain) -> list[tuple[Decimal, Decimal]]:
    with tenant_transaction(chain.tenant_id):
        rows = DelegationBudget.objects.order_by("delegation__depth")
        return [(row.reserved, row.settled) for row in rows]


def events(chain: Chain, kind: str) -> list[dict[str, Any]]:
    with tenant_transaction(chain.tenant_id):
        return [read(row) for row in LedgerEvent.objects.filter(type=kind).order_by("id")]


def test_a_call_under_a_chain_is_booked_in_every_budget_of_it_and_says_so(chain: Chain) -> None:
    handed = extend(chain, first={"EUR": "1"}, budget={"EUR": "0.5"})
    ticket = call(chain, handed)
    assert isinstance(ticket, Ticket)
    ((above, _), (held, settled)) = budgets(chain)
    assert (above == held, ABOUT <= held < 2 * ABOUT, settled) == (True, True, Decimal(0))
    close(ticket, Usage(11, 7))
    assert budgets(chain) == [(Decimal(0), Decimal("0.000078"))] * 2
    (event,) = events(chain, "model.called")
    links = [(each["from"]["name"], each["to"]["name"]) for each in event["delegation"]]
    assert links == [("planner", "buyer"), ("buyer", "clerk")]
    assert (event["data"]["agent"]["name"], event["data"]["cost"]) == ("clerk", "0.000078")
    with tenant_transaction(chain.tenant_id):
        made = ModelCall.objects.get()
        assert (made.delegation_id, made.delegation_chain) == (
            handed.delegation.pk, event["delegation"],
        )  # fmt: skip
        assert [each.state for each in Reservation.objects.all()] == ["settled"]


def test_what_came_to_nothing_is_given_back_to_the_chain(chain: Chain) -> None:
    handed = extend(chain, first={"EUR": "1"})
    ticket = call(chain, handed)
    assert isinstance(ticket, Ticket)
    close(ticket, None)
    close(ticket, Usage(11, 7))  # later ones do nothing
    assert budgets(chain) == [(Decimal(0), Decimal(0))] * 2


def test_a_lost_call_counts_as_all_that_was_held(chain: Chain, move_clock: Any) -> None:
    handed = extend(chain, first={"EUR": "1"})
    assert isinstance(call(chain, handed), Ticket)
    ((held, _), _) = budgets(chain)
    move_clock(timedelta(minutes=13))
    assert close_lost_calls() == 1
    assert budgets(chain) == [(Decimal(0), held)] * 2


def test_calls_beside_one_another_do_not_pass_the_budget_of_the_chain(chain: Chain) -> None:
    handed = extend(chain, first={"EUR": "0.01"})
    first, second, third = (call(chain, handed) for _ in range(3))
    assert (type(first), type(second)) == (Ticket, Ticket)
    assert isinstance(third, Fault)
    assert third.code == "budget_exceeded"
    assert isinstance(first, Ticket)
    close(first, None)
    assert isinstance(call(chain, handed), Ticket)


def test_a_chain_without_a_budget_counts_nothing(chain: Chain) -> None:
    ticket = call(chain, extend(chain))
    assert isinstance(ticket, Ticket)
    close(ticket, Usage(11, 7))
    assert budgets(chain) == []


def cut_above(chain: Chain, handed: Handed) -> None:
    chain.revoke(chain.handed[0].delegation, chain.agents["planner"])


def giver_paused(chain: Chain, handed: Handed) -> None:
    with tenant_transaction(chain.tenant_id):
        pause_agent(actor=chain.world.company.olivia, agent=chain.agents["planner"], reason="Odd.")


def subtree_killed(chain: Chain, handed: Handed) -> None:
    above = chain.handed[0].delegation.public_id
    with tenant_transaction(chain.tenant_id):
        throw(actor=chain.world.company.olivia, scope="delegation", ref=above, reason="Odd.")


def too_deep(chain: Chain, handed: Handed) -> None:
    with tenant_transaction(chain.tenant_id):
        Tenant.objects.update(delegation_depth=1)


REFUSED: dict[str, tuple[dict[str, Any], Callable[[Chain, Handed], None] | None, str]] = {
    "other categories": ({"categories": ("payments.*",)}, None, "delegation_too_wide"),
    "only the other kind of call": (
        {"categories": ("model.embeddings",)}, None, "delegation_too_wide",
    ),
    "other systems": ({"integrations": ("acme-bank",)}, None, "delegation_too_wide"),
    "too little money": (
        {"first": {"EUR": "1"}, "budget": {"EUR": "0.001"}}, None, "budget_exceeded",
    ),
    "money of another kind": ({"first": {"USD": "9"}}, None, "budget_exceeded"),
    "cut above": ({}, cut_above, "delegation_revoked"),
    "whoever handed it on is paused": ({}, giver_paused, "delegation_revoked"),
    "killed above": ({}, subtree_killed, "killed"),
    "too deep": ({}, too_deep, "delegation_too_deep"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_chain_does_not_allow_is_refused_and_in_the_record(
    chain: Chain, name: str
) -> None:
    wish, act, code = REFUSED[name]
    handed = extend(chain, **wish)
    if act is not None:
        act(chain, handed)
    refused = call(chain, handed)
    assert isinstance(refused, Fault)
    assert (refused.status, refused.code) == (403, code)
    (event,) = events(chain, "model.refused")
    assert (event["data"]["code"], event["data"]["reason"]) == (code, refused.sentence)
    assert len(event["delegation"]) == 2
    used = [each["data"]["code"] for each in events(chain, "delegation.used_refused")]
    assert used == ([] if code == "killed" else [code])
    assert all(reserved == 0 for reserved, _ in budgets(chain))
    with tenant_transaction(chain.tenant_id):
        assert [each.status for each in ModelCall.objects.all()] == ["refused"]
        assert not Reservation.objects.exists()


def test_the_delegation_of_another_agent_is_none(chain: Chain) -> None:
    handed = extend(chain)
    refused = call(chain, handed, agent="buyer")
    assert isinstance(refused, Fault)
    assert refused.code == "delegation_unknown"


def test_a_call_under_a_delegation_that_is_not_found_does_not_go_on_without_it(
    chain: Chain,
) -> None:
    with tenant_transaction(chain.tenant_id):
        clerk = chain.agents["clerk"]
        key = Credential.objects.get(agent=clerk, revoked_at=None)
        refused = open_call(
            agent=clerk, credential_id=key.pk, kind="chat", body=HELLO, delegation_id=new_id()
        )
    assert isinstance(refused, Fault)
    assert (refused.status, refused.code) == (403, "delegation_unknown")
    (event,) = events(chain, "model.refused")
    assert event["data"]["code"] == "delegation_unknown"
    with tenant_transaction(chain.tenant_id):
        assert [each.status for each in ModelCall.objects.all()] == ["refused"]
        assert not Reservation.objects.exists()


@pytest.mark.parametrize(
    ("act", "code"),
    [(cut_above, "delegation_revoked"), (subtree_killed, "killed"),
     (giver_paused, "delegation_revoked")],
)  # fmt: skip
def test_a_call_that_runs_is_ended_with_its_chain(
    chain: Chain, act: Callable[[Chain, Handed], None], code: str
) -> None:
    handed = extend(chain)
    ticket = call(chain, handed)
    assert isinstance(ticket, Ticket)
    under = Running(
        ticket.tenant_id, ticket.call_id, ticket.agent_id, ticket.credential_id, "model.chat",
        "models", ticket.delegation_id, ticket.delegation_path,
    )  # fmt: skip
    beside = Running(
        ticket.tenant_id, new_id(), ticket.agent_id, ticket.credential_id, "model.chat", "models"
    )
    assert ended_calls(ticket.tenant_id, [under, beside]) == {}
    act(chain, handed)
    ended = ended_calls(ticket.tenant_id, [under, beside])
    assert {ident: fault.code for ident, fault in ended.items()} == {ticket.call_id: code}
