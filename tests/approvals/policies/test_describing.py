from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from approvals.policies import (
    Flow,
    Seat,
    describe_flow,
    describe_policy,
    describe_rule,
    load_policy,
    parse_policy,
)
from tests.approvals.policies.builders import compare, document, policy, rule
from tests.approvals.policies.test_loading import TEXT

A, C = "payload.amount", "payload.currency"


def sentence(**parts: Any) -> str:
    made = policy(rule(**{"then": "deny", **parts}))
    return describe_rule(made.rules[0], policy=made)


def test_the_documented_example() -> None:
    made = load_policy(TEXT)

    assert describe_rule(made.rules[0], policy=made) == (
        "When payments.* in production by an agent labelled finance and of tier low or medium "
        "has amount over 10000: 1 from Finance and 1 from Risk must approve within 4 hours; "
        "reminders after 1 hour and 2 hours; after 2 hours Managers are added; "
        "nobody answering means it expires."
    )


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        (compare(A, "gt", "10000.00"), "amount over 10000.00"),
        (compare(A, "gte", 5), "amount of at least 5"),
        (compare(A, "lt", 0.5), "amount under 0.5"),
        (compare(A, "lte", -5), "amount of at most -5"),
        (compare(A, "between", [1, 2]), "amount between 1 and 2"),
        (compare(C, "eq", "EUR"), "currency EUR"),
        (compare(C, "ne", "EUR"), "currency other than EUR"),
        (compare(C, "in", ["EUR", "USD"]), "currency one of EUR or USD"),
        (compare(C, "not_in", ["EUR", "USD"]), "currency none of EUR and USD"),
        (compare(C, "contains", "a b"), 'currency containing "a b"'),
        (compare(C, "starts_with", "E"), "currency starting with E"),
        (compare(C, "ends_with", "R"), "currency ending with R"),
        (compare(C, "matches", "^E{1}$"), "currency matching ^E{1}$"),
        (compare(C, "exists"), "currency given"),
        (compare(C, "absent"), "currency not given"),
        (compare("category.reversible", "eq", False), "an irreversible category"),
        (compare("payload.to.bank_name", "eq", "\u202ex"), 'to.bank name "\\u{202e}x"'),
        (compare("time.business_hours", "eq", False), "a time outside business hours"),
        (
            compare("history.first_for_target", "ne", True),
            "other than a target that is new",
        ),
        (compare("guardrails.findings", "absent"), "guardrail findings not given"),
        (
            compare("guardrails.findings", "contains_any", ["pii", "secret"]),
            "guardrail findings containing any of pii or secret",
        ),
        (
            compare("payload.tags", "contains_all", ["a", "b"]),
            "tags containing all of a and b",
        ),
        (
            compare("run.categories", "contains_none", ["a", "b"]),
            "earlier categories in this run containing none of a and b",
        ),
        (
            compare("run.count.payments.*", "gte", 3),
            "number of earlier payments.* actions in this run of at least 3",
        ),
        (compare("time.date", "on_or_after", "2026-12-24"), "date on or after 2026-12-24"),
        (compare("payload.due", "before", "2026-12-24 18:00"), "due before 2026-12-24 18:00"),
        # What would read like something else is marked.
        (compare(C, "eq", "5"), 'currency "5"'),
        (compare(C, "eq", 5), "currency 5"),
        (compare(C, "eq", "true"), 'currency "true"'),
        (compare(C, "eq", "given"), 'currency "given"'),
        (compare(C, "eq", 'a"b'), 'currency "a\\"b"'),
        (compare(C, "eq", "a\\u{7}"), 'currency "a\\\\u{7}"'),
        (compare(C, "in", ["a,b", "c"]), 'currency one of "a,b" or c'),
        (compare("payload.environment", "eq", "x"), "payload environment x"),
        (compare("payload.payload_x", "eq", "x"), "payload payload x x"),
        (compare("payload.amount_over", "eq", 5), "amount_over 5"),
        ({"not": compare(A, "gt", 5)}, "not (amount over 5)"),
        (
            {"any": [compare(A, "gt", 5), {"all": [compare(C, "exists"), compare(A, "lt", 1)]}]},
            "amount over 5 or (currency given and amount under 1)",
        ),
        (
            {"all": [{"any": [compare(A, "gt", 5)]}, {"not": {"any": [compare(C, "exists")] * 2}}]},
            "amount over 5 and not (currency given or currency given)",
        ),
    ],
)
def test_conditions_in_words(tree: dict[str, Any], words: str) -> None:
    assert sentence(conditions=tree) == f"When payments.* has {words}: it is denied."


def test_what_a_rule_applies_to() -> None:
    assert sentence(category=["a", "b.*"]) == "When a or b.*: it is denied."
    assert sentence(category=["a", "*"]) == "When any action: it is denied."
    assert sentence(environment=["test", "staging"]) == (
        "When payments.* in test or staging: it is denied."
    )
    assert sentence(agent={"tiers": ["low"]}) == (
        "When payments.* by an agent of tier low: it is denied."
    )


def test_an_allow_rule() -> None:
    made = policy(rule(then="allow"))

    assert describe_rule(made.rules[0], policy=made) == (
        "When payments.*: it is allowed without asking anybody."
    )


@pytest.mark.parametrize(
    ("seat", "words"),
    [
        ({"manager": "agent_owner"}, "the manager of the agent's owner"),
        ({"anyone": "approver", "count": 2}, "2 with the right to approve"),
        (
            {"anyone": "approver", "but": [{"group": "it"}, {"person": "a@b.c"}]},
            "1 with the right to approve (anyone but It or a@b.c)",
        ),
        ({"groups": ["risk", "legal"], "count": 2}, "2 from different groups (Legal, Risk)"),
        ({"groups": ["risk", "legal"]}, "1 from one of these groups (Legal, Risk)"),
        (
            {"group": "risk", "but": [{"manager": "agent_owner"}]},
            "1 from Risk (anyone but the manager of the agent's owner)",
        ),
    ],
)
def test_seats_in_words(seat: dict[str, Any], words: str) -> None:
    made = policy(rule(flow="one"))
    stage = replace(made.flows["one"].stages[0], seats=(Seat.from_dict(seat),))

    assert describe_flow(Flow("one", (stage,))) == (
        f"{words[0].upper()}{words[1:]} must approve within 4 hours; "
        "nobody answering means it expires."
    )


def test_a_rule_says_what_it_asks_for_besides() -> None:
    asked = {
        "step_up": True,
        "login": True,
        "delay": "10m",
        "attach_note": 'See "treasury".',
        "notify": [{"group": "internal-audit"}, {"person": "ann@example.com"}],
    }
    made = policy(rule(flow="one", obligations=asked))

    assert describe_rule(made.rules[0], policy=made) == (
        "When payments.*: 1 from Finance must approve within 4 hours; "
        "nobody answering means it expires; "
        "each of them confirms the vote with a second factor; "
        "each of them has to log in to vote; "
        "once approved, the agent gets its permission only 10 minutes later; "
        "Internal audit and ann@example.com are told; "
        'this note is attached: "See \\"treasury\\".".'
    )
    allowed = {"delay": "2h", "notify": [{"person": "ann@example.com"}]}
    assert sentence(then="allow", obligations=allowed) == (
        "When payments.*: it is allowed without asking anybody; "
        "the agent gets its permission only 2 hours later; ann@example.com is told."
    )
    assert sentence(obligations={"notify": [{"role": "compliance"}]}) == (
        "When payments.*: it is denied; the role compliance is told."
    )
    assert sentence(obligations={"notify": [{"group": "finance"}]}) == (
        "When payments.*: it is denied; Finance are told."
    )
    assert sentence(obligations={"attach_note": "x" * 500}) == (
        f'When payments.*: it is denied; this note is attached: "{"x" * 500}".'
    )


def test_a_whole_policy_ends_with_its_default() -> None:
    made = parse_policy(document(rule(flow="one", separation_of_duties=False)))

    assert describe_policy(made) == [
        (
            "When payments.*: 1 from Finance must approve within 4 hours; "
            "the agent's owner may be one of them; nobody answering means it expires."
        ),
        (
            "When no rule matches: 1 from Finance must approve within 4 hours; "
            "nobody answering means it expires."
        ),
    ]
    assert describe_policy(policy(default="deny")) == ["When no rule matches: it is denied."]


def test_a_flow_of_several_stages() -> None:
    flow = Flow.from_dict(
        {
            "name": "long",
            "stages": [
                {
                    "name": "One",
                    "seats": [{"role": "compliance", "count": 2}, {"group": "on-call_clinicians"}],
                    "deadline": "90m",
                    "escalations": [
                        {"after": "1h", "add": [{"person": "ann@example.com"}]},
                        {"after": "80m", "add": [{"group": "a"}, {"role": "owner"}]},
                    ],
                },
                {"name": "Two", "seats": [{"person": "bob@example.com"}], "deadline": "1d"},
            ],
        }
    )

    assert describe_flow(flow) == (
        "First 2 with the role compliance and 1 from On call_clinicians must approve within "
        "90 minutes; after 1 hour ann@example.com is added; after 80 minutes A and the role owner "
        "are added; then bob@example.com must approve within 1 day; "
        "nobody answering means it expires."
    )


def test_a_stage_that_counts_business_hours_and_asks_again() -> None:
    managers = {"add": [{"group": "managers"}]}
    ann = {"add": [{"person": "ann@example.com"}], "hand_over": True}
    flow = Flow.from_dict(
        {
            "name": "patient",
            "stages": [
                {
                    "name": "One",
                    "seats": [{"group": "finance"}],
                    "deadline": "48h",
                    "counting": "business_hours",
                    "reminders": ["1h", "24h"],
                    "escalations": [
                        {"after": "8h", "repeat": {"every": "30m", "times": 3}, **managers},
                        {"after": "16h", "repeat": {"every": "2h", "times": 1}, **ann},
                        {"after": "20h", "hand_over": True, **managers},
                    ],
                },
            ],
        }
    )

    assert describe_flow(flow) == (
        "1 from Finance must approve within 48 business hours; reminders after 1 business hour and "
        "24 business hours; after 8 business hours Managers are added, and everybody is asked "
        "again every 30 business minutes, 3 times; after 16 business hours it is handed over to "
        "ann@example.com, who is asked again after another 2 business hours; the others may still "
        "approve; after 20 business hours it is handed over to Managers; the others may still "
        "approve; nobody answering means it expires."
    )


def test_sentences_leave_nothing_out_so_that_every_difference_shows() -> None:
    values = [f"v{number}" for number in range(500)]

    assert sentence(conditions=compare(C, "in", values)) == (
        f"When payments.* has currency one of {', '.join(values[:-1])} or v499: it is denied."
    )
    assert "x" * 1000 in sentence(conditions=compare(C, "eq", "x" * 1000))
