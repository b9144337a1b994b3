"""Absences in what is said of a policy: now it is refused, later it is remarked on."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from approvals.policies import dump_policy, parse_policy
from approvals.selectors.absence import what_breaks_without
from approvals.selectors.policy_lint import lint_policy
from approvals.selectors.reachability import find_obstacles
from approvals.selectors.staff import read_staff
from approvals.selectors.who import list_asked, who_may_approve
from approvals.services.policies import propose_policy, publish_policy
from govapp.common.errors import Invalid
from govapp.common.tenancy import tenant_transaction
from tenants.models import Absence, Agent, Membership
from tenants.services.people import add_member
from tests.approvals.services.test_stand_ins import away
from tests.approvals.world import FOUR_EYES, World, make_world, policy, publish, stage
from tests.people import make_user

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def obstacles(world: World, document: dict[str, Any]) -> list[str]:
    with tenant_transaction(world.company.id):
        return [each.message for each in find_obstacles(parse_policy(document))]


def remarks(world: World, document: dict[str, Any]) -> list[tuple[str, str]]:
    """Return errors, and what lint says of people who will be away."""
    with tenant_transaction(world.company.id):
        found = lint_policy(parse_policy(document))
    return [
        (one.severity, one.sentence)
        for one in found
        if one.severity == "error" or "cannot be completed" in one.sentence
    ]


def whole_days(world: World, member: Membership, first: int, days: int, **more: Any) -> Absence:
    """Enter whole days, counted from today; the company lives in UTC."""
    start = datetime.combine(datetime.now(UTC).date(), time(), tzinfo=UTC) + first * DAY
    with tenant_transaction(world.company.id):
        return Absence.objects.create(
            member=member,
            starts_at=start,
            ends_at=start + days * DAY,
            created_by=world.company.olivia,
            **more,
        )


def days(first: int, count: int) -> tuple[str, str]:
    """The first and the last day, as a person would say them."""
    start = datetime.now(UTC) + first * DAY
    end = start + (count - 1) * DAY
    return f"{start.day} {start:%B %Y}", f"{end.day} {end:%B %Y}"


def test_a_flow_whose_people_are_all_away_is_refused(world: World) -> None:
    assert obstacles(world, FOUR_EYES) == []
    away(world, world.company.alice)
    (message,) = obstacles(world, FOUR_EYES)
    assert message.startswith(
        "Rule payments, category payments.transfer: it cannot be completed now:"
        " Alice is away until "
    )
    assert message.endswith("; name a stand-in.")
    assert remarks(world, FOUR_EYES) == [("error", message)]
    company = world.company
    with tenant_transaction(company.id):
        source = dump_policy(parse_policy(FOUR_EYES))
        version = propose_policy(actor=company.carl, source=source)
        carla = add_member(actor=company.olivia, user=make_user("carla"), roles=["compliance"])
        with pytest.raises(Invalid, match="could not complete a flow"):
            publish_policy(actor=carla, version=version, attestation="I have read it.")


def test_a_stand_in_makes_it_possible(world: World) -> None:
    away(world, world.company.alice, world.company.charlie)
    assert obstacles(world, FOUR_EYES) == []


def test_a_stand_in_is_one_person(world: World) -> None:
    # Bob is the only one of risk and would sit in for finance as well.
    away(world, world.company.alice, world.company.bob)
    assert len(obstacles(world, FOUR_EYES)) == 1
    assert obstacles(world, policy(stage("finance"))) == []


def test_a_stand_in_who_is_away_does_not_count(world: World) -> None:
    away(world, world.company.alice, world.company.charlie)
    away(world, world.company.charlie)
    assert len(obstacles(world, FOUR_EYES)) == 1


def test_an_owner_of_the_agent_cannot_stand_in_for_its_requests(world: World) -> None:
    away(world, world.company.alice, world.company.charlie)
    with tenant_transaction(world.company.id):
        Agent.objects.update(owner=world.company.alice)
    (message,) = obstacles(world, FOUR_EYES)
    assert "agent payer" in message


def test_an_absence_to_come_is_remarked_on_with_its_days(world: World) -> None:
    two = policy(stage("risk", name="first"), stage("finance", name="second"))
    whole_days(world, world.company.alice, 12, 1)
    (day, _) = days(12, 1)
    assert remarks(world, two) == [
        (
            "warning",
            (
                "Rule payments, category payments.transfer: it cannot be completed"
                f" {day}, when Alice is away (stage second). Name a stand-in or ask others too."
            ),
        )
    ]
    assert obstacles(world, two) == []


def test_an_absence_to_come_with_a_stand_in_is_not_remarked_on(world: World) -> None:
    whole_days(world, world.company.alice, 12, 5, stand_in=world.company.charlie)
    assert remarks(world, FOUR_EYES) == []
    # but for the time in which that one is away as well
    whole_days(world, world.company.charlie, 14, 1)
    (day, _) = days(14, 1)
    ((_, sentence),) = remarks(world, FOUR_EYES)
    assert f"cannot be completed {day}, when Alice is away" in sentence


def test_people_who_are_away_in_turn_leave_no_gap(world: World) -> None:
    (dora,) = world.approvers_named(world.company.finance, "dora")
    whole_days(world, world.company.alice, 10, 5)
    whole_days(world, dora, 15, 5)
    assert remarks(world, FOUR_EYES) == []
    whole_days(world, dora, 14, 1)
    ((_, sentence),) = remarks(world, FOUR_EYES)
    assert "when Alice and Dora are away" in sentence


def test_what_is_further_away_than_ninety_days_is_not_looked_at(world: World) -> None:
    whole_days(world, world.company.alice, 95, 5)
    assert remarks(world, FOUR_EYES) == []


def test_who_can_approve_says_who_is_away_and_who_stands_in(world: World) -> None:
    away(world, world.company.alice, world.company.charlie)
    made = parse_policy(FOUR_EYES)
    with tenant_transaction(world.company.id):
        staff = read_staff()
        (found,) = who_may_approve(made, staff, list_asked(made, staff))
    said = {answer.person.name: answer.sentence for answer in found.can}
    assert "; away until " in said["Alice"]
    assert said["Alice"].endswith(", Charlie stands in.")
    assert "away" not in said["Bob"]


def test_a_stand_in_who_leaves_is_missed(world: World) -> None:
    with tenant_transaction(world.company.id):
        publish(world.company, policy(stage("finance")))
    away(world, world.company.alice, world.company.charlie)
    world.submit()
    with tenant_transaction(world.company.id):
        breakage = what_breaks_without(world.company.charlie)
        assert [each.summary for each in breakage.stuck] == ["Pay Acme Ltd"]
        assert what_breaks_without(world.company.bob).stuck == ()
