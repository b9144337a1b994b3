"""What a person affected reads: plain, without names of staff, masked, with the way to contest."""

import pytest

from audit.explain import Audience
from audit.explain.as_json import as_data
from tests.audit.explain.rows import ALICE, BOB, PAYER, REQUEST, SYSTEM, Book, texts

AFFECTED = Audience.AFFECTED


def approved() -> Book:
    book = Book()
    book.submitted()
    book.opened()
    book.voted(ALICE, "finance", reason="Bob has looked at DE89370400440532013000.")
    book.voted(BOB, "risk", seconds_viewed=41)
    book.ended("approved", BOB)
    return book


def test_a_decision_by_people_is_told_in_plain_words() -> None:
    told = approved().explain(AFFECTED, zone="Europe/Zurich", tenant="Acme Bank")
    assert told.outcome == "People approved this. The software did not decide it."
    assert [each.text for each in told.in_short] == [
        "It was decided on 9 March 2026 at 14:09 by a person from Finance and a person from Risk."
    ]
    assert texts(told, "What the software asked to do") == [
        (
            "On 9 March 2026 at 14:05 a software agent, on behalf of a person, asked to do this:"
            " “Pay EUR 48,200 to Northwind” (Bank transfer)."
        ),
        "The software gave this reason: “a person asked for it.”",
        "The software said that it used: Invoice 2291.",
        "These values were looked at:",
    ]
    assert texts(told, "What the rules say") == [
        (
            "The organisation's rules want people to decide it, because amount 48200.00 is at least"
            " 10000."
        ),
        (
            "For that, 1 person from Finance and 1 person from Risk had to approve, until 9"
            " March 2026 at 18:05."
        ),
    ]
    assert texts(told, "What people did") == [
        "A person from Finance approved it on 9 March 2026 at 14:07.",
        "A person from Risk approved it on 9 March 2026 at 14:08.",
    ]
    assert texts(told, "What happened then") == [
        "The software may do it; it has not reported that it did."
    ]


def test_staff_have_roles_and_values_are_masked() -> None:
    told = approved().explain(AFFECTED)
    whole = str(as_data(told))
    for secret in ("Alice", "Archer", "Bob", "Baker", "Ines", "Caldeira", "DE8937040044"):
        assert secret not in whole
    (people,) = (each for each in told.sections if each.title == "What people did")
    assert people.sentences[0].details == (
        "The reason given was: “a person from Risk has looked at [IBAN ••••3000].”",
    )
    assert people.sentences[1].details == ("They had the page open for 41 seconds.",)


def test_the_officer_reads_the_names_that_the_affected_person_does_not() -> None:
    whole = str(as_data(approved().explain(Audience.OFFICER)))
    assert [name in whole for name in ("Alice Archer", "Bob Baker", "Ines Caldeira")] == [True] * 3


def test_staff_who_did_nothing_here_are_not_named_either() -> None:
    book = Book()
    book.submitted(reason="Zoe Zimmer asked; it is for Mr Zimmer.")
    book.voted(ALICE, "finance", "deny", reason="Ask Zoe, or Mr Zimmer.")
    book.ended("denied", ALICE)
    told = book.explain(AFFECTED, staff=["Zoe Zimmer"])
    assert texts(told, "What the software asked to do")[1] == (
        "The software gave this reason: “a member of staff asked; it is for Mr Zimmer.”"
    )
    assert told.why_not[0].sentences[0].details == (
        "The reason given was: “Ask a member of staff, or Mr a member of staff.”",
    )


def test_somebody_erased_is_no_name_that_is_hidden() -> None:
    book = Book()
    book.submitted(on_behalf_of="[erased]", reason="The person was erased.")
    book.voted(ALICE | {"name": "an erased person"}, "finance")
    said = texts(book.explain(AFFECTED), "What the software asked to do")
    assert said[1] == "The software gave this reason: “The person was erased.”"


def test_a_month_is_no_member_of_staff() -> None:
    book = Book()
    book.submitted()
    book.voted(ALICE | {"name": "March Hare"}, "finance", "deny", reason="Not before March.")
    book.ended("denied", ALICE)
    told = book.explain(AFFECTED)
    assert told.in_short[0].text == (
        "It was decided on 9 March 2026 at 13:07 by a person from Finance."
    )


def test_a_refusal_says_why_first_and_once() -> None:
    book = Book()
    book.submitted()
    book.voted(BOB, "risk", "deny", reason="No purchase order.")
    book.ended("denied", BOB)
    told = book.explain(AFFECTED)
    assert told.outcome == "A person refused this. The software did not decide it."
    (answer,) = told.why_not
    assert (answer.question, answer.sentences[0].text, answer.sentences[0].details) == (
        "Why was it not approved?",
        "A person from Risk refused it. One “no” is enough.",
        ("The reason given was: “No purchase order.”",),
    )
    assert str(as_data(told)).count("No purchase order.") == 1
    assert texts(told, "What happened then") == [
        "The software got no permission, and so it was not done."
    ]


@pytest.mark.parametrize(
    ("status", "outcome", "short"),
    [
        ("allowed", "This was allowed automatically. No person decided it.",
         "Fixed rules, which people of the organisation had written, decided it."),
        ("blocked", "This was refused automatically. No person decided it.",
         "Fixed rules, which people of the organisation had written, decided it."),
        ("expired", "Nobody decided this in time, so it was not approved.",
         "Silence is never taken for a yes: what nobody decides is not done."),
        ("cancelled", "This was called off before anybody decided it.", ""),
    ],
)  # fmt: skip
def test_what_no_person_decided_says_so(status: str, outcome: str, short: str) -> None:
    book = Book()
    book.submitted()
    book.ended(status)
    told = book.explain(AFFECTED)
    assert told.outcome == outcome
    assert [each.text for each in told.in_short] == ([short] if short else [])


def test_what_is_open_is_not_decided_yet() -> None:
    book = Book()
    book.submitted()
    told = book.explain(AFFECTED)
    assert (told.status, told.outcome) == ("pending", "This has not been decided yet.")
    assert texts(told, "Why is it not decided yet?") == [
        "It is still open: not everybody has answered."
    ]


def test_contesting_names_the_right_the_contact_and_the_reference() -> None:
    automatic, by_people = Book(), approved()
    automatic.submitted()
    automatic.ended("blocked")
    contact = "Write to objections@acme.example."
    assert automatic.explain(AFFECTED, contact=contact).contest == (
        (
            "No person took part in this decision. Where Article 22 of the GDPR applies to it,"
            " you may ask that a person looks at it, say how you see it, and contest it."
        ),
        contact,
        f"Name this reference: {REQUEST}.",
    )
    assert by_people.explain(AFFECTED, tenant="Acme Bank").contest == (
        (
            "You may ask which part the software had in this decision and what it rests on"
            " (Article 86 of the EU AI Act, where it applies), and contest it."
        ),
        (
            "Acme Bank has not named a contact for this. Write to the address at which you"
            " deal with it."
        ),
        f"Name this reference: {REQUEST}.",
    )
    assert by_people.explain(Audience.OFFICER).contest == ()


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("succeeded", "The software reported that it has done it."),
        ("failed", "The software reported that it tried, and failed."),
        ("rolled_back", "The software reported that it did it and then undid it."),
    ],
)
def test_what_was_done_with_the_permission(outcome: str, words: str) -> None:
    book = approved()
    book.add("grant.redeemed", PAYER, "used")
    book.add(
        "execution.reported", PAYER, "done", outcome=outcome,
        cost='{"amount": "1.20", "currency": "EUR"}',
    )  # fmt: skip
    (then,) = (each for each in book.explain(AFFECTED).sections if "then" in each.title)
    assert [(each.text, each.details) for each in then.sentences] == [
        (words, ("It cost EUR 1.20.",))
    ]


def test_what_was_done_and_taken_back_says_both() -> None:
    book = approved()
    book.add("execution.reported", PAYER, "payer reported it", outcome="succeeded")
    book.add("action_request.undo_asked", BOB, "Bob asked that it is taken back", reason="Twice.")
    book.add("execution.undone", SYSTEM, "It was taken back", before="succeeded")
    told = book.explain(AFFECTED)
    every = [each.text for section in told.sections for each in section.sentences]
    said = [
        "The software reported that it has done it.",
        "It was taken back afterwards, by another action.",
    ]
    assert [each for each in every if each in said] == said


HELD = "Something besides the rules held it."
STOPPED = (
    "A person had stopped this software, or this kind of action, before. Nobody looked at this"
    " request by itself."
)
MAY_ASK = (
    "Where Article 22 of the GDPR applies to it, you may ask that a person looks at it, say how you"
    " see it, and contest it."
)


@pytest.mark.parametrize(
    ("code", "short", "part", "why"),
    [
        ("killed", STOPPED,
         "A person stopped the software, or this kind of action, and did not look at this request.",
         "The organisation had stopped this software, or this kind of action, at that time."),
        ("budget_exceeded", HELD, "No person took part in this decision.",
         "What the software may spend or do was used up, or would have been passed."),
        ("throttled", HELD, "No person took part in this decision.",
         "What the software may spend or do was used up, or would have been passed."),
        ("recommend_only", HELD, "No person took part in this decision.",
         "The software may only recommend this, and a person has to do it."),
    ],
)  # fmt: skip
def test_what_something_besides_the_rules_refused_is_not_laid_to_the_rules(
    code: str, short: str, part: str, why: str
) -> None:
    book = Book()
    book.submitted()
    book.ended("blocked", refusals=[{"code": code, "sentence": "It is held."}])
    told = book.explain(AFFECTED)
    assert [each.text for each in told.in_short] == [short]
    assert told.contest[0] == f"{part} {MAY_ASK}"
    assert texts(told, "What the rules say") == [why]


def test_what_a_guardrail_wants_a_person_for_was_not_refused_by_it() -> None:
    book = Book()
    book.submitted(demands=[{"code": "guardrail_ask", "sentence": "IBAN at /to."}])
    book.voted(ALICE, "finance")
    book.ended("approved", ALICE)
    assert texts(book.explain(AFFECTED), "What the rules say")[0] == (
        "What the software wrote holds something for which the organisation wants a person to look"
        " at it."
    )
