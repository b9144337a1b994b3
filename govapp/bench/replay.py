"""A replay of many recorded requests, from the row that asks for it to the row that is done."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from govapp.bench.figures import Figure, at_most, median
from govapp.bench.ground import Ground, as_superuser

if TYPE_CHECKING:
    from approvals.models import ActionRequest
    from approvals.policies import Facts
    from govapp.bench.company import Company
    from tenants.models import Membership

# A request that the services made, again and again: other amounts, spread over eighty days.
_COPY: Final = """
WITH model AS (SELECT to_jsonb(r) AS r, now() AS until
  FROM approvals_actionrequest r WHERE r.id = %(model)s),
made AS (SELECT k, uuidv7() AS id FROM generate_series(1, %(count)s) AS k),
requests AS (INSERT INTO approvals_actionrequest
  SELECT p.* FROM made, model, jsonb_populate_record(NULL::approvals_actionrequest,
    r || jsonb_build_object('id', id, 'submitted_at', until - k * interval '80 days' / %(count)s,
      'payload', r->'payload' || jsonb_build_object('amount', (k * 37 %% 20000) || '.00'),
      'facts', %(facts)s::jsonb)) AS p)
INSERT INTO approvals_requirement
  SELECT p.* FROM made, approvals_requirement q, jsonb_populate_record(
    NULL::approvals_requirement,
    to_jsonb(q) || jsonb_build_object('id', uuidv7(), 'request_id', made.id)) AS p
  WHERE q.request_id = %(model)s
"""
_TABLES: Final = (
    "approvals_simulatedchange", "approvals_policysimulation", "approvals_requirement",
    "approvals_actionrequest",
)  # fmt: skip


def replay_figures(ground: Ground) -> Iterator[Figure]:
    """Yield how many requests are replayed a second, and how long a quick sample takes."""
    from govapp.bench.company import make_company, policy_document
    from govapp.common.tenancy import tenant_transaction
    from tenants.enums import Role
    from tenants.models import Membership

    company = make_company(lifetime=timedelta(days=1), slug="replay", agents=1)
    half = ground.size(50_000, 100)
    _fill(company, half)
    source = json.dumps(_stricter(policy_document()))
    with tenant_transaction(company.tenant_id):
        people = Membership.objects.select_related("user")
        actor = people.filter(roles__contains=[Role.COMPLIANCE]).earliest("id")
    yield _whole(actor, source, 2 * half)
    yield from _quick(actor, source)
    _empty(ground, company.tenant_id)


def _fill(company: "Company", half: int) -> None:
    """Half of the requests were allowed by a rule, half were put to people."""
    from django.db import connection

    from govapp.bench.company import ALLOWED, PENDING
    from govapp.common.tenancy import tenant_transaction

    for category in (ALLOWED, PENDING):
        model = company.submit(category)
        with tenant_transaction(company.tenant_id), connection.cursor() as cursor:
            facts = json.dumps(_facts_of(model).to_record())
            cursor.execute(_COPY, {"model": model.pk, "count": half, "facts": facts})


def _facts_of(model: "ActionRequest") -> "Facts":
    """Return what was kept of the model; the copies need it, whoever made it."""
    from approvals.policies import Facts
    from approvals.selectors.recorded import Period, RecordedReader

    if model.facts:
        return Facts.from_record(model.facts, {})
    moment = timedelta(microseconds=1)
    period = Period(model.submitted_at, model.submitted_at + moment)
    batch = RecordedReader(period).read()
    if batch is None:
        raise RuntimeError("The request of the benchmark is gone.")
    return batch.requests[0].facts


def _stricter(document: dict[str, Any]) -> dict[str, Any]:
    """The benchmark's fifty rules, and one for smaller amounts than before."""
    from govapp.bench.company import ALLOWED

    amount = {"field": "payload.amount", "op": "gt", "value": "15000"}
    rule = {
        "id": "replayed",
        "when": {"category": ALLOWED, "conditions": amount},
        "then": "require_approval",
        "flow": "review",
    }
    return {**document, "rules": [*document["rules"], rule]}


def _whole(actor: "Membership", source: str, requests: int) -> Figure:
    from approvals.models import PolicySimulation
    from approvals.services.simulations import run_simulation, start_simulation
    from govapp.common.tenancy import tenant_transaction

    with tenant_transaction(actor.tenant_id):
        simulation = start_simulation(actor=actor, source=source, period="90d")
    began, worked = time.perf_counter(), time.process_time()
    run_simulation(tenant_id=actor.tenant_id, simulation_id=simulation.pk)
    seconds, worked = time.perf_counter() - began, time.process_time() - worked
    with tenant_transaction(actor.tenant_id):
        done = PolicySimulation.objects.get(pk=simulation.pk)
    if done.replayed != requests + 2 or done.status != "done":
        raise RuntimeError(f"The replay ended {done.status} after {done.replayed}: {done.error}")
    return at_most(
        f"replay of {requests:,} requests", seconds, unit="s", target=10,
note=f"{requests / seconds:,.0f}/s, {requests / worked:,.0f} per CPU s",
    )  # fmt: skip


def _quick(actor: "Membership", source: str) -> Iterator[Figure]:
    from approvals.policies import load_policy
    from approvals.services.simulations import replay_quick
    from govapp.common.tenancy import tenant_transaction

    policy, took, seen = load_policy(source), [], 0
    for _ in range(5):
        began = time.perf_counter()
        with tenant_transaction(actor.tenant_id):
            seen = replay_quick(policy, "90d", actor=actor).summary["requests"]
        took.append((time.perf_counter() - began) * 1_000)
    yield at_most(f"quick replay of {seen:,}, p50", median(took), unit="ms", target=1_000)


def _empty(ground: Ground, tenant_id: UUID) -> None:
    """Take the requests out again: the benchmarks that follow measure their own."""
    with as_superuser(ground) as connection:
        for table in _TABLES:
            connection.execute(f"DELETE FROM {table} WHERE tenant_id = %s", [tenant_id])  # noqa: S608
