"""Which changes are refused, by the services and by the database (docs/decisions/0014)."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from approvals.models import (
    ActionRequest,
    RequestRevision,
)
from approvals.services.changed_action import NOTHING_CHANGED
from govapp.common.errors import Conflict, Forbidden, Invalid, Stale
from govapp.common.tenancy import tenant_transaction
from tests.approvals.documents import rule, where
from tests.approvals.editable import (
    PAYLOAD,
    assert_unchanged,
    by_amount,
    change,
    open_fields,
)
from tests.approvals.standing import fresh, recorded
from tests.approvals.world import (
    FOUR_EYES,
    HOUR,
    World,
    give_right,
    make_world,
    policy,
    stage,
)
from tests.conftest import MoveClock

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return open_fields(make_world(FOUR_EYES))


def test_what_the_rules_block_changes_nothing() -> None:
    denied = rule("never", "deny", where("payload.amount", "gt", "9000.00"))
    world = open_fields(make_world(by_amount(denied)))
    request = world.submit(payload=PAYLOAD)
    with pytest.raises(Conflict, match="the rules block it"):
        change(world, world.company.alice, request, changes={"amount": "9999.00"})
    assert_unchanged(world, request)


@pytest.mark.parametrize(
    ("changes", "pointer", "words"),
    [
        ({"to.name": "Evil"}, "/changes/to.name", "does not let an approver change"),
        ({"to": {"iban": "DE2"}}, "/changes/to", "does not let an approver change"),
        ({"amount": "lots"}, "/changes", "amount: "),
        ({"amount": 800}, "/changes", "amount: "),
        ({"amount": "900.00"}, "/changes", NOTHING_CHANGED),
        ({}, "/changes", NOTHING_CHANGED),
    ],
)
def test_only_fields_that_may_change_and_values_that_fit(
    world: World, changes: dict[str, Any], pointer: str, words: str
) -> None:
    request = world.submit(payload=PAYLOAD)
    with pytest.raises(Invalid) as refused:
        change(world, world.company.alice, request, changes=changes)
    assert [each.pointer for each in refused.value.errors] == [pointer]
    assert words in refused.value.errors[0].detail
    assert_unchanged(world, request)


def test_a_field_that_is_missing_may_be_added(world: World) -> None:
    request = world.submit(payload=PAYLOAD)
    change(world, world.company.alice, request, changes={"note": "less", "to.iban": "DE2"})
    assert fresh(request).payload == {
        "amount": "900.00",
        "note": "less",
        "to": {"iban": "DE2", "name": "Acme"},
    }


def test_a_field_below_nothing_is_refused(world: World) -> None:
    request = world.submit(payload={"amount": "900.00"})
    with pytest.raises(Invalid, match="no such field"):
        change(world, world.company.alice, request, changes={"to.iban": "DE2"})


def test_nobody_changes_who_may_not_vote(world: World) -> None:
    request = world.submit(payload=PAYLOAD)
    for member in (world.company.charlie, world.company.olivia, world.company.audrey):
        with pytest.raises(Forbidden):
            change(world, member, request)
    world.vote(world.company.alice, request)
    with pytest.raises(Conflict, match="already voted"):
        change(world, world.company.alice, request)


def test_the_agents_owner_does_not_change_it() -> None:
    world = open_fields(make_world(policy(stage({"person": "olivia@acme.example"}))))
    with tenant_transaction(world.company.id):
        world.company.olivia.roles = ["owner", "approver"]
        world.company.olivia.save()
        give_right(world.category, world.company.olivia)
    with pytest.raises(Forbidden, match="separates those duties"):
        change(world, world.company.olivia, world.submit(payload=PAYLOAD))


def test_a_change_by_whom_the_changed_action_gives_no_seat_is_refused() -> None:
    world = open_fields(make_world(policy(stage("finance"))))
    request = world.submit(payload=PAYLOAD)
    world.publish(policy(stage("managers")))
    with pytest.raises(Forbidden, match="the open seats are for others: 1 from Managers"):
        change(world, world.company.alice, request)
    assert_unchanged(world, request)
    assert recorded(request)[-1] == "vote.refused"


def test_whoever_read_the_former_action_is_told(world: World) -> None:
    request = world.submit(payload=PAYLOAD)
    change(world, world.company.alice, request)
    for act in (world.vote, lambda member, seen: change(world, member, seen)):
        with pytest.raises(Stale):
            act(world.company.bob, request)


def test_a_change_after_the_deadline_is_refused(world: World, move_clock: MoveClock) -> None:
    request = world.submit(payload=PAYLOAD)
    move_clock(4 * HOUR)
    with pytest.raises(Conflict, match="time to decide ended"):
        change(world, world.company.alice, request)


COLUMNS = {
    "summary": "'x'",
    "payload": "'{}'",
    "payload_digest": "'x'",
    "policy_version_id": "NULL",
    "trace": "'{}'",
    "facts": "'{}'",
    "obligations": "'{\"a\": 1}'",
    "target_digest": "'x'",
    "because": "'x'",
}


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("more", ["", ", version = version + 1"])
def test_the_database_refuses_a_change_without_its_revision(
    world: World, column: str, more: str
) -> None:
    world.submit(payload=PAYLOAD)
    sql = f"UPDATE approvals_actionrequest SET {column} = {COLUMNS[column]}{more}"  # noqa: S608 - names of our own
    with (
        pytest.raises(IntegrityError, match="only together with a revision"),
        tenant_transaction(world.company.id),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


def test_the_database_refuses_a_change_after_the_end(world: World) -> None:
    request = world.submit(payload=PAYLOAD)
    change(world, world.company.alice, request)
    world.vote(world.company.bob, fresh(request))
    ended = fresh(request)
    with tenant_transaction(world.company.id), transaction.atomic():
        RequestRevision.objects.create(
            request=ended,
            request_version=ended.version + 1,
            summary=ended.summary,
            payload={"amount": "1.00"},
            payload_digest=ended.payload_digest,
            policy_version=ended.policy_version,
            trace=ended.trace,
        )
        with pytest.raises(IntegrityError, match="only together with a revision"):
            ActionRequest.objects.filter(pk=ended.pk).update(
                payload={"amount": "1.00"}, version=ended.version + 1
            )
