"""What lies behind something that held an agent is found, however much happened to others since."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from audit.actors import Actor, Subject
from audit.selectors.behind import Behind, events_behind
from audit.services import Entry, record_many
from govapp.common.tenancy import tenant_transaction
from tests.people import make_company

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 9, 13, 5, tzinfo=UTC)
OFTEN = 200
"""As many as are looked at of one kind."""
ONE, OTHER = "EUR 500.00 a day for each agent", "EUR 500.00 a day for each agent 2"


def exceeded(agent: str, name: str) -> Entry:
    data = {
        "agent": agent, "agent_name": agent, "measure": "money:EUR", "period": "day",
        "limit": "500", "reserved": "0", "settled": "500", "wanted": None, "on_exceed": "halt",
        "window": "2026-03-09T00:00:00+00:00",
    }  # fmt: skip
    return entry("budget.exceeded", agent, Subject("budget", "bg_1", name), data)


def levelled(agent: str | None) -> Entry:
    every = Subject("autonomy", "every", "Every agent")
    data = {
        "agent": agent, "agent_name": agent, "pattern": "*", "level": "ask", "former": None,
        "reason": "New.", "asked_by": "mem_1",
    }  # fmt: skip
    subject = Subject("agent", agent, agent) if agent else every
    return entry("agent.autonomy_set", agent or "every agent", subject, data)


def entry(kind: str, agent: str, subject: Subject, data: dict[str, Any]) -> Entry:
    actor = Actor(kind="agent", id=agent, name=agent)
    return Entry(kind, actor, subject, f"{kind} of {agent}", data)


def found_among(entries: Sequence[Entry], **wanted: Any) -> list[str]:
    """Record these, a second apart, and return the summaries of what is found then."""
    company = make_company()
    with tenant_transaction(company.id):
        record_many(
            [
                Entry(each.event_type, each.actor, each.subject, each.summary, each.data,
                      at=AT + timedelta(seconds=number))
                for number, each in enumerate(entries)
            ]
        )  # fmt: skip
        return [each.summary for each in events_behind(Behind(agent="ag_own", **wanted))]


def test_an_agents_own_budget_is_found_behind_those_of_all_others() -> None:
    others = [exceeded(f"ag_{number}", ONE) for number in range(OFTEN + 1)]
    found = found_among(
        [exceeded("ag_own", ONE), *others], types=frozenset({"budget.exceeded"}), budgets=(ONE,)
    )
    assert found == [*(f"budget.exceeded of ag_{each}" for each in range(OFTEN, 0, -1)),
                     "budget.exceeded of ag_own"]  # fmt: skip


def test_a_budget_that_somebody_else_used_up_is_found_behind_budgets_of_other_names() -> None:
    others = [exceeded("ag_own", OTHER)] * (OFTEN + 1)
    found = found_among(
        [exceeded("ag_first", ONE), *others], types=frozenset({"budget.exceeded"}), budgets=(ONE,)
    )
    assert found == ["budget.exceeded of ag_first"]


def test_an_agents_own_level_is_found_behind_those_of_all_others() -> None:
    others = [levelled(f"ag_{number}") for number in range(OFTEN + 1)]
    found = found_among(
        [levelled("ag_own"), levelled(None), *others], types=frozenset({"agent.autonomy_set"})
    )
    assert found == ["agent.autonomy_set of every agent", "agent.autonomy_set of ag_own"]


def test_where_nothing_is_looked_for_nothing_is_found() -> None:
    assert found_among([exceeded("ag_own", ONE)]) == []
