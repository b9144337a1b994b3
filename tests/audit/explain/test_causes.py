"""Of the events behind what held a request, the one of its own sentence is named, or none."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from audit.explain import Audience, Explanation
from audit.explain.causes import SOON
from audit.explain.holding import wanted_behind
from audit.explain.reading import Case
from audit.merkle.canonical import canonical_bytes
from audit.selectors.behind import Budget
from audit.selectors.events import EventRow
from tests.audit.explain.rows import ALICE, AT, BOB, REQUEST, Book

UNTIL = "9 March 2026 12:00 UTC: nothing of it is accepted until a second person resumes it."

EACH = "EUR 500.00 a day for each agent"
TODAY, YESTERDAY = "2026-03-09T00:00:00+00:00", "2026-03-08T00:00:00+00:00"


class Behind:
    """Collects events of no request, an hour apart, the last one an hour before it was asked."""

    def __init__(self) -> None:
        self._made: list[tuple[str, Mapping[str, str], dict[str, str], Mapping[str, Any]]] = []

    def add(
        self, kind: str, actor: Mapping[str, str], subject: str, label: str, /, **data: Any
    ) -> str:
        """Add an event; return its public id."""
        self._made.append((kind, actor, {"type": "any", "id": subject, "label": label}, data))
        return self._row(len(self._made)).public_id

    def thrown(self, who: Mapping[str, str], scope: str, ref: str, what: str) -> str:
        """Somebody threw the switch for this."""
        return self.add("kill_switch.thrown", who, f"ks_{ref}", what, scope=scope, ref=ref)

    def levelled(self, who: Mapping[str, str], agent: str | None, pattern: str, level: str) -> str:
        """Somebody set what an agent, or every agent, may do of its own accord."""
        return self.add(
            "agent.autonomy_set", who, agent or "every", "it", agent=agent, pattern=pattern,
            level=level,
        )  # fmt: skip

    def exceeded(self, agent: str, name: str, window: str = TODAY) -> str:
        """An agent wanted more than a budget had."""
        actor = {"kind": "agent", "id": agent, "name": agent}
        return self.add("budget.exceeded", actor, "bg_1", name, agent=agent, window=window)

    def rows(self) -> list[EventRow]:
        """What was added, newest first."""
        return [self._row(number) for number in range(len(self._made), 0, -1)]

    def _row(self, number: int) -> EventRow:
        kind, actor, subject, data = self._made[number - 1]
        body = {
            "type": kind, "actor": dict(actor), "subject": subject,
            "summary": f"{actor['name']}: {kind}", "data": dict(data),
        }  # fmt: skip
        at = AT - timedelta(hours=len(self._made) + 1 - number)
        return EventRow(UUID(int=1000 + number), at, body, canonical_bytes(body))


def refused(code: str, sentence: str, behind: Behind, *chain: str) -> Explanation:
    """A request that was blocked with this code and sentence."""
    book = Book()
    book.submitted()
    if chain:
        book.handed(*chain)
    book.ended("blocked", refusals=[{"code": code, "sentence": sentence}])
    return book.explain(Audience.OFFICER, behind=behind.rows())


def causes(told: Explanation) -> list[str]:
    """The events that are named as what held it, beside the request's own."""
    (held,) = (each for each in told.sections if each.title == "What held it besides the rules")
    return list(held.sentences[0].events[1:])


def test_a_switch_that_was_let_go_is_not_what_stopped_it() -> None:
    behind = Behind()
    agent = behind.thrown(ALICE, "agent", "ag_payer", "the agent payer")
    behind.thrown(BOB, "category", "payments.*", "every category under payments")
    behind.add(
        "kill_switch.resumed", ALICE, "ks_payments.*", "every category under payments",
        scope="category", ref="payments.*",
    )  # fmt: skip
    told = refused("killed", f"The kill switch for the agent payer was thrown on {UNTIL}", behind)
    assert causes(told) == [agent]


def test_of_two_switches_that_are_thrown_the_one_that_refused_is_named() -> None:
    behind = Behind()
    everything = behind.thrown(ALICE, "tenant", "", "everything in this account")
    behind.thrown(BOB, "agent", "ag_payer", "the agent payer")
    told = refused(
        "killed", f"The kill switch for everything in this account was thrown on {UNTIL}", behind
    )
    assert causes(told) == [everything]


@pytest.mark.parametrize("sentence", ["", "[erased]"])
def test_a_sentence_that_names_no_switch_points_to_none(sentence: str) -> None:
    behind = Behind()
    behind.thrown(ALICE, "agent", "ag_payer", "the agent payer")
    assert causes(refused("killed", sentence, behind)) == []


def passed(name: str) -> str:
    return f"The budget of {name} would be passed: EUR 12.00 is wanted and EUR 10.00 is left."


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("budget_exceeded", passed(EACH)),
        ("throttled", passed(EACH)),
        (
            "budget_halted",
            f"The budget of {EACH} is used up: everything that it counts is",
        ),
    ],
)
def test_a_budget_for_each_agent_points_to_the_agent_that_was_refused(
    code: str, sentence: str
) -> None:
    behind = Behind()
    own = behind.exceeded("ag_payer", EACH)
    behind.exceeded("ag_other", EACH)
    assert causes(refused(code, sentence, behind)) == [own]


def test_a_budget_of_all_points_to_whoever_passed_it_last() -> None:
    name = "EUR 500.00 a day for everything here"
    behind = Behind()
    behind.exceeded("ag_payer", name, YESTERDAY)
    other = behind.exceeded("ag_other", name)
    assert causes(refused("budget_exceeded", passed(name), behind)) == [other]


def test_a_budget_whose_name_begins_like_another_one_is_another_one() -> None:
    behind = Behind()
    behind.exceeded("ag_payer", "EUR 500.00 a day for the agent Bot")
    told = refused("budget_exceeded", passed("EUR 500.00 a day for the agent Bot 2"), behind)
    assert causes(told) == []


@pytest.mark.parametrize(
    ("window", "number"), [(TODAY, 0), (YESTERDAY, 1)], ids=["the same day", "another day"]
)
def test_copies_of_a_budget_that_nothing_tells_apart_point_to_none(
    window: str, number: int
) -> None:
    name = "EUR 500.00 a day for each category"
    behind = Behind()
    behind.exceeded("ag_payer", name, window)
    newest = behind.exceeded("ag_payer", name)
    told = refused("budget_exceeded", passed(name), behind)
    assert causes(told) == [newest][:number]


ONLY = "nothing is done, and it is kept here as a recommendation for a person to see."


def test_the_most_specific_rule_of_autonomy_is_named_and_not_the_newest() -> None:
    behind = Behind()
    own = behind.levelled(ALICE, "ag_payer", "payments.transfer", "recommend")
    behind.levelled(BOB, "ag_payer", "*", "recommend")
    behind.levelled(BOB, "ag_payer", "payments.*", "policy")
    told = refused("recommend_only", f"payer only recommends in payments.transfer: {ONLY}", behind)
    assert causes(told) == [own]


def test_a_rule_of_the_agent_that_was_removed_is_not_what_held_it() -> None:
    behind = Behind()
    every = behind.levelled(ALICE, None, "payments.*", "recommend")
    behind.levelled(BOB, "ag_payer", "payments.*", "recommend")
    behind.add(
        "agent.autonomy_removed", BOB, "ag_payer", "it", agent="ag_payer", pattern="payments.*",
        level=None,
    )  # fmt: skip
    told = refused(
        "recommend_only",
        f"payer only recommends below payments (set for every agent): {ONLY}",
        behind,
    )
    assert causes(told) == [every]


@pytest.mark.parametrize(
    ("place", "number"),
    [("below payments", 0), ("below payments.eu", 1), ("everywhere (set for every agent)", 2)],
)
def test_the_rule_that_wants_a_person_is_named(place: str, number: int) -> None:
    behind = Behind()
    found = [
        behind.levelled(ALICE, "ag_payer", "payments.*", "ask"),
        behind.levelled(BOB, "ag_payer", "payments.eu.*", "ask"),
        behind.levelled(ALICE, None, "*", "ask"),
    ]
    book = Book()
    book.submitted(
        demands=[{"code": "autonomy_ask", "sentence": f"payer always asks a person {place}."}]
    )
    told = book.explain(Audience.OFFICER, behind=behind.rows())
    assert causes(told) == [found[number]]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("delegation_too_wide", "does not cover this. It is for mails.*, not for payments.x."),
        ("budget_exceeded", "does not cover this. EUR 12.00 is wanted and EUR 10.00 is left."),
        ("delegation_expired", "ended on 2026-03-09 12:00 UTC. Ask planner for another one."),
    ],
)
def test_the_link_that_did_not_allow_it_is_named_and_not_the_last_one(code: str, says: str) -> None:
    behind = Behind()
    first = behind.add("delegation.created", ALICE, "dg_1", "it")
    behind.add("delegation.created", BOB, "dg_2", "it")
    sentence = f"The delegation dg_1 from planner to buyer {says}"
    told = refused(code, sentence, behind, "planner", "buyer", "clerk")
    assert causes(told) == [first]


def test_the_cut_of_the_link_that_is_named_is_what_ended_it() -> None:
    behind = Behind()
    first = behind.add("delegation.revoked", ALICE, "dg_1", "it")
    behind.add("delegation.revoked", BOB, "dg_2", "it")
    sentence = "The delegation dg_1 from planner to buyer was revoked on 2026-03-09 12:00 UTC."
    told = refused("delegation_revoked", sentence, behind, "planner", "buyer", "clerk")
    assert causes(told) == [first]


def test_a_chain_that_is_too_long_became_so_by_its_last_link() -> None:
    behind = Behind()
    behind.add("delegation.created", ALICE, "dg_1", "it")
    last = behind.add("delegation.created", BOB, "dg_2", "it")
    sentence = "The task was handed on 2 times; at most 1 are allowed here."
    told = refused("delegation_too_deep", sentence, behind, "planner", "buyer", "clerk")
    assert causes(told) == [last]


def test_a_budget_is_looked_for_when_it_held_however_much_later_the_request_ended() -> None:
    asked, ended = "EUR 5.00 a month for everything here", "5 actions a day for everything here"
    book = Book()
    book.submitted(demands=[{"code": "budget_ask", "sentence": passed(asked)}])
    open_one = wanted_behind(Case(REQUEST, book.rows))
    book.ended("blocked", refusals=[{"code": "budget_exceeded", "sentence": passed(ended)}])
    over = wanted_behind(Case(REQUEST, book.rows))
    assert open_one is not None
    assert over is not None
    assert open_one.budgets == (Budget(asked, AT + SOON),)
    assert over.budgets == (Budget(ended, book.rows[-1].occurred_at + SOON), *open_one.budgets)
