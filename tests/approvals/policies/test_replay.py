"""The replay of recorded requests: what it calls a change, and that its figures add up."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.policies import Facts, Policy, evaluate
from approvals.policies.demands import NOTHING_ASKED, Crowd, Demand, compare_demands
from approvals.policies.replay import Change, Decided, Recorded, Replay, demand_of
from approvals.policies.rules import OUTCOMES
from tests.approvals.policies.builders import WEDNESDAY, compare, facts, policy, rule

CROWD = Crowd(
    groups={"finance": {"ann@x", "bea@x"}, "risk": {"cem@x"}},
    roles={},
    people={"ann@x", "bea@x", "cem@x"},
    holders={"payments.transfer": {"ann@x", "bea@x", "cem@x"}},
)
ASKS = policy(rule("all"))
FREE = policy(rule("all", then="allow"))
SHUT = policy(rule("all", then="deny"))


def decided(by: Policy, known: Facts) -> Decided:
    """How these rules decided then, as it would have been recorded."""
    found = evaluate(by, known)
    return Decided(found.outcome, found.because, demand_of(found.requirements))


def recorded(
    by: Policy, ident: int = 0, side: frozenset[str] = frozenset(), **known: Any
) -> Recorded:
    made = facts(**known)
    return Recorded(ident, made, decided(by, made), side)


def change(before: Policy, after: Policy, **known: Any) -> Change | None:
    return Replay(after, CROWD).add(recorded(before, **known))


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        (FREE, ASKS, "stricter"),
        (FREE, SHUT, "stricter"),
        (ASKS, SHUT, "stricter"),
        (ASKS, FREE, "looser"),
        (SHUT, ASKS, "looser"),
        (SHUT, FREE, "looser"),
    ],
)
def test_another_outcome_is_looser_or_stricter(
    before: Policy, after: Policy, direction: str
) -> None:
    found = change(before, after)
    assert found is not None
    assert found.direction == direction


@pytest.mark.parametrize("same", [FREE, ASKS, SHUT])
def test_the_same_outcome_by_the_same_people_is_no_change(same: Policy) -> None:
    assert change(same, same) is None


def asks(*seats: dict[str, Any], **more: Any) -> Policy:
    """A policy whose one rule asks these seats."""
    from approvals.policies import parse_policy

    return parse_policy(
        {
            "version": 1,
            "default": "deny",
            "flows": {"f": {"stages": [{"name": "s", "seats": list(seats), "deadline": "4h"}]}},
            "rules": [
                {
                    "id": "r", "when": {"category": "*"}, "then": "require_approval",
                    "flow": "f", **more,
                }
            ],
        }
    )  # fmt: skip


FINANCE, RISK = {"group": "finance"}, {"group": "risk"}
BOTH = asks(FINANCE, RISK)


@pytest.mark.parametrize(
    ("after", "direction"),
    [
        (asks(RISK, FINANCE), None),
        (asks(FINANCE), "looser"),
        (asks({"group": "finance", "count": 2}, RISK), "stricter"),
        (asks({"group": "finance", "count": 2}), "other"),
        (asks(FINANCE, {"group": "managers"}), "other"),
        (asks(FINANCE, RISK, separation_of_duties=False), "looser"),
        (asks(FINANCE, RISK, obligations={"step_up": True}), "stricter"),
        (asks(FINANCE, RISK, obligations={"delay": "5m"}), "stricter"),
        (asks(FINANCE, obligations={"step_up": True}), "other"),
        (asks(FINANCE, RISK, obligations={"login": True}), "stricter"),
        (asks(FINANCE, {"anyone": "approver"}), "looser"),
        (asks(FINANCE | {"but": [{"group": "interns"}]}, RISK), "stricter"),
        (asks({"groups": ["finance", "risk"]}, RISK), "looser"),
        # Who is in both could fill either, so that these two are not known to be of two groups.
        (asks({"groups": ["finance", "risk"], "count": 2}), "other"),
        (asks({"manager": "agent_owner"}, RISK), "other"),
        (asks(FINANCE, RISK, obligations={"attach_note": "Read it."}), None),
    ],
)
def test_the_same_outcome_by_others_is_compared_seat_by_seat(
    after: Policy, direction: str | None
) -> None:
    found = change(BOTH, after)
    assert (found and found.direction) == direction


def test_both_reasons_are_kept() -> None:
    found = change(policy(rule("old", then="deny")), policy(rule("new", then="allow")))
    assert found is not None
    assert (found.because_before, found.because) == (
        "it applies to payments.*", "it applies to payments.*",
    )  # fmt: skip


def test_two_policies_are_compared_as_engines_when_asked() -> None:
    """What was really decided does not matter then."""
    replay = Replay(FREE, CROWD, compared_with=SHUT)
    found = replay.add(recorded(ASKS))
    assert found is not None
    assert (found.before, found.after) == ("deny", "allow")


def test_people_of_a_group_share_its_votes() -> None:
    replay = Replay(BOTH, CROWD)
    for ident in range(3):
        replay.add(recorded(FREE, ident))
    found = replay.figures.to_dict()
    assert found["seats"] == [
        {
            "seat": seat,
            "requests": {"before": 0, "after": 3},
            "votes": {"before": 0, "after": 3},
        }
        for seat in ("group:finance", "group:risk")
    ]
    assert found["people"] == [
        {
            "person": person,
            "requests": {"before": 0, "after": 3},
            "votes": {"before": "0.0", "after": share},
        }
        for person, share in (("ann@x", "1.5"), ("bea@x", "1.5"), ("cem@x", "3.0"))
    ]


def test_one_vote_counts_in_each_flow_that_it_fits() -> None:
    two = policy(rule("a", flow="one"), rule("b", flow="one"), rule("c", flow="four-eyes"))
    replay = Replay(two, CROWD)
    replay.add(recorded(FREE))
    found: Any = replay.figures.to_dict()
    assert {each["seat"]: each["votes"]["after"] for each in found["seats"]} == {
        "group:finance": 1, "group:risk": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("side", "category", "impossible"),
    [
        (frozenset(), "payments.transfer", 0),
        (frozenset({"cem@x"}), "payments.transfer", 1),  # nobody else is in risk
        (frozenset({"ann@x"}), "payments.transfer", 0),
        (frozenset(), "payments.refund", 1),  # nobody has the right on it
    ],
)
def test_a_quorum_that_nobody_could_reach_is_counted(
    side: frozenset[str], category: str, impossible: int
) -> None:
    replay = Replay(BOTH, CROWD)
    replay.add(recorded(FREE, side=side, category=category))
    assert replay.figures.impossible == impossible


def test_what_has_to_be_known_of_the_past_is_what_either_policy_looks_at() -> None:
    run = policy(rule("new", conditions=compare("run.actions", "gt", 3)))
    history = policy(rule("new", conditions=compare("history.requests_last_day", "gt", 3)))
    found = [
        Replay(run, CROWD).needs("payments.transfer"),
        Replay(run, CROWD, compared_with=history).needs("payments.transfer"),
        Replay(run, CROWD).needs("notes.write"),
    ]
    assert found == [{"run"}, {"run", "history"}, set()]


def test_approvals_are_counted_by_the_tenants_own_days() -> None:
    replay = Replay(ASKS, CROWD)
    for hours in (0, 1, 24):
        replay.add(recorded(FREE, local_time=WEDNESDAY + timedelta(hours=hours)))
    assert replay.figures.to_dict()["days"] == [
        {"day": "2026-03-04", "before": 0, "after": 2},
        {"day": "2026-03-05", "before": 0, "after": 1},
    ]


POLICIES = st.sampled_from(
    [
        FREE, ASKS, SHUT, BOTH, asks(FINANCE), asks(RISK, separation_of_duties=False),
        policy(rule("large", conditions=compare("payload.amount", "gt", 500))),
        policy(rule("large", conditions=compare("payload.amount", "gt", 500)), default="deny"),
        policy(rule("some", category="notes.*", then="allow"), default="deny"),
    ]
)  # fmt: skip
KNOWN = st.fixed_dictionaries(
    {
        "category": st.sampled_from(["payments.transfer", "payments.refund", "notes.write"]),
        "category_known": st.booleans(),
        "payload": st.fixed_dictionaries(
            {"amount": st.sampled_from([None, "1", "501", "a lot", 900])}
        ),
        "local_time": st.sampled_from([WEDNESDAY, WEDNESDAY + timedelta(days=1)]),
    }
)
PAST = st.lists(st.tuples(POLICIES, KNOWN), max_size=12)


@given(PAST, POLICIES)
def test_a_replay_of_what_decided_changes_nothing(past: list[Any], rules: Policy) -> None:
    replay = Replay(rules, CROWD)
    assert [replay.add(recorded(rules, **known)) for _, known in past] == [None] * len(past)
    assert replay.figures.effect == ("same" if past else "unknown")


@given(PAST, POLICIES)
def test_the_counts_add_up(past: list[Any], rules: Policy) -> None:
    replay = Replay(rules, CROWD)
    changes = [replay.add(recorded(before, **known)) for before, known in past]
    found: Any = replay.figures.to_dict()
    changed = [each for each in changes if each is not None]
    assert found["requests"] == len(past)
    assert sum(found["before"].values()) == sum(found["after"].values()) == len(past)
    assert sum(move["requests"] for move in found["moves"]) == len(past)
    assert found["changes"]["all"] == len(changed)
    assert sum(found["changes"][each] for each in ("looser", "stricter", "other")) == len(changed)
    for when in ("before", "after"):
        asked = sum(day[when] for day in found["days"])
        assert asked == found[when]["require_approval"]
    assert sum(each["requests"] for each in found["categories"]) == len(past)


@given(PAST, POLICIES, POLICIES)
def test_the_other_way_round_is_the_opposite(past: list[Any], one: Policy, other: Policy) -> None:
    there, back = Replay(one, CROWD, compared_with=other), Replay(other, CROWD, compared_with=one)
    opposite = {"looser": "stricter", "stricter": "looser", "other": "other"}
    for _, known in past:
        request = recorded(FREE, **known)
        found, reverse = there.add(request), back.add(request)
        assert (found and opposite[found.direction]) == (reverse and reverse.direction)


@given(PAST, POLICIES)
def test_the_order_of_requests_means_nothing(past: list[Any], rules: Policy) -> None:
    there, back = Replay(rules, CROWD), Replay(rules, CROWD)
    requests = [recorded(before, **known) for before, known in past]
    for request in requests:
        there.add(request)
    for request in reversed(requests):
        back.add(request)
    assert there.figures.to_dict() == back.figures.to_dict()


def test_memory_does_not_grow_with_requests() -> None:
    replay = Replay(BOTH, CROWD)
    for ident in range(6_000):
        side = frozenset({f"owner{ident}@x"})
        replay.add(recorded(FREE, ident, side=side, category=f"payments.c{ident}"))
    figures = replay.figures
    assert len(replay._tolls) <= 4_096
    assert len(figures.categories) <= 501
    assert figures.to_dict()["requests"] == 6_000


def test_nothing_asked_is_less_than_anything() -> None:
    something = demand_of(evaluate(BOTH, facts()).requirements)
    assert compare_demands(something, NOTHING_ASKED) == "looser"
    assert compare_demands(NOTHING_ASKED, something) == "stricter"
    assert compare_demands(Demand(), NOTHING_ASKED) is None
    assert set(OUTCOMES) == {"allow", "deny", "require_approval"}


def test_the_toll_of_seats_that_depend_on_the_request() -> None:
    made = asks({"manager": "agent_owner"}, {"anyone": "approver", "but": [RISK]})
    demand = decided(made, facts()).demand

    toll = CROWD.toll(demand, "payments.transfer", frozenset(), frozenset({"cem@x"}))
    assert (toll.is_impossible, dict(toll.shares)) == (
        False,
        {"cem@x": 1.0, "ann@x": 0.5, "bea@x": 0.5},
    )
    assert CROWD.toll(demand, "payments.transfer", frozenset()).is_impossible
    assert CROWD.toll(demand, "other", frozenset(), frozenset({"cem@x"})).is_impossible
