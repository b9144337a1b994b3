"""What lies behind something that held an agent is found, however much happened to others since."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from audit.actors import Actor, Subject
from audit.selectors.behind import Behind, Budget, events_behind
from audit.services import Entry, record_many
from govapp.common.tenancy import tenant_transaction
from tests.people import make_company

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 9, 13, 5, tzinfo=UTC)
OFTEN = 200
"""As many as are looked at of one kind."""
ONE = "EUR 500.00 a day for each category"
OTHER = f"{ONE}, of what has the cost class 2"
MONTHLY = "EUR 500.00 a month for everything here"
BUDGET = frozenset({"budget.exceeded"})
SWITCHED = frozenset({"kill_switch.thrown"})


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


def switched(kind: str, by: str) -> Entry:
    return entry(kind, by, Subject("kill_switch", "ks_1", "Everything"), {})


def held(name: str, days: float = 1) -> Budget:
    """A budget that held an agent so many days after the first event."""
    return Budget(name, AT + timedelta(days=days))


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
    found = found_among([exceeded("ag_own", ONE), *others], types=BUDGET, budgets=(held(ONE),))
    assert found == [*(f"budget.exceeded of ag_{each}" for each in range(OFTEN, 0, -1)),
                     "budget.exceeded of ag_own"]  # fmt: skip


def test_a_budget_that_somebody_else_used_up_is_found_behind_budgets_of_other_names() -> None:
    others = [exceeded("ag_own", OTHER)] * (OFTEN + 1)
    found = found_among([exceeded("ag_first", ONE), *others], types=BUDGET, budgets=(held(ONE),))
    assert found == ["budget.exceeded of ag_first"]


@pytest.mark.parametrize(
    ("days", "summaries"),
    [(31, ["budget.exceeded of ag_first", "budget.exceeded of ag_own"]), (34, [])],
    ids=["in the window of a month", "before any window"],
)
def test_a_budget_is_looked_for_in_the_longest_window(days: int, summaries: list[str]) -> None:
    found = found_among(
        [exceeded("ag_own", MONTHLY), exceeded("ag_first", MONTHLY)],
        types=BUDGET,
        budgets=(held(MONTHLY, days),),
    )
    assert found == summaries


def test_what_was_exceeded_after_a_budget_held_is_not_behind_it() -> None:
    found = found_among([exceeded("ag_own", MONTHLY)], types=BUDGET, budgets=(held(MONTHLY, -1),))
    assert found == []


@pytest.mark.parametrize("name", ["5 actions in each run", "5 actions in the run nightly"])
def test_a_budget_of_a_run_has_no_window_that_ends(name: str) -> None:
    found = found_among([exceeded("ag_own", name)], types=BUDGET, budgets=(held(name, 400),))
    assert found == ["budget.exceeded of ag_own"]


@pytest.mark.parametrize(
    "name",
    ["EUR 5.00 a day for each agent", "5 actions in each run", "5 actions in the run nightly"],
)
def test_of_a_budget_kept_for_each_agent_those_of_others_are_not_looked_for(name: str) -> None:
    found = found_among(
        [exceeded("ag_own", name), exceeded("ag_first", name)], types=BUDGET, budgets=(held(name),)
    )
    assert found == ["budget.exceeded of ag_own"]


def test_a_budget_that_held_twice_is_found_once() -> None:
    found = found_among(
        [exceeded("ag_own", MONTHLY)], types=BUDGET, budgets=(held(MONTHLY), held(MONTHLY, 2))
    )
    assert found == ["budget.exceeded of ag_own"]


def test_an_agents_own_level_is_found_behind_those_of_all_others() -> None:
    others = [levelled(f"ag_{number}") for number in range(OFTEN + 1)]
    found = found_among(
        [levelled("ag_own"), levelled(None), *others], types=frozenset({"agent.autonomy_set"})
    )
    assert found == ["agent.autonomy_set of every agent", "agent.autonomy_set of ag_own"]


def test_what_was_thrown_is_found_with_its_resumption_behind_all_that_was_thrown_since() -> None:
    others = [switched("kill_switch.thrown", str(n)) for n in range(OFTEN - 1)]
    found = found_among(
        [switched("kill_switch.thrown", "it"), switched("kill_switch.resumed", "it"), *others],
        types=SWITCHED,
    )
    assert found[-2:] == ["kill_switch.resumed of it", "kill_switch.thrown of it"]
    assert len(found) == OFTEN + 1


@pytest.mark.parametrize(("since", "is_told"), [(OFTEN - 2, True), (OFTEN, False)])
def test_what_may_have_been_resumed_before_all_that_is_looked_at_is_not_told_to_hold(
    since: int, is_told: bool
) -> None:
    others = [switched("kill_switch.resumed", str(n)) for n in range(since)]
    found = found_among(
        [switched("kill_switch.thrown", "it"), switched("kill_switch.resumed", "it"), *others],
        types=SWITCHED,
    )
    assert ("kill_switch.thrown of it" in found) is is_told


def test_where_nothing_is_looked_for_nothing_is_found() -> None:
    assert found_among([exceeded("ag_own", ONE)]) == []
