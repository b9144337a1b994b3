"""Whether new rules tighten or weaken: a table of changes, and the reasons in words."""

from __future__ import annotations

import pytest

from approvals.policies import Policy
from approvals.policies.comparing import compare_policies
from tests.approvals.policies.builders import compare, rule
from tests.approvals.policies.flows import FINANCE, RISK, over, policy

ALL = rule("small", then="allow")


APPROVE = rule("large", conditions=over(100))


DENY = rule("huge", then="deny", conditions=over(1000))


# what is changed, the rules before, the rules after, the direction
TABLE: list[tuple[str, Policy, Policy, str]] = [
    ("nothing", policy(ALL, APPROVE), policy(ALL, APPROVE), "same"),
    ("the order", policy(ALL, APPROVE, DENY), policy(DENY, ALL, APPROVE), "same"),
    ("a name", policy(ALL), policy(ALL | {"id": "tiny"}), "same"),
    ("a note", policy(ALL), policy(ALL | {"note": "Read me."}), "same"),
    ("threshold of approval up", policy(ALL, APPROVE),
     policy(ALL, rule("large", conditions=over(200))), "weakens"),
    ("threshold of approval down", policy(ALL, APPROVE),
     policy(ALL, rule("large", conditions=over(50))), "tightens"),
    ("threshold of denial up", policy(ALL, DENY),
     policy(ALL, rule("huge", then="deny", conditions=over(2000))), "weakens"),
    ("threshold of denial down", policy(ALL, DENY),
     policy(ALL, rule("huge", then="deny", conditions=over(999))), "tightens"),
    ("from over to at least", policy(ALL, APPROVE),
     policy(ALL, rule("large", conditions=over(100, "gte"))), "tightens"),
    ("threshold of allowing up", policy(rule("small", then="allow", conditions=over(100, "lt"))),
     policy(rule("small", then="allow", conditions=over(200, "lt"))), "weakens"),
    ("threshold of allowing down", policy(rule("small", then="allow", conditions=over(100, "lt"))),
     policy(rule("small", then="allow", conditions=over(50, "lt"))), "tightens"),
    ("approval down, allowing up to there, as one",
     policy(rule("small", then="allow", conditions=over(100, "lte")), APPROVE),
     policy(rule("small", then="allow", conditions=over(50, "lte")),
            rule("large", conditions=over(50))), "tightens"),
    ("approval up, where nothing allows what falls out",
     policy(rule("small", then="allow", conditions=over(100, "lte")), APPROVE),
     policy(rule("small", then="allow", conditions=over(100, "lte")),
            rule("large", conditions=over(200))), "tightens"),
    ("approval up, where something allows a part of what falls out",
     policy(rule("small", then="allow", conditions=over(101, "lte")), APPROVE),
     policy(rule("small", then="allow", conditions=over(101, "lte")),
            rule("large", conditions=over(200))), "both"),
    ("an approval split in two", policy(ALL, APPROVE),
     policy(ALL, rule("large", conditions={"all": [over(100), over(500, "lte")]}),
            rule("larger", conditions=over(500)), rule("rest", conditions=over(100))), "same"),
    ("the split by numbers", policy(ALL, APPROVE),
     policy(ALL, rule("a", conditions=compare("payload.amount", "between", [100, 500])),
            rule("b", conditions=over(500))), "tightens"),
    ("a denial gone", policy(ALL, DENY), policy(ALL), "weakens"),
    ("a denial new", policy(ALL), policy(ALL, DENY), "tightens"),
    ("an approval gone, everything allowed then", policy(ALL, APPROVE), policy(ALL), "weakens"),
    ("an approval gone, denied by default then", policy(APPROVE), policy(), "tightens"),
    ("an approval new, denied by default before", policy(), policy(APPROVE), "weakens"),
    ("an approval new, where all was allowed", policy(ALL), policy(ALL, APPROVE), "tightens"),
    ("an allowance new", policy(APPROVE), policy(APPROVE, ALL), "weakens"),
    ("an allowance gone", policy(ALL), policy(), "tightens"),
    ("from asking to denying", policy(ALL, APPROVE),
     policy(ALL, rule("large", then="deny", conditions=over(100))), "tightens"),
    ("from denying to asking", policy(ALL, DENY),
     policy(ALL, rule("huge", conditions=over(1000))), "weakens"),
    ("from allowing to asking", policy(ALL), policy(rule("small")), "tightens"),
    ("from asking to allowing", policy(rule("small")), policy(ALL), "weakens"),
    # what has no amount was denied by default, and now people can approve it
    ("from allowing some to asking", policy(rule("a", then="allow", conditions=over(9, "lt"))),
     policy(rule("a", conditions=over(9, "lt"))), "unknown"),
    ("a condition more on an approval", policy(ALL, APPROVE),
     policy(ALL, rule("large", conditions={"all": [over(100), compare("confidence", "lt", 0.9)]})),
     "weakens"),
    ("a condition less on an approval", policy(
        ALL, rule("large", conditions={"all": [over(100), compare("confidence", "lt", 0.9)]})),
     policy(ALL, APPROVE), "tightens"),
    ("another field", policy(ALL, APPROVE),
     policy(ALL, rule("large", conditions=compare("payload.total", "gt", 100))), "both"),
    ("another pattern", policy(
        ALL, rule("a", then="deny", conditions=compare("payload.iban", "matches", "^DE"))),
     policy(ALL, rule("a", then="deny", conditions=compare("payload.iban", "matches", "^FR"))),
     "unknown"),
    ("a list longer", policy(
        ALL, rule("a", then="deny", conditions=compare("payload.to", "in", ["x"]))),
     policy(ALL, rule("a", then="deny", conditions=compare("payload.to", "in", ["x", "y"]))),
     "tightens"),
    ("categories fewer for an approval", policy(ALL, APPROVE),
     policy(ALL, rule("large", category="payments.transfer", conditions=over(100))), "weakens"),
    ("environment on a denial", policy(ALL, DENY),
     policy(ALL, DENY | {"when": DENY["when"] | {"environment": ["production"]}}), "weakens"),
    ("environment on an allowance", policy(ALL),
     policy(ALL | {"when": ALL["when"] | {"environment": ["test"]}}), "tightens"),
    ("fewer seats", policy(ALL, APPROVE), policy(ALL, APPROVE | {"flow": "one"}), "weakens"),
    ("more seats", policy(ALL, APPROVE | {"flow": "one"}), policy(ALL, APPROVE), "tightens"),
    ("more of the same seat", policy(ALL, APPROVE | {"flow": "one"}),
     policy(ALL, APPROVE | {"flow": "two-of-finance"}), "tightens"),
    ("another group", policy(ALL, APPROVE | {"flow": "two-of-finance"}),
     policy(ALL, APPROVE), "both"),
    ("a longer deadline", policy(ALL, APPROVE), policy(ALL, APPROVE | {"flow": "slow"}), "weakens"),
    ("somebody left out", policy(ALL, APPROVE),
     policy(ALL, APPROVE | {"flow": "not-interns"}), "tightens"),
    ("nobody left out any more", policy(ALL, APPROVE | {"flow": "not-interns"}),
     policy(ALL, APPROVE), "weakens"),
    ("anybody instead of two groups", policy(ALL, APPROVE),
     policy(ALL, APPROVE | {"flow": "anyone"}), "weakens"),
    ("fewer groups to come from", policy(ALL, APPROVE | {"flow": "different"}),
     policy(ALL, APPROVE | {"flow": "fewer-groups"}), "tightens"),
    ("different groups instead of anybody", policy(ALL, APPROVE | {"flow": "anyone"}),
     policy(ALL, APPROVE | {"flow": "different"}), "tightens"),
    ("the manager instead of a group", policy(ALL, APPROVE | {"flow": "one"}),
     policy(ALL, APPROVE | {"flow": "manager"}), "both"),
    ("a login no more", policy(ALL, APPROVE | {"obligations": {"login": True}}),
     policy(ALL, APPROVE), "weakens"),
    ("business hours instead of all", policy(ALL, APPROVE),
     policy(ALL, APPROVE | {"flow": "office"}), "weakens"),
    ("all hours instead of business hours", policy(ALL, APPROVE | {"flow": "office"}),
     policy(ALL, APPROVE), "tightens"),
    ("a deadline of more business hours", policy(ALL, APPROVE | {"flow": "slow"}),
     policy(ALL, APPROVE | {"flow": "office"}), "both"),
    ("somebody joins after so many business hours", policy(ALL, APPROVE | {"flow": "growing"}),
     policy(ALL, APPROVE | {"flow": "office-growing"}), "both"),
    ("asking again and handing over", policy(ALL, APPROVE | {"flow": "growing"}),
     policy(ALL, APPROVE | {"flow": "insisting"}), "same"),
    ("more who may join", policy(ALL, APPROVE),
     policy(ALL, APPROVE | {"flow": "growing"}), "weakens"),
    ("a stage more", policy(ALL, APPROVE | {"flow": "one"}),
     policy(ALL, APPROVE | {"flow": "in-turn"}), "tightens"),
    ("duties no longer separated", policy(ALL, APPROVE),
     policy(ALL, APPROVE | {"separation_of_duties": False}), "weakens"),
    ("duties separated", policy(ALL, APPROVE | {"separation_of_duties": False}),
     policy(ALL, APPROVE), "tightens"),
    ("a second factor no more", policy(ALL, APPROVE | {"obligations": {"step_up": True}}),
     policy(ALL, APPROVE), "weakens"),
    ("a delay, where there was none", policy(ALL),
     policy(ALL | {"obligations": {"delay": "10m"}}), "tightens"),
    ("a shorter delay", policy(ALL | {"obligations": {"delay": "1h"}}),
     policy(ALL | {"obligations": {"delay": "10m"}}), "weakens"),
    ("nobody is told any more", policy(ALL | {"obligations": {"notify": [FINANCE]}}),
     policy(ALL), "weakens"),
    ("another note", policy(ALL | {"obligations": {"attach_note": "A"}}),
     policy(ALL | {"obligations": {"attach_note": "B"}}), "same"),
    ("an obligation kept by a rule of another name",
     policy(ALL | {"obligations": {"delay": "1h"}}),
     policy(ALL, ALL | {"id": "all", "obligations": {"delay": "2h"}}), "tightens"),
    ("a later day", policy(ALL, rule("a", conditions=compare("time.date", "before", "2026-05-01"))),
     policy(ALL, rule("a", conditions=compare("time.date", "before", "2026-06-01"))), "tightens"),
    ("a day more", policy(ALL, rule("a", conditions=compare("payload.due", "after", "2026-05-01"))),
     policy(ALL, rule("a", conditions=compare("payload.due", "on_or_after", "2026-05-01"))),
     "tightens"),
    ("more findings", policy(
        ALL, rule("a", conditions=compare("guardrails.findings", "contains_any", ["pii"]))),
     policy(ALL, rule(
         "a", conditions=compare("guardrails.findings", "contains_any", ["pii", "secrets"]))),
     "tightens"),
    ("the default from denying to asking", policy(ALL), policy(ALL, default="one"), "weakens"),
    ("the default from asking to denying", policy(ALL, default="one"), policy(ALL), "tightens"),
    ("the default asks less", policy(default="four-eyes"), policy(default="one"), "weakens"),
    ("asked as by default", policy(default="one"),
     policy(rule("a"), default="one"), "tightens"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "direction"), [row[1:] for row in TABLE],
                         ids=[row[0] for row in TABLE])  # fmt: skip
def test_directions(before: Policy, after: Policy, direction: str) -> None:
    effect = compare_policies(before, after)
    assert effect.direction == direction, effect.reasons
    if direction == "same":
        assert effect.reasons == ()


MIRRORED = {"tightens": "weakens", "weakens": "tightens", "same": "same", "both": "both"}


@pytest.mark.parametrize(("before", "after", "direction"),
                         [row[1:] for row in TABLE if row[3] in MIRRORED],
                         ids=[row[0] for row in TABLE if row[3] in MIRRORED])  # fmt: skip
def test_the_way_back_is_the_opposite(before: Policy, after: Policy, direction: str) -> None:
    back = compare_policies(after, before).direction
    assert back in {MIRRORED[direction], "both" if direction == "tightens" else back}


def test_the_first_version_lets_through_what_was_blocked() -> None:
    effect = compare_policies(None, policy(ALL))
    assert [(effect.direction, each.sentence) for each in effect.reasons] == [
        ("weakens", "Until now every request was blocked, because no version was live.")
    ]


WORDS: list[tuple[Policy, Policy, list[str]]] = [
    (policy(ALL, APPROVE), policy(ALL, rule("large", conditions=over(200))),
     [("weakens: Rule large asks people in fewer cases: “amount over 200” instead of"
      " “amount over 100”.")]),
    (policy(ALL, DENY), policy(ALL),
     [("weakens: Rule huge is gone: what it denied is denied no more, unless another rule or the"
      " default does.")]),
    (policy(ALL, DENY), policy(ALL, rule("huge", conditions=over(1000))),
     ["weakens: Rule huge denied; now it asks people."]),
    (policy(ALL, APPROVE), policy(ALL, APPROVE | {"flow": "one"}),
     [("weakens: Rule large asks for “nobody from Risk” instead of “1 from Risk” in stage"
      " Review.")]),
    (policy(ALL, APPROVE | {"flow": "one"}), policy(ALL, APPROVE),
     [("tightens: Rule large asks for “1 from Risk” instead of “nobody from Risk” in stage"
      " Review.")]),
    (policy(ALL, APPROVE | {"flow": "not-interns"}), policy(ALL, APPROVE),
     [("weakens: Rule large asks for “1 from Finance” instead of “1 from Finance (anyone but"
      " Interns)” in stage Review.")]),
    (policy(ALL, APPROVE | {"obligations": {"login": True}}), policy(ALL, APPROVE),
     [("weakens: Rule large asks for “votes from a link or a chat” instead of “a login to"
      " vote”.")]),
    (policy(ALL, APPROVE), policy(ALL, APPROVE | {"flow": "office"}),
     [("weakens: Rule large asks for “within 4 business hours” instead of “within 4 hours” in stage"
      " Review.")]),
    (policy(ALL, APPROVE), policy(ALL, APPROVE | {"separation_of_duties": False}),
     [("weakens: Rule large asks for “the agent's owner may be one of them” instead of “the"
      " agent's owner may not approve”.")]),
    (policy(ALL, APPROVE | {"obligations": {"step_up": True, "notify": [RISK]}}),
     policy(ALL, APPROVE | {"obligations": {"notify": [RISK]}}),
     [("weakens: Rule large asks for “no fresh second factor” instead of “a fresh second"
      " factor”.")]),
    (policy(ALL), policy(ALL, default="one"),
     ["weakens: What no rule names was denied; now people are asked, who can approve it."]),
    (policy(ALL), policy(ALL, DENY), ["tightens: Rule huge is new: it denies what it names."]),
    (policy(default="four-eyes"), policy(APPROVE | {"flow": "one"}, default="four-eyes"),
     ["weakens: Rule large is new: it asks its own people where the default would have decided."]),
    (policy(), policy(ALL),
     ["weakens: Rule small is new: it allows what it names without asking anybody."]),
    (policy(ALL), policy(ALL | {"when": ALL["when"] | {"environment": ["test"]}}),
     ["tightens: Rule small allows in fewer cases: environment test instead of any."]),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "expected"), WORDS)
def test_reasons_in_words(before: Policy, after: Policy, expected: list[str]) -> None:
    reasons = compare_policies(before, after).reasons
    assert [f"{each.direction}: {each.sentence}" for each in reasons] == expected


def test_two_thousand_rules_are_compared_or_given_up() -> None:
    many = [rule(f"r{n}", then="deny", conditions=over(n)) for n in range(2000)]
    changed = [*many[:-1], rule("r1999", then="deny", conditions=over(5000))]
    other = [rule(f"r{n}", then="deny", conditions=over(n + 5000)) for n in range(2000)]
    assert compare_policies(policy(*many), policy(*changed)).direction == "same"
    assert compare_policies(policy(*many), policy(*other)).direction == "unknown"
