"""Whether new rules tighten or weaken: a table, and the promise behind it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from approvals.policies import Evaluation, Policy, RequirementSpec, evaluate, parse_policy
from approvals.policies.comparing import compare_policies
from tests.approvals.policies.builders import compare, facts, rule
from tests.approvals.policies.rule_strategies import payloads

RANK = {"allow": 0, "require_approval": 1, "deny": 2}
Document = dict[str, Any]


def stage(
    *seats: Any, deadline: str = "4h", name: str = "Review", escalations: Any = (), **more: Any
) -> Document:
    made: Document = {"name": name, "seats": [*seats], "deadline": deadline, **more}
    return made | ({"escalations": [*escalations]} if escalations else {})


FINANCE: Document = {"group": "finance"}
RISK: Document = {"group": "risk"}
MANAGERS_JOIN = ({"after": "2h", "add": [{"group": "managers"}]},)
FLOWS: dict[str, list[Document]] = {
    "one": [stage(FINANCE)],
    "four-eyes": [stage(FINANCE, RISK)],
    "two-of-finance": [stage({"group": "finance", "count": 2})],
    "slow": [stage(FINANCE, RISK, deadline="8h")],
    "growing": [stage(FINANCE, RISK, escalations=MANAGERS_JOIN)],
    "office": [stage(FINANCE, RISK, counting="business_hours")],
    "office-growing": [stage(FINANCE, RISK, counting="business_hours", escalations=MANAGERS_JOIN)],
    "insisting": [
        stage(
            FINANCE,
            RISK,
            escalations=(
                {**MANAGERS_JOIN[0], "hand_over": True, "repeat": {"every": "30m", "times": 3}},
            ),
        )
    ],
    "in-turn": [stage(FINANCE), stage(RISK, name="Second")],
    "not-interns": [stage(FINANCE | {"but": [{"group": "interns"}]}, RISK)],
    "anyone": [stage({"anyone": "approver", "count": 2})],
    "different": [stage({"groups": ["finance", "legal", "risk"], "count": 2})],
    "fewer-groups": [stage({"groups": ["finance", "risk"], "count": 2})],
    "manager": [stage({"manager": "agent_owner"})],
}


def policy(*rules: Document, default: str = "deny") -> Policy:
    named = {each.get("flow") for each in rules} | ({default} if default != "deny" else set())
    made: Document = {
        "version": 1,
        "default": "deny",
        "flows": {name: {"stages": stages} for name, stages in FLOWS.items() if name in named},
        "rules": [*rules],
    }
    if default != "deny":
        made |= {"default": "require_approval", "default_flow": default}
    return parse_policy(made)


def over(amount: int, op: str = "gt") -> Document:
    return compare("payload.amount", op, amount)


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


# The promise: what is said not to weaken makes no outcome looser, whatever is asked.

leaves = st.one_of(
    st.builds(
        compare,
        st.sampled_from(["payload.amount", "confidence"]),
        st.sampled_from(["gt", "gte", "lt", "lte", "eq", "ne"]),
        st.sampled_from([0, 0.82, 1, 10, 100]),
    ),
    st.builds(
        compare,
        st.just("payload.memo"),
        st.sampled_from(["eq", "ne", "starts_with", "ends_with", "contains", "matches"]),
        st.sampled_from(["a", "ab", "b"]),
    ),
    st.builds(
        compare,
        st.just("payload.memo"),
        st.sampled_from(["in", "not_in"]),
        st.lists(st.sampled_from(["a", "ab", "b"]), min_size=1, max_size=2, unique=True),
    ),
    st.builds(
        compare,
        st.sampled_from(["payload.amount", "payload.memo", "payload.to.iban"]),
        st.sampled_from(["exists", "absent"]),
    ),
    st.builds(compare, st.just("agent.tier"), st.just("eq"), st.sampled_from(["low", "high"])),
    st.builds(compare, st.just("payload.flag"), st.sampled_from(["eq", "ne"]), st.booleans()),
    st.builds(
        compare, st.just("agent.labels"), st.just("contains"), st.sampled_from(["finance", "x"])
    ),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda each: {"all": each}),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: {"any": each}),
        inner.map(lambda each: {"not": each}),
    ),
    max_leaves=4,
)
guards = st.fixed_dictionaries(
    {},
    optional={
        "environment": st.sampled_from([["production"], ["test"], ["production", "test"]]),
        "agent": st.sampled_from([{"labels": ["finance"]}, {"tiers": ["low", "high"]}]),
    },
)
outcomes = st.sampled_from(["allow", "deny", "require_approval"])
categories = st.sampled_from(["*", "payments.*", "payments.transfer"])


obligations = st.fixed_dictionaries(
    {},
    optional={
        "delay": st.sampled_from(["10m", "1h"]),
        "notify": st.sampled_from([[{"group": "finance"}], [{"group": "risk"}]]),
    },
)


@st.composite
def rules(draw: st.DrawFn, name: str) -> Document:
    then = draw(outcomes)
    made = rule(
        name, then=then, category=draw(categories), conditions=draw(st.none() | trees),
        **draw(guards),
    )  # fmt: skip
    if then == "require_approval":
        made["flow"] = draw(st.sampled_from(sorted(FLOWS)))
        made["separation_of_duties"] = draw(st.booleans())
    asked = draw(obligations)
    if then == "deny":
        asked.pop("delay", None)
    if asked:
        made["obligations"] = asked
    return made


@st.composite
def changed(draw: st.DrawFn, former: Document) -> list[Document]:
    """What a hand may do to one rule: leave it, drop it, or change one part of it."""
    other = draw(rules(former["id"]))
    when = dict(former["when"])
    what = draw(st.sampled_from(["keep", "keep", "drop", "when", "then", "part", "split", "more"]))
    match what:
        case "drop":
            return []
        case "when":
            return [former | {"when": other["when"]}]
        case "then":
            return [other | {"when": former["when"]}]
        case "part":
            key = draw(st.sampled_from(sorted(other["when"])))
            return [former | {"when": when | {key: other["when"][key]}}]
        case "more" if "conditions" in when:
            tree = {draw(st.sampled_from(["all", "any"])): [when["conditions"], draw(trees)]}
            return [former | {"when": when | {"conditions": tree}}]
        case "split":
            edge = draw(st.sampled_from([1, 10]))
            return [
                former
                | {
                    "id": f"{former['id']}-{op}",
                    "when": when
                    | {"conditions": {"all": [over(edge, op), *_listed(when.get("conditions"))]}},
                }
                for op in ("gt", "lte")
            ]
    return [former]


def _listed(tree: Any) -> list[Any]:
    return [] if tree is None else [tree]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Policy, Policy]:
    before = [draw(rules(f"r{n}")) for n in range(draw(st.integers(0, 4)))]
    after = [each for former in before for each in draw(changed(former))]
    if draw(st.booleans()):
        after.append(draw(rules("added")))
    defaults = st.sampled_from(["deny", "deny", "one", "four-eyes"])
    first = draw(defaults)
    second = draw(st.just(first) | defaults)
    return policy(*before, default=first), policy(*after, default=second)


requests = st.builds(
    facts,
    payload=st.one_of(
        payloads,
        st.fixed_dictionaries(
            {},
            optional={
                "amount": st.sampled_from([0, 1, 5, 10, 50, 100, 101, "7.00", "x", None]),
                "memo": st.sampled_from(["a", "ab", "b", "ba", 3]),
                "flag": st.booleans(),
            },
        ),
    ),
    environment=st.sampled_from(["", "production", "test", "else"]),
    agent_tier=st.sampled_from(["", "low", "high"]),
    agent_labels=st.sampled_from([frozenset(), frozenset({"finance"}), frozenset({"x"})]),
    confidence=st.none() | st.just(facts().confidence),
    category=st.sampled_from(["payments.transfer", "payments.refund", "crm.read"]),
)


def is_met_by(demanded: RequirementSpec, offered: RequirementSpec) -> bool:
    """Written without the code under test: as many of each group, as soon, duties as separate."""
    mine, theirs = (
        Counter({seat.key: 0 for seat in each.flow.seats}) for each in (offered, demanded)
    )
    for counts, each in ((mine, offered), (theirs, demanded)):
        for seat in each.flow.seats:
            counts[seat.key] += seat.count
    longest = [max(stage.deadline for stage in each.flow.stages) for each in (offered, demanded)]
    joining = [
        {
            added.key
            for stage in each.flow.stages
            for rise in stage.escalations
            for added in rise.add
        }
        for each in (offered, demanded)
    ]
    return (
        theirs <= mine
        and longest[0] <= longest[1]
        and joining[0] <= joining[1]
        and offered.separation_of_duties >= demanded.separation_of_duties
    )


def asks_less(after: Evaluation, before: Evaluation) -> bool:
    """Beside the outcome; what is denied has nothing more to ask for."""
    now, was = after.obligations, before.obligations
    never = timedelta(0)
    return (now.delay or never) < (was.delay or never) or not set(was.notify) <= set(now.notify)


def is_looser(after: Evaluation, before: Evaluation) -> bool:
    if after.outcome != before.outcome:
        return RANK[after.outcome] < RANK[before.outcome]
    return after.outcome == "require_approval" and not all(
        any(is_met_by(demanded, offered) for offered in after.requirements)
        for demanded in before.requirements
    )


@settings(max_examples=200)
@given(pairs(), st.lists(requests, min_size=5, max_size=25))
def test_what_does_not_weaken_makes_no_outcome_looser(
    pair: tuple[Policy, Policy], asked: list[Any]
) -> None:
    before, after = pair
    direction = compare_policies(before, after).direction
    event(direction)
    for request in asked:
        was, now = evaluate(before, request), evaluate(after, request)
        if direction in {"tightens", "same"}:
            assert not is_looser(now, was)
            assert now.outcome == "deny" or not asks_less(now, was)
        if direction in {"weakens", "same"}:
            assert not is_looser(was, now)
            assert was.outcome == "deny" or not asks_less(was, now)
