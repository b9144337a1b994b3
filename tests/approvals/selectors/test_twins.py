"""Which requests are alike in all that decides whom to remind of them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from approvals.models import (
    ActionRequest,
    Requirement,
    RequirementStage,
    Timer,
)
from approvals.selectors.twins import find_twins
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tenants.models import Absence
from tenants.services.agents import register_agent
from tests.approvals.world import HOUR, MINUTE, World, make_world, policy, stage
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db

REMINDED = policy(stage("finance", reminders=["1h", "2h"]))


def alike(world: World) -> list[int]:
    """How many requests are looked at for how many: [3] is one for all three."""
    with tenant_transaction(world.company.id):
        idents = list(ActionRequest.objects.order_by("pk").values_list("pk", flat=True))
        return [1 + len(some) for some in find_twins(idents, now=clock.now()).values()]


def test_one_is_looked_at_for_all_that_are_alike(move_clock: MoveClock) -> None:
    world = make_world(REMINDED)
    first, second = world.submit(), world.submit()
    move_clock(HOUR + MINUTE)
    with tenant_transaction(world.company.id):
        found = find_twins([first.pk, second.pk], now=clock.now())
        (ident,) = found
        (twin,) = found[ident]
        request = ActionRequest.objects.get(pk=twin.request_id)
        timer = Timer.objects.get(request=request, kind="remind", level=0)
        opened = RequirementStage.objects.get(request=request)
    assert {ident, twin.request_id} == {first.pk, second.pk}
    assert twin[:2] == (request.pk, timer.pk)
    assert [datetime.fromisoformat(f"{text}+00:00") for text in twin[2:]] == [
        timer.due_at,
        opened.opened_at,
        opened.deadline_at,
        request.deadline_at,
    ]


def on_behalf_of_somebody(world: World) -> None:
    world.submit(on_behalf_of="bob@acme.example")


def by_an_agent_of_somebody_else(world: World) -> None:
    olivia, charlie = world.company.olivia, world.company.charlie
    with tenant_transaction(world.company.id):
        agent = register_agent(actor=olivia, name="other", description="", owner=charlie)
    replace(world, agent=agent).submit()


def with_somebody_added(world: World) -> None:
    stages = RequirementStage.objects.filter(request=world.submit())
    with tenant_transaction(world.company.id):
        stages.update(added=[{"kind": "group", "ref": "risk", "count": 1}])


def under_another_policy(world: World) -> None:
    world.publish(policy(stage("finance", reminders=["1h", "3h"])))
    world.submit()


@pytest.mark.parametrize(
    "submit_another",
    [
        on_behalf_of_somebody,
        by_an_agent_of_somebody_else,
        with_somebody_added,
        under_another_policy,
    ],
)
def test_what_decides_keeps_them_apart(
    move_clock: MoveClock, submit_another: Callable[[World], None]
) -> None:
    world = make_world(REMINDED)
    world.submit()
    world.submit()
    submit_another(world)
    move_clock(HOUR + MINUTE)
    assert sorted(alike(world)) == [1, 2]


def test_whoever_is_back_in_time_for_one_and_not_for_another_keeps_them_apart(
    move_clock: MoveClock,
) -> None:
    world = make_world(REMINDED)
    requests = [world.submit() for _ in range(3)]
    move_clock(HOUR + MINUTE)
    with tenant_transaction(world.company.id):
        RequirementStage.objects.filter(request=requests[1]).update(
            deadline_at=clock.now() + timedelta(days=2)
        )
    assert alike(world) == [3]
    with tenant_transaction(world.company.id):
        now = clock.now()
        Absence.objects.create(
            member=world.company.bob,
            starts_at=now - HOUR,
            ends_at=now + timedelta(days=1),
            created_by=world.company.bob,
        )
    assert sorted(alike(world)) == [1, 2]


def voted(world: World, request: ActionRequest) -> None:
    world.vote(world.company.alice, request)


def changed(world: World, request: ActionRequest) -> None:
    with tenant_transaction(world.company.id):
        ActionRequest.objects.filter(pk=request.pk).update(version=2)


def closed(world: World, request: ActionRequest) -> None:
    with tenant_transaction(world.company.id):
        RequirementStage.objects.filter(request=request).update(status="closed")


def replaced(world: World, request: ActionRequest) -> None:
    with tenant_transaction(world.company.id):
        Requirement.objects.filter(request=request).update(replaced_at=clock.now())


def due_twice(world: World, request: ActionRequest) -> None:
    with tenant_transaction(world.company.id):
        timer = Timer.objects.get(request=request, kind="remind", level=0)
        Timer.objects.create(
            request=request,
            request_version=timer.request_version,
            stage=timer.stage,
            kind="escalate",
            due_at=timer.due_at,
        )


@pytest.mark.parametrize("happened", [voted, changed, closed, replaced, due_twice])
def test_whatever_has_happened_to_one_it_is_looked_at_itself(
    move_clock: MoveClock, happened: Callable[[World, ActionRequest], None]
) -> None:
    world = make_world(policy(stage("finance", "risk", reminders=["1h"])))
    requests = [world.submit() for _ in range(3)]
    happened(world, requests[1])
    move_clock(HOUR + MINUTE)
    assert alike(world) == [2]


def test_another_tenant_s_are_never_among_them(move_clock: MoveClock) -> None:
    worlds = [make_world(REMINDED, slug=name) for name in ("one", "two")]
    idents = [world.submit().pk for world in worlds for _ in range(2)]
    move_clock(HOUR + MINUTE)
    with tenant_transaction(worlds[0].company.id):
        found = find_twins(idents, now=clock.now())
    seen = {*found, *(twin.request_id for some in found.values() for twin in some)}
    assert seen == set(idents[:2])
