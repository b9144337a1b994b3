"""Which version decides, and the one that is evaluated beside it without deciding anything."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.models import ActionRequest, PolicyVersion, ShadowResult
from approvals.policies import parse_policy
from approvals.services.submission import Submission, preview_action, submit_action
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tests.approvals.documents import asks, rule, rules, where
from tests.approvals.services.test_autonomy import POLICIES, let
from tests.approvals.services.test_same_verdict import FIELDS, HOLDS, STATUS_OF
from tests.approvals.world import HOUR, Document, World, make_world
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db

ALLOWS = rules(rule("all", "allow"))
DENIES = rules()


def add(world: World, document: Document, /, **fields: Any) -> PolicyVersion:
    """Store a version as it would stand in the table, whoever has put it there."""
    with tenant_transaction(world.company.id):
        made = parse_policy(document)
        return PolicyVersion.objects.create(
            **{"digest": made.digest, "document": made.document}
            | {
                "number": PolicyVersion.objects.count() + 1,
                "source": "",
                "proposed_by": world.company.carl,
            }
            | fields
        )


def from_now(world: World, shift: timedelta) -> Any:
    with tenant_transaction(world.company.id):
        return clock.now() + shift


def in_shadow(world: World, document: Document, /, **fields: Any) -> PolicyVersion:
    since = from_now(world, timedelta(0))
    return add(world, document, status="in_review", shadow_since=since, **fields)


def results(world: World) -> list[tuple[str, str, bool]]:
    with tenant_transaction(world.company.id):
        rows = ShadowResult.objects.order_by("id")
        return list(rows.values_list("live_outcome", "outcome", "differs"))


def test_a_scheduled_version_decides_from_its_instant_on(move_clock: MoveClock) -> None:
    world = make_world(ALLOWS)
    add(world, DENIES, status="scheduled", starts_at=from_now(world, HOUR))
    assert world.submit().status == "allowed"
    move_clock(HOUR + timedelta(seconds=1))
    request = world.submit()
    assert request.policy_version is not None
    assert (request.status, request.policy_version.number) == ("blocked", 2)


def test_the_one_that_started_last_decides_whatever_its_status_is_called() -> None:
    world = make_world(ALLOWS)
    former = from_now(world, -HOUR)
    add(world, DENIES, status="scheduled", starts_at=former)
    assert world.submit().status == "allowed"
    with tenant_transaction(world.company.id):
        PolicyVersion.objects.filter(status="live").update(starts_at=former - HOUR)
    assert world.submit().status == "blocked"
    with tenant_transaction(world.company.id):
        PolicyVersion.objects.filter(status="scheduled").update(starts_at=None)
    assert world.submit().status == "allowed"


@pytest.mark.parametrize("status", ["in_review", "archived", "rejected", "withdrawn"])
def test_no_other_status_decides(status: str) -> None:
    world = make_world(DENIES)
    add(world, ALLOWS, status=status, starts_at=from_now(world, timedelta(0)))
    assert world.submit().status == "blocked"


@pytest.mark.parametrize(
    ("shadow", "outcome", "differs"),
    [
        (ALLOWS, "allow", True),
        (rules(rule("no", "deny")), "deny", True),
        (rules(asks("a")), "require_approval", False),
        (rules(asks("another-name")), "require_approval", False),
        (rules(asks("a"), asks("b")), "require_approval", False),
        (rules(asks("a"), asks("b", flow="two")), "require_approval", True),
        (rules(asks("a", flow="two")), "require_approval", True),
    ],
)
def test_the_version_in_shadow_is_kept_beside_the_one_that_decides(
    shadow: Document, outcome: str, *, differs: bool
) -> None:
    world = make_world(rules(asks("a")))
    version = in_shadow(world, shadow)
    request = world.submit()
    assert request.status == "pending"
    assert results(world) == [("require_approval", outcome, differs)]
    with tenant_transaction(world.company.id):
        kept = ShadowResult.objects.get()
        assert (kept.request_id, kept.version_id) == (request.pk, version.pk)
        assert kept.because


def test_a_shadow_that_has_ended_is_not_evaluated() -> None:
    world = make_world(ALLOWS)
    in_shadow(world, DENIES, shadow_until=from_now(world, timedelta(0)))
    world.submit()
    assert results(world) == []


def test_a_broken_shadow_disturbs_nothing() -> None:
    world = make_world(ALLOWS)
    in_shadow(world, DENIES, document={"version": 7}, digest="sha256:unreadable")
    assert world.submit().status == "allowed"
    assert results(world) == [("allow", "deny", True)]


def test_what_the_shadow_asks_about_the_past_is_read_for_it() -> None:
    world = make_world(ALLOWS)
    in_shadow(
        world, rules(rule("second", "deny", where("run.actions", "gte", 1)), *ALLOWS["rules"])
    )
    assert [world.submit(run="r1").status for _ in range(2)] == ["allowed", "allowed"]
    assert results(world) == [("allow", "allow", False), ("allow", "deny", True)]


def test_a_preview_leaves_nothing_of_the_shadow() -> None:
    world = make_world(ALLOWS)
    in_shadow(world, DENIES)
    submission = Submission("payments.transfer", "Pay", {"amount": "1.00"})
    with tenant_transaction(world.company.id):
        assert preview_action(agent=world.agent, submission=submission).outcome == "allow"
    assert results(world) == []


def test_a_shadow_costs_no_statement() -> None:
    world = make_world(ALLOWS)
    world.submit()

    def statements() -> int:
        submission = Submission("payments.transfer", "Pay", {"amount": "1.00"})
        with tenant_transaction(world.company.id), CaptureQueriesContext(connection) as seen:
            submit_action(agent=world.agent, submission=submission)
        return len(seen)

    alone = statements()
    in_shadow(world, DENIES)
    world.submit()
    assert statements() == alone == 2
    with tenant_transaction(world.company.id):
        assert ActionRequest.objects.count() == 4


@pytest.mark.parametrize(
    ("then", "obligations"),
    [("allow", {"delay": "10m"}), ("require_approval", {"step_up": True})],
)
def test_what_is_asked_for_beside_the_outcome_is_a_difference(
    then: str, obligations: Document
) -> None:
    more = {"flow": "one"} if then == "require_approval" else {}
    world = make_world(rules(rule("all", then, **more, obligations=obligations)))
    in_shadow(world, rules(rule("all", then, **more)))
    world.submit()
    ((live, beside, differs),) = results(world)
    assert (live, beside, differs) == (then, then, True)


@pytest.mark.parametrize("rules_of", ["allow", "default asks", "ask"])
@pytest.mark.parametrize("hold", HOLDS)
def test_the_same_rules_in_shadow_never_differ(hold: str, rules_of: str) -> None:
    world = make_world(POLICIES[rules_of])
    in_shadow(world, POLICIES[rules_of])
    HOLDS[hold](world)
    request = world.submit(**FIELDS)
    ((live, beside, differs),) = results(world)
    assert (STATUS_OF[live], beside, differs) == (request.status, live, False)


def test_what_is_refused_whatever_the_rules_say_is_no_difference() -> None:
    """The agent is to ask, and everything is stopped: neither version comes to be asked."""
    world = make_world(ALLOWS)
    in_shadow(world, rules(asks("a")))
    let(world, "ask")
    assert world.submit().status == "blocked"
    HOLDS["killed"](world)
    assert world.submit().status == "blocked"
    assert results(world) == [("deny", "require_approval", True), ("deny", "deny", False)]
