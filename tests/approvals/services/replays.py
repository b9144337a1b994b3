"""Requests that were made, and replays of them: what the tests of simulations stand on."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from approvals.models import ActionRequest, PolicySimulation, SimulatedChange
from approvals.policies import Facts, dump_policy, parse_policy
from approvals.selectors.replaying import Replaying
from approvals.services.simulations import run_simulation, start_simulation
from audit.models import LedgerEvent
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import FOUR_EYES, Document, World
from tests.support.recorded import read


def over(amount: str, document: Document = FOUR_EYES) -> Document:
    """Only amounts over this need approval; the others are allowed."""
    limit = {"field": "payload.amount", "op": "gt", "value": amount}
    free = {"id": "free", "when": {"category": "payments.transfer"}, "then": "allow"}
    when = {"category": "payments.transfer", "conditions": limit}
    rules = [free, *({**rule, "when": when} for rule in document["rules"])]
    return {**document, "rules": rules}


def text(document: Document) -> str:
    return dump_policy(parse_policy(document))


def paid(world: World, *amounts: str) -> list[ActionRequest]:
    return [world.submit(payload={"amount": f"{amount}.00"}) for amount in amounts]


def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let replays read a single request in each batch."""
    defaults: dict[str, Any] = Replaying.__init__.__kwdefaults__ or {}
    monkeypatch.setitem(defaults, "batch", 1)


def started(world: World, document: Document, **more: Any) -> PolicySimulation:
    with tenant_transaction(world.company.id):
        return start_simulation(actor=world.company.carl, source=text(document), **more)


def again(world: World, simulation: PolicySimulation) -> PolicySimulation:
    with tenant_transaction(world.company.id):
        return PolicySimulation.objects.get(pk=simulation.pk)


def replayed(world: World, document: Document, **more: Any) -> PolicySimulation:
    """Start a replay and run it to its end."""
    simulation = started(world, document, **more)
    run_simulation(tenant_id=world.company.id, simulation_id=simulation.pk)
    return again(world, simulation)


def changes(world: World, simulation: PolicySimulation) -> list[tuple[str, ...]]:
    with tenant_transaction(world.company.id):
        rows = SimulatedChange.objects.filter(simulation=simulation).order_by("position")
        return list(rows.values_list("request__payload__amount", "before", "after", "direction"))


COPY: Final = """
INSERT INTO approvals_actionrequest SELECT p.* FROM approvals_actionrequest r,
  jsonb_populate_record(NULL::approvals_actionrequest, to_jsonb(r) || %s::jsonb
    || jsonb_build_object('id', %s::uuid, 'submitted_at', clock_timestamp())) AS p
WHERE r.id = %s
"""


def copied(world: World, request: ActionRequest, facts: Document | None, **columns: object) -> None:
    """Leave the request once more, with these facts kept: those of a row never change."""
    changed = json.dumps(columns | {"facts": facts})
    with tenant_transaction(world.company.id), connection.cursor() as cursor:
        cursor.execute(COPY, [changed, new_id(), request.pk])


def facts_of(world: World, **changes: Any) -> Document:
    made = Facts(
        category="payments.transfer",
        category_known=True,
        category_risk="medium",
        category_reversible=False,
        payload={},
        environment="production",
        agent_name=world.agent.name,
        agent_labels=frozenset(),
        agent_tier="new",
        agent_age_days=3,
        agent_known=True,
        confidence=Decimal("0.5"),
        estimated_cost=None,
        on_behalf_of=None,
        local_time=datetime(2026, 3, 4, 23, 30, tzinfo=ZoneInfo("Europe/Berlin")),
    )
    return made.to_record() | changes


def events(world: World, kind: str = "") -> list[str]:
    with tenant_transaction(world.company.id):
        rows = LedgerEvent.objects.filter(type__startswith=f"policy_simulation.{kind}")
        return [read(row)["summary"] for row in rows.order_by("id")]
