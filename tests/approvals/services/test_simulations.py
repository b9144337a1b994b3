"""Replays: what they call a change, what they count, and from what they start."""

from datetime import timedelta

import pytest

from approvals.enums import PolicyEffect, SimulationStatus
from approvals.selectors.simulations import read_changes
from approvals.services import simulation_runs
from approvals.services.policies import propose_policy
from govapp.common.tenancy import tenant_transaction
from tenants.services.agents import pause_agent
from tests.approvals.services.replays import (
    changes,
    copied,
    facts_of,
    one_by_one,
    over,
    paid,
    replayed,
    text,
)
from tests.approvals.world import FOUR_EYES, Document, World, make_world, policy, stage
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    return make_world(FOUR_EYES)


def test_the_same_rules_change_nothing(world: World) -> None:
    paid(world, "100", "900")
    done = replayed(world, FOUR_EYES)
    assert (done.status, done.effect, done.total) == (
        SimulationStatus.DONE, PolicyEffect.SAME, 2,
    )  # fmt: skip
    assert changes(world, done) == []


def test_each_change_is_listed_newest_first_with_both_reasons(world: World) -> None:
    small, large = paid(world, "100", "900")
    done = replayed(world, over("500"))
    with tenant_transaction(world.company.id):
        (row,) = read_changes(done).rows
    assert (row.request_id, row.before, row.after, row.direction) == (
        small.public_id, "require_approval", "allow", "looser",
    )  # fmt: skip
    assert row.because == "it applies to payments.transfer"
    assert row.because_before == small.because
    assert done.effect == PolicyEffect.WEAKENS
    assert done.summary["changes"] == {"looser": 1, "stricter": 0, "other": 0, "all": 1}
    assert large.public_id != row.request_id


def test_a_request_decided_by_people_since_counts_as_it_was_submitted(world: World) -> None:
    (request,) = paid(world, "100")
    world.vote(world.company.alice, request)
    world.vote(world.company.bob, request)
    assert changes(world, replayed(world, FOUR_EYES)) == []


def test_fewer_seats_are_looser_and_other_people_are_neither(world: World) -> None:
    paid(world, "100")
    fewer = replayed(world, policy(payments=[stage("finance")]))
    more = replayed(world, policy(payments=[stage("finance", "risk", "managers")]))
    others = replayed(world, policy(payments=[stage("finance", "managers")]))
    assert [changes(world, each)[0][3] for each in (fewer, more, others)] == [
        "looser", "stricter", "other",
    ]  # fmt: skip
    assert [each.effect for each in (fewer, more, others)] == ["weakens", "tightens", "unknown"]


def test_a_permission_that_is_held_back_for_less_long_is_looser(world: World) -> None:
    def held(delay: str) -> Document:
        document = over("5000")
        document["rules"][0] |= {"obligations": {"delay": delay}} if delay else {}
        return document

    world.publish(held("1h"))
    paid(world, "100")
    assert changes(world, replayed(world, held("1h"))) == []
    for delay, direction in (("", "looser"), ("10m", "looser"), ("2h", "stricter")):
        found = replayed(world, held(delay))
        assert changes(world, found) == [("100.00", "allow", "allow", direction)]


def test_what_was_blocked_for_other_reasons_than_rules_stays_blocked(world: World) -> None:
    world.submit(payload={"amount": "a lot"})
    world.submit(category="unheard.of")
    open_door = over("500")
    open_door["rules"][0]["when"] = {"category": "*"}
    done = replayed(world, open_door)
    assert done.summary["after"] == {"allow": 0, "deny": 2, "require_approval": 0}
    assert done.summary["unknown_category"] == 1


def test_what_was_blocked_by_rules_can_be_let_through(world: World) -> None:
    world.publish({"version": 1, "default": "deny", "rules": []})
    paid(world, "100", "900")
    done = replayed(world, over("500"))
    assert changes(world, done) == [
        ("900.00", "deny", "require_approval", "looser"),
        ("100.00", "deny", "allow", "looser"),
    ]


def test_the_load_is_by_group_and_by_person(world: World) -> None:
    paid(world, "100", "900")
    done = replayed(world, policy(payments=[stage(("finance", 1))]))
    assert done.summary["seats"] == [
        {
            "seat": "group:finance",
            "requests": {"before": 2, "after": 2},
            "votes": {"before": 2, "after": 2},
        },
        {
            "seat": "group:risk",
            "requests": {"before": 2, "after": 0},
            "votes": {"before": 2, "after": 0},
        },
    ]
    assert done.summary["people"] == [
        {
            "person": world.company.alice.user.email,
            "requests": {"before": 2, "after": 2},
            "votes": {"before": "2.0", "after": "2.0"},
        },
        {
            "person": world.company.bob.user.email,
            "requests": {"before": 2, "after": 0},
            "votes": {"before": "2.0", "after": "0.0"},
        },
    ]


def test_a_quorum_that_nobody_could_reach_is_counted_and_marked(world: World) -> None:
    paid(world, "100")
    done = replayed(world, policy(payments=[stage(("finance", 2))]))
    assert done.summary["impossible"] == {"before": 0, "after": 1}
    with tenant_transaction(world.company.id):
        assert [row.is_impossible for row in read_changes(done).rows] == [True]


def test_the_agents_owner_counts_as_nobody(world: World) -> None:
    with tenant_transaction(world.company.id):
        world.agent.owner = world.company.alice
        world.agent.save()
    paid(world, "100")
    assert replayed(world, FOUR_EYES).summary["impossible"] == {"before": 1, "after": 1}


def test_what_was_kept_decides_and_not_what_the_tables_say_now(world: World) -> None:
    """The agent was trusted then and lost it since."""
    (request,) = paid(world, "100")
    copied(world, request, facts_of(world, agent_tier="high"))
    trusted = policy(payments=[stage("finance", "risk")])
    trusted["rules"][0]["when"]["agent"] = {"tiers": ["high"]}
    done = replayed(world, trusted)
    assert done.summary["after"] == {"allow": 0, "deny": 1, "require_approval": 1}
    assert "2026-03-04" in [each["day"] for each in done.summary["days"]]


def test_requests_without_facts_are_put_together_and_counted_as_such(world: World) -> None:
    (request,) = paid(world, "100")
    kept = replayed(world, FOUR_EYES).summary["reconstructed"]
    copied(world, request, None)
    done = replayed(world, over("50"))
    assert done.summary["reconstructed"] - kept == 1
    assert done.summary["after"]["require_approval"] == 2


def test_what_was_refused_for_the_agents_sake_stays_refused_without_facts(world: World) -> None:
    with tenant_transaction(world.company.id):
        pause_agent(actor=world.company.olivia, agent=world.agent, reason="Odd")
    (paused,) = paid(world, "100")
    unknown = world.submit(category="unheard.of")
    unfit = world.submit(payload={"amount": 5})
    for each in (paused, unknown, unfit):
        copied(world, each, None)
    everything = {
        "version": 1,
        "default": "deny",
        "rules": [{"id": "all", "when": {"category": "*"}, "then": "allow"}],
    }
    assert replayed(world, everything).summary["after"]["deny"] == 6


def test_facts_that_cannot_be_read_are_counted_and_not_guessed(world: World) -> None:
    (request,) = paid(world, "100")
    copied(world, request, {"category": 5})
    done = replayed(world, FOUR_EYES)
    assert (done.summary["unreadable"], done.summary["requests"], done.total) == (1, 1, 2)


def looking_at(field: str, value: object, op: str = "eq") -> Document:
    """Payments are allowed unless this condition on the past holds."""
    made = over("1")
    made["rules"][1]["when"]["conditions"] = {"field": field, "op": op, "value": value}
    return made


def test_a_new_rule_on_the_past_finds_it_counted_afterwards(world: World) -> None:
    (request,) = paid(world, "5")
    for number in range(3):
        copied(world, request, None, run_key="r1" if number else "", target_digest="t")
    asked = [
        replayed(world, looking_at(f"history.requests_last_{name}", 2, "gte")).summary
        for name in ("hour", "day")
    ]
    assert [each["after"]["require_approval"] for each in asked] == [2, 2]
    assert [each["looked_up_since"] for each in asked] == [4, 4]


def test_a_new_rule_on_runs_and_targets_finds_them_too(world: World) -> None:
    """A request that names no run or target cannot be evaluated, and the rule applies."""
    (request,) = paid(world, "5")
    for status in ("allowed", "blocked", "allowed"):
        copied(world, request, None, run_key="r1", target_digest="t", status=status)
    run = replayed(world, looking_at("run.actions", 1, "gte")).summary
    same = replayed(world, looking_at("run.count.payments.*", 2, "gte")).summary
    target = replayed(world, looking_at("history.first_for_target", True)).summary
    found = [each["after"]["require_approval"] for each in (run, same, target)]
    assert found == [3, 1, 2]


def test_another_version_can_be_what_it_is_compared_with(world: World) -> None:
    paid(world, "100", "900")
    with tenant_transaction(world.company.id):
        former = propose_policy(actor=world.company.carl, source=text(over("50")))
    done = replayed(world, over("500"), compared_with=former)
    assert changes(world, done) == [("100.00", "require_approval", "allow", "looser")]


def test_the_period_ends_the_reading(world: World, move_clock: MoveClock) -> None:
    paid(world, "100")
    move_clock(timedelta(days=40))
    paid(world, "200")
    assert replayed(world, over("500"), period="30d").total == 1
    assert replayed(world, over("500"), period="all").total == 2


def test_batches_make_no_difference(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    paid(world, "100", "200", "300", "900")
    whole = replayed(world, over("500"))
    one_by_one(monkeypatch)
    pieces = replayed(world, over("500"))
    assert pieces.summary == whole.summary
    assert changes(world, pieces) == changes(world, whole)


def test_no_more_are_listed_than_there_is_room_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid(world, "100", "200", "300")
    monkeypatch.setattr(simulation_runs, "LISTED", 2)
    done = replayed(world, over("500"))
    assert [amount for amount, *_ in changes(world, done)] == ["300.00", "200.00"]
    assert done.summary["changes"]["all"] == 3
