"""How agents were stopped and held back stands in every report that is about that, one by one."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from audit.actors import SYSTEM, Actor, Subject
from audit.models import LedgerLeaf
from audit.reports.document import Document, gather_document
from audit.reports.frameworks import MANY
from audit.reports.interventions import (
    CALLS_HELD,
    GUARDED,
    LESS_AUTONOMY,
    NAMED,
    OVER_BUDGET,
)
from audit.reports.kinds import KINDS
from audit.reports.reading import Read, source_of
from audit.selectors.events import EventRow
from audit.services import record
from audit.services.sequencer import sequence_tenant
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.cases import play_company

pytestmark = pytest.mark.django_db

FIRST = datetime(2026, 1, 4, 23, tzinfo=UTC)
OLIVIA = Actor("person", "mem_olivia", "Olivia Owner")


def refused(code: str) -> dict[str, Any]:
    return {"refusals": [{"code": "payload_invalid"}, {"code": code, "sentence": "No."}]}


# Figure → type, data that it counts, data of the same type that it does not.
CASES: Mapping[str, tuple[str, dict[str, Any], dict[str, Any] | None]] = {
    "Agents paused or retired": ("agent.paused", {}, None),
    "Kill switches thrown": ("kill_switch.thrown", {"scope": "agent"}, None),
    "Let go on by a second person": ("kill_switch.resumed", {}, None),
    "Kill switches tried in a drill": ("kill_switch.drilled", {}, None),
    "Autonomy set to asking or recommending only": (
        "agent.autonomy_set", {"level": "ask"}, {"level": "ask", "former": "recommend"}
    ),
    "Trust in agents lowered": ("agent.trust_lowered", {"from": "high", "to": "low"}, None),
    "Delegations cut": ("delegation.revoked", {"cut": 2}, None),
    "Budgets used up, refusing more": (
        "budget.exceeded", {"on_exceed": "halt"}, {"on_exceed": "warn"}
    ),
    "Requests refused by a budget": (
        "action_request.blocked", refused("budget_halted"), refused("recommend_only")
    ),
    "Requests refused by guardrails": (
        "action_request.blocked", refused("guardrail_refused"), {"refusals": None}
    ),
    "Calls of models held by a guardrail or a budget": (
        "model.refused", {"code": "guardrail_refused"}, {"code": "model_unknown"}
    ),
}  # fmt: skip


@pytest.fixture
def tenant_id() -> UUID:
    """A company in which each of these happened once, and beside it what must not be counted."""
    ident = new_id()
    play_company(ident, first=FIRST, days=2)
    with tenant_transaction(ident):
        for name, (kind, data, other) in CASES.items():
            for said, words in ((data, f"This happened: {name}."), (other, "Something else.")):
                if said is not None:
                    record(
                        event_type=kind, actor=OLIVIA, subject=Subject("thing", "x_1", "payer"),
                        summary=words, data=said, at=FIRST + timedelta(hours=30),
                    )  # fmt: skip
    sequence_tenant(tenant_id=ident)
    return ident


def event(kind: str, **data: Any) -> Read:
    return Read(EventRow(new_id(), FIRST, {}, b"{}"), kind, data, None)


def gathered(tenant_id: UUID, slug: str) -> Document:
    with tenant_transaction(tenant_id):
        source = replace(
            source_of(LedgerLeaf.objects.count()), start=FIRST, end=FIRST + timedelta(days=2)
        )
        return gather_document(KINDS[slug], source)


def test_every_intervention_has_a_case() -> None:
    assert list(CASES) == [name for name, _ in NAMED]


STOPS = tuple(CASES)[:7]
HELD = tuple(CASES)[7:]


@pytest.mark.parametrize(
    ("slug", "reference", "names"),
    [
        ("eu-ai-act", "Art. 14(4)(e)", (*STOPS, *HELD)),
        ("eu-ai-act", "Art. 26(5)", (*STOPS[:3], *STOPS[4:], HELD[0])),
        ("eu-ai-act", "Art. 12(2)(a)", HELD),
        ("hipaa", "164.312(a)(1)", (STOPS[1], STOPS[6])),
        ("soc-2", "CC7.2", HELD),
        ("soc-2", "CC7.4", (*STOPS[:3], *STOPS[4:], HELD[0])),
        ("iso-42001", "8.1", HELD),
        ("iso-42001", "10.2", (*STOPS[:3], *STOPS[4:])),
        ("nist-ai-rmf", "MANAGE 2.4", (*STOPS, *HELD)),
        ("nist-ai-rmf", "MEASURE 3.1", HELD),
    ],
)
def test_a_framework_counts_and_lists_them(
    tenant_id: UUID, slug: str, reference: str, names: tuple[str, ...]
) -> None:
    found = gathered(tenant_id, slug).found["answers"]
    (answer,) = [each for each in found if each.duty.reference == reference]
    counts = {figure.name: figure.events for figure in answer.figures}
    assert {name: counts[name] for name in names} == dict.fromkeys(names, 1)
    listed = [line.text for line in answer.examples]
    assert [name for name in names if f"This happened: {name}." not in listed] == []


def test_a_kill_switch_is_no_access_in_an_emergency(tenant_id: UUID) -> None:
    assert "164.312(a)(2)(ii)" in gathered(tenant_id, "hipaa").found["silent"]


def test_a_framework_says_how_many_more_there_are_than_it_lists(tenant_id: UUID) -> None:
    with tenant_transaction(tenant_id):
        for number in range(MANY + 1):
            record(
                event_type="agent.paused", actor=OLIVIA, subject=Subject("agent", "ag_1", "payer"),
                summary="It was paused.", at=FIRST + timedelta(hours=31, minutes=number),
            )  # fmt: skip
    sequence_tenant(tenant_id=tenant_id)
    html = gathered(tenant_id, "eu-ai-act").html(stylesheet="x.css")
    # In Art. 14(4)(e) and in Art. 26(5).
    assert html.count("Not listed here: 2 under “Agents paused or retired”.") == 2
    assert html.count("Not listed here") == 2


def test_an_agent_is_no_row_by_the_id_that_a_budget_names(tenant_id: UUID) -> None:
    request_id, payer = new_id(), Actor("agent", "ag_1", "Payer of invoices")
    told: tuple[tuple[str, Actor, dict[str, Any]], ...] = (
        ("delegation.spend_reaped", SYSTEM, {"agent": "ag_1"}),
        ("grant.issued", payer, {}),
    )
    with tenant_transaction(tenant_id):
        for number, (kind, actor, data) in enumerate(told):
            record(
                event_type=kind, actor=actor, subject=Subject("thing", "x_1", "it"), data=data,
                summary="It happened.", request_id=request_id,
                at=FIRST + timedelta(hours=31, minutes=number),
            )  # fmt: skip
    sequence_tenant(tenant_id=tenant_id)
    rows = gathered(tenant_id, "agent-activity").found["tables"][0].rows
    assert [row[0] for row in rows if row[0] in ("ag_1", "Payer of invoices")] == [
        "Payer of invoices"
    ]


NO_STOPS = list(CASES)[2:4]


@pytest.mark.parametrize(("slug", "without"), [("oversight", NO_STOPS), ("agent-activity", [])])
def test_the_other_reports_list_them_too(tenant_id: UUID, slug: str, without: list[str]) -> None:
    html = gathered(tenant_id, slug).html(stylesheet="x.css")
    assert [name for name in CASES if f"This happened: {name}." not in html] == without


def test_an_event_that_several_figures_count_is_one_event(tenant_id: UUID) -> None:
    codes = [{"code": "budget_halted"}, {"code": "guardrail_refused"}]
    with tenant_transaction(tenant_id):
        record(
            event_type="action_request.blocked", actor=OLIVIA, subject=Subject("thing", "x", "it"),
            summary="Both refused it.", data={"refusals": codes}, at=FIRST + timedelta(hours=31),
        )  # fmt: skip
    sequence_tenant(tenant_id=tenant_id)
    oversight = gathered(tenant_id, "oversight").found["exceptions"]
    (stopped,) = [each for each in oversight if each.title == "Agents stopped or held back"]
    # Neither who let an agent go on nor a drill stopped any.
    assert (stopped.count, len(stopped.cases)) == (len(CASES) - 1, len(CASES) - 1)
    (held,) = [
        each
        for each in gathered(tenant_id, "agent-activity").found["listings"]
        if each.title == "Stopped, held back, let go on"
    ]
    assert (held.events, held.count) == (len(CASES) + 1, len(CASES) + 1)
    assert [line.text for line in held.lines].count("Both refused it.") == 1


@pytest.mark.parametrize(
    ("code", "requests", "calls"),
    [
        ("budget_exceeded", [True, False], True),
        ("budget_halted", [True, False], True),
        ("throttled", [True, False], True),
        ("budget_refused", [True, False], True),
        ("budget_ask", None, True),
        ("guardrail_refused", [False, True], True),
        ("guardrail_ask", None, True),
        ("recommend_only", [False, False], False),
        ("killed", [False, False], False),
    ],
)
def test_every_way_of_a_budget_or_a_guardrail_to_refuse_is_counted(
    code: str, requests: list[bool] | None, calls: bool
) -> None:
    """With None for requests: of these it is a demand, which no refusal of one names."""
    if requests is not None:
        blocked = event("action_request.blocked", **refused(code))
        assert [OVER_BUDGET.holds(blocked), GUARDED.holds(blocked)] == requests
    assert CALLS_HELD.holds(event("model.refused", code=code)) is calls
    assert CALLS_HELD.holds(event("model.called", code=code)) is calls


@pytest.mark.parametrize(
    ("former", "level", "counts"),
    [
        ("act", "ask", True), ("policy", "ask", True), (None, "ask", True),
        ("recommend", "ask", False), ("act", "recommend", True), ("policy", "recommend", True),
        ("ask", "recommend", True), (None, "recommend", True), ("ask", "policy", False),
    ],
)  # fmt: skip
def test_what_gives_more_autonomy_is_no_narrowing(
    former: str | None, level: str, counts: bool
) -> None:
    assert LESS_AUTONOMY.holds(event("agent.autonomy_set", former=former, level=level)) is counts
