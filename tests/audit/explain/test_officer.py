"""What officer and engineer read, each sentence with its events, and what the record leaves out."""

from typing import Any

import pytest

from audit.explain import Audience
from audit.explain.as_json import as_data
from audit.explain.reading import Case
from audit.explain.why_not import not_decided_by
from tests.audit.explain.rows import ALICE, BOB, PAYER, REQUEST, SYSTEM, Book, texts

OFFICER = Audience.OFFICER


def life() -> Book:
    book = Book()
    book.submitted()
    book.opened()
    book.told(ALICE)
    book.told(BOB)
    book.add(
        "timer.escalated", SYSTEM, "escalated", stage="review", rule="large",
        added=[{"kind": "group", "ref": "managers", "count": 1}], missing="1 from Risk",
    )  # fmt: skip
    book.voted(ALICE, "finance", seconds_viewed=74, second_factor="passkey", channel="link")
    book.ended("expired")
    return book


def test_the_chain_the_reason_and_the_data_are_told() -> None:
    assert texts(life().explain(OFFICER), "What was asked") == [
        "payer asked: Pay EUR 48,200 to Northwind",
        "It came through this chain: Ines Caldeira, then the agent payer.",
        "The agent gave this reason: “Ines asked for it.”",
        "It named what it used: Invoice 2291 (https://files.example.com/2291).",
        "The action consists of these values:",
    ]


def test_a_chain_of_delegations_is_told_link_by_link() -> None:
    book = Book()
    book.submitted()
    book.handed("planner", "buyer", "payer")
    (asked,) = (each for each in book.explain(OFFICER).sections if each.title == "What was asked")
    told = asked.sentences[1]
    assert told.text == (
        "It came through this chain: Ines Caldeira, then the agent planner, which handed part of"
        " its rights to the agent buyer, which handed part of its rights to the agent payer."
    )
    assert list(told.details) == [
        "Delegation dg_1: from planner to buyer.",
        "Delegation dg_2: from buyer to payer.",
    ]


def test_what_the_guardrails_found_is_told_without_its_words() -> None:
    book = Book()
    found = {"detector": "national_id", "pointer": "/payload/to", "rule": "pii", "action": "ask"}
    book.submitted(guardrails={"version": 0, "total": 3, "findings": [found]})
    (asked,) = (each for each in book.explain(OFFICER).sections if each.title == "What was asked")
    (told,) = (each for each in asked.sentences if "guardrails" in each.text)
    assert told.text == "The guardrails looked through what it wrote and found:"
    assert list(told.details) == [
        "national id at /payload/to: rule pii, which wants a person",
        "and 2 further findings",
    ]


def test_what_flowed_into_it_from_its_run_is_told_by_source_and_label() -> None:
    book = Book()
    sources = (
        '[{"kind": "document", "step": 2, "title": "Invoice 2291"}, {"kind": "memory", "step": 3}]'
    )
    book.submitted(
        run="run_1",
        lineage={"step": "step_1", "labels": ["customer-pii", "draft"], "sources": sources},
    )
    book.rows[0].body["run"] = {"id": "run_1", "seq": 5, "previous": "sha256:00"}
    assert texts(book.explain(OFFICER), "What was asked")[4:7] == [
        "It was asked for in run run_1 as event 5 of its record.",
        "From these sources data flowed into it: Invoice 2291 (step 2) and memory (step 3).",
        "That data is labelled customer-pii and draft.",
    ]


def test_sources_of_a_run_that_were_erased_are_not_told() -> None:
    book = Book()
    book.submitted(run="run_1", lineage={"step": None, "labels": [], "sources": "[erased]"})
    assert "It was asked for in run run_1." in texts(book.explain(OFFICER), "What was asked")


def test_the_rules_are_told_with_what_they_saw() -> None:
    assert texts(life().explain(OFFICER), "Which rules applied") == [
        "Version 3 of the policy judged it.",
        "Rule large wants the approval of people, because amount 48200.00 is at least 10000.",
        (
            "Rule small would have allowed it without a person, and did not match: amount"
            " 48200.00 is not under 10000."
        ),
        "What rule large says: Two must approve.",
    ]


def test_one_message_to_several_is_one_sentence_with_all_its_events() -> None:
    book = life()
    told = book.explain(OFFICER, zone="Europe/Zurich")
    (asked,) = (each for each in told.sections if each.title == "Who was asked, and when")
    assert [each.text for each in asked.sentences] == [
        (
            "People were asked: stage “review” of rule large wants 1 person from Finance and"
            " 1 person from Risk, until 9 March 2026 at 18:05."
        ),
        "“Your approval is needed” was sent to Alice Archer and Bob Baker by e-mail.",
        (
            "A timeout passed for stage “review” of rule large: 1 person from Managers was asked as"
            " well. Still missing: 1 from Risk."
        ),
    ]
    assert asked.sentences[1].events == (book.rows[2].public_id, book.rows[3].public_id)


def test_a_vote_is_told_with_its_right_and_what_was_seen() -> None:
    (decided,) = (each for each in life().explain(OFFICER).sections if each.title == "Who decided")
    assert decided.sentences[0].details == (
        "The right to decide came from the group Finance.",
        "What they saw was exactly the action above, by its SHA-256.",
        "They had it open for 74 s.",
        "The second factor was a passkey.",
        "The vote was given from a link that was sent to them.",
    )


def test_a_vote_for_what_was_changed_afterwards_does_not_count() -> None:
    book = Book()
    book.submitted()
    book.voted(ALICE, "finance")
    changes = [{"field": "amount", "before": '"1"', "after": '"2"'}]
    changed = {"payload_digest": "sha256:other", "payload": "{}", "changes": changes}
    book.add("action_request.changed", BOB, "Bob changed it", **changed)
    book.add("vote.voided", BOB, "Alice's vote fell away", member="mem_alice",
             payload_digest=f"sha256:{'a' * 64}")  # fmt: skip
    case = Case(REQUEST, book.rows)
    assert (len(case.of("vote.cast")), len(case.votes)) == (1, 0)
    (decided,) = (each for each in book.explain(OFFICER).sections if each.title == "Who decided")
    assert decided.sentences[0].details == (
        "The right to decide came from the group Finance.",
        "What they saw was the action as it was before it was changed, by its SHA-256.",
        "It does not count any more: see below.",
    )


def why(status: str, **data: Any) -> list[str]:
    book = Book()
    book.submitted(**data)
    verdict = {"denied": "deny", "returned": "return"}.get(status, "approve")
    if status != "blocked":
        book.voted(ALICE, "finance", verdict, reason="Look again.")
    book.ended(status, ALICE)
    return texts(book.explain(OFFICER), "Why was it not approved?")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("denied", "Alice Archer denied it. One “no” is enough."),
        ("returned", "Alice Archer sent it back."),
        ("expired", ("1 approval had been given when the time ended on 9 March 2026 at 13:07, and"
         " that was not enough. Silence never approves.")),
        ("cancelled", "It was cancelled by Alice Archer before it was decided."),
        ("blocked", "It was blocked because amount 48200.00 is at least 10000."),
    ],
)  # fmt: skip
def test_why_it_was_not_approved(status: str, said: str) -> None:
    assert why(status) == [said]


def test_why_it_was_blocked_by_a_rule_of_that_name() -> None:
    rule = {"rule": "never", "outcome": "deny", "verdict": "matched", "because": "it is Sunday"}
    assert why("blocked", rules=[rule]) == ["It was blocked because it is Sunday (rule never)."]


def test_why_a_person_had_to_decide() -> None:
    assert texts(life().explain(OFFICER), "Why was it not allowed without a person?") == [
        "A person had to decide, because amount 48200.00 is at least 10000 (rule large).",
        "Rule small would have allowed it, and did not apply: amount 48200.00 is not under 10000.",
    ]


def test_why_somebody_did_not_decide() -> None:
    book = life()
    assert [each.question for each in book.explain(OFFICER).why_not] == [
        "Why was it not approved?",
        "Why was it not allowed without a person?",
        "Why was it not decided by Bob Baker?",
    ]
    case = Case(REQUEST, book.rows)
    for name in ("Bob Baker", "mem_bob"):
        assert [each.text for each in not_decided_by(case, name).sentences] == [
            "“Your approval is needed” was sent",
            "They had not answered when it ended.",
        ]
    assert [each.text for each in not_decided_by(case, "Zoe").sentences] == [
        (
            "No event of this request names Zoe: they were not told and did not vote. What"
            " was asked for was 1 person from Finance and 1 person from Risk."
        )
    ]
    assert [each.text for each in not_decided_by(case, "Alice Archer").sentences] == [
        "“Your approval is needed” was sent",
        "They did vote: they approved it.",
    ]


def test_a_refused_vote_says_why() -> None:
    book = Book()
    book.submitted()
    book.add("vote.refused", BOB, "refused", verdict="approve", why="he owns the agent")
    assert texts(book.explain(OFFICER), "Why was it not decided by Bob Baker?") == [
        "They voted, and the vote was refused: he owns the agent"
    ]


def test_the_engineer_has_every_event_once() -> None:
    book = life()
    book.add("finding.opened", SYSTEM, "A stage without a timer")
    told = book.explain(Audience.ENGINEER)
    named = [event for part in told.sections for each in part.sentences for event in each.events]
    assert sorted(named) == sorted(row.public_id for row in book.rows)
    assert told.sections[-1].title == "Other events"


@pytest.mark.parametrize("audience", list(Audience))
def test_every_sentence_has_events_of_the_request_and_the_same_events_say_the_same(
    audience: Audience,
) -> None:
    book = life()
    told = book.explain(audience)
    said = list(told.in_short)
    said += [each for part in told.sections for each in part.sentences]
    said += [each for part in told.why_not for each in part.sentences]
    known = {row.public_id for row in book.rows}
    assert [
        each.text for each in said if not each.events or not known.issuperset(each.events)
    ] == []
    assert as_data(told) == as_data(book.explain(audience))


@pytest.mark.parametrize("audience", list(Audience))
def test_what_was_too_large_for_an_event_does_not_break_it(audience: Audience) -> None:
    cut = {"cut": True, "sha256": "0" * 64, "bytes": 9, "items": 3}
    book = Book()
    book.submitted(rules=cut, unmet=cut, payload=cut, sources=cut, reason=cut)
    book.add("stage.opened", SYSTEM, "opened", stage="review", rule="large", seats=cut)
    book.ended("denied", PAYER)
    assert book.explain(audience).status == "denied"


def test_a_drill_is_told_like_an_action() -> None:
    book = Book()
    book.add("drill.submitted", PAYER, "Drill: payer asked")
    book.add("drill.started", ALICE, "Alice sent the drill")
    book.add("drill.vote.cast", BOB, "Bob approved", rights=["group:risk"], verdict="approve")
    book.add("drill.approved", BOB, "It was approved")
    told = book.explain(OFFICER)
    assert told.status == "approved"
    assert texts(told, "Who decided") == ["Bob approved", "It was approved"]
    assert texts(told, "What else happened") == ["Alice sent the drill"]
