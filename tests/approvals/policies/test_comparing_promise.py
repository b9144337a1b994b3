"""What does not weaken makes no outcome looser: the promise behind comparing."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from approvals.policies import Evaluation, Policy, RequirementSpec, evaluate
from approvals.policies.comparing import compare_policies
from tests.approvals.policies.builders import compare, facts, rule
from tests.approvals.policies.flows import FLOWS, Document, over, policy
from tests.approvals.policies.rule_strategies import payloads

RANK = {"allow": 0, "require_approval": 1, "deny": 2}


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
