"""A submission, its preview and a replay of it come to the same verdict, whatever holds it."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from approvals.policies import parse_policy
from approvals.services.runs import close_run, start_run
from approvals.services.submission import (
    Submission,
    preview_action,
    preview_under,
    submit_action,
)
from govapp.common.errors import Invalid
from govapp.common.tenancy import tenant_transaction
from tenants.services.kill import throw
from tests.approvals.documents import rule
from tests.approvals.documents import rules as written
from tests.approvals.services.replays import changes, copied, replayed
from tests.approvals.services.test_autonomy import POLICIES, close, let
from tests.approvals.world import World, make_world
from tests.tenants.budgets.companies import set_one

pytestmark = pytest.mark.django_db
STATUS_OF: Final = {"allow": "allowed", "deny": "blocked", "require_approval": "pending"}


def nothing(world: World) -> None:
    """Hold nothing."""


def level(name: str) -> Callable[[World], None]:
    return lambda world: let(world, name)


def read_only(world: World) -> None:
    close(world, "production")


def killed(world: World) -> None:
    with tenant_transaction(world.company.id):
        throw(actor=world.company.olivia, scope="tenant", reason="Odd.")


def budget(on_exceed: str) -> Callable[[World], None]:
    return lambda world: no_budget(world, on_exceed)


def no_budget(world: World, on_exceed: str) -> None:
    with tenant_transaction(world.company.id):
        world.category.amount_field = "amount"
        world.category.save()
    set_one(world.company, "1.00", on_exceed=on_exceed, period="run", scope="run", ref="*")


HOLDS: Final[dict[str, Callable[[World], None]]] = {
    "nothing": nothing,
    "recommends": level("recommend"),
    "asks": level("ask"),
    "by policy": level("policy"),
    "acts": level("act"),
    "read-only": read_only,
    "killed": killed,
    "a budget that asks": budget("ask"),
    "a budget that halts": budget("halt"),
    "a budget that warns": budget("warn"),
}
ALLOWED_ALONE: Final = written(rule("all", "allow"))
FIELDS: Final[dict[str, Any]] = {
    "category": "payments.transfer",
    "summary": "Pay Acme Ltd",
    "payload": {"amount": "900.00"},
    "run": "r1",
}


@pytest.mark.parametrize("rules", POLICIES)
@pytest.mark.parametrize("hold", HOLDS)
def test_a_preview_says_what_comes_and_a_replay_says_it_again(hold: str, rules: str) -> None:
    world = make_world(POLICIES[rules])
    HOLDS[hold](world)
    submission = Submission(**FIELDS)
    with tenant_transaction(world.company.id):
        previewed = preview_action(agent=world.agent, submission=submission)
    made = world.submit(**FIELDS)
    assert (STATUS_OF[previewed.outcome], previewed.because) == (made.status, made.because)
    same = replayed(world, POLICIES[rules])
    assert (changes(world, same), same.summary["requests"]) == ([], 1)


@pytest.mark.parametrize("hold", HOLDS)
def test_a_replay_under_other_rules_says_what_a_submission_under_them_would(hold: str) -> None:
    """Of every policy against every other one; what is previewed under them is said as well."""
    for before in POLICIES:
        world = make_world(POLICIES[before], f"acme{list(POLICIES).index(before)}")
        HOLDS[hold](world)
        made = world.submit(**FIELDS)
        for rules in POLICIES.values():
            replay = replayed(world, rules)
            after = [each[2] for each in changes(world, replay)]
            said = STATUS_OF[after[0]] if after else made.status
            with tenant_transaction(world.company.id):
                previewed = preview_under(
                    parse_policy(rules), agent=world.agent, submission=Submission(**FIELDS)
                )
            assert said == STATUS_OF[previewed.outcome]


# An older request says that its agent was let act only where it was.
OLDER: Final = [(each, "default asks") for each in HOLDS] + [
    (each, "nobody to ask") for each in HOLDS if each != "acts"
]


@pytest.mark.parametrize(("hold", "rules"), OLDER)
def test_what_held_an_older_request_is_read_from_its_trace(hold: str, rules: str) -> None:
    world = make_world((POLICIES | {"nobody to ask": ALLOWED_ALONE})[rules])
    HOLDS[hold](world)
    made = world.submit(**FIELDS)
    kept = {name: each for name, each in (made.facts or {}).items() if name != "held"}
    copied(world, made, kept)
    for under in POLICIES.values():
        summary = replayed(world, under).summary
        after = [count for count in summary["after"].values() if count]
        assert (summary["unreadable"], after) == (0, [2])


def test_a_preview_refuses_a_run_that_could_not_be_joined() -> None:
    world = make_world(POLICIES["allow"])
    with tenant_transaction(world.company.id):
        run = start_run(agent=world.agent, key="task")
        close_run(agent=world.agent, run_id=run.pk, outcome="succeeded")
    for named in ({"run": run.public_id}, {"run": "r1", "step": "read"}):
        refusals = []
        for way in (preview_action, submit_action):
            with tenant_transaction(world.company.id), pytest.raises(Invalid) as refused:
                way(agent=world.agent, submission=Submission(**(FIELDS | named)))
            refusals.append(refused.value.errors)
        assert refusals[0] == refusals[1]
