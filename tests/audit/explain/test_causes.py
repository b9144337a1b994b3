"""Of the events behind what held a request, the one of its own sentence is named, or none."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from audit.explain import Audience, Explanation
from audit.merkle.canonical import canonical_bytes
from audit.selectors.events import EventRow
from tests.audit.explain.rows import ALICE, AT, BOB, Book

UNTIL = "9 March 2026 12:00 UTC: nothing of it is accepted until a second person resumes it."


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
