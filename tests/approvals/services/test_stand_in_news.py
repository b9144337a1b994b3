"""Stand-ins hear that they are named, and read in each question for whom they are asked."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from approvals.enums import NotificationKind
from approvals.messages import Message
from approvals.models import Notification
from approvals.services.messages import compose
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tenants.models import Absence, Membership, Tenant
from tenants.services.absences import (
    cancel_absence,
    change_absence,
    enter_absence,
    import_calendar,
)
from tests.approvals.world import HOUR, World, make_world, policy, stage

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
FINANCE = policy(stage("finance"))


@pytest.fixture
def world() -> World:
    return make_world(FINANCE)


def away(
    world: World,
    stand_in: Membership | None,
    *,
    member: Membership | None = None,
    actor: Membership | None = None,
    until: timedelta = DAY,
) -> Absence:
    """Say that Alice has been away for an hour."""
    company = world.company
    with tenant_transaction(company.id):
        now = clock.now()
        return enter_absence(
            actor=actor or company.alice,
            member=member or company.alice,
            stand_in=stand_in,
            starts_at=now - HOUR,
            ends_at=now + until,
            note="Surgery",
        )


def told(world: World) -> list[tuple[str, str]]:
    with tenant_transaction(world.company.id):
        rows = Notification.objects.filter(kind=NotificationKind.ALERT).select_related(
            "member__user"
        )
        rows = rows.order_by("created_at", "id")
        return [(str(row.member), row.content["subject"]) for row in rows]


def asked(world: World, member: Membership) -> Message:
    """Return the newest question to somebody, as it would be sent now."""
    with tenant_transaction(world.company.id):
        rows = Notification.objects.select_related(
            "member__user", "request__agent", "request__category"
        )
        return compose(rows.filter(member=member, kind="requested").latest("created_at"))


def test_whoever_is_named_is_told(world: World) -> None:
    absence = away(world, world.company.bob)
    assert told(world) == [("Bob", "You stand in for Alice")]
    with tenant_transaction(world.company.id):
        text = Notification.objects.get(kind="alert").content["text"]
        zone = ZoneInfo(Tenant.objects.get().time_zone)
    assert "Surgery" not in text
    assert f"{absence.ends_at.astimezone(zone):%H:%M}" in text
    assert "Entered by Alice." in text


def test_nobody_is_told_what_they_entered_themselves(world: World) -> None:
    company = world.company
    with tenant_transaction(company.id):
        company.olivia.roles = [*company.olivia.roles, "approver"]
        company.olivia.save(update_fields=["roles"])
    away(world, company.olivia, actor=company.olivia)
    away(world, None, member=company.bob, actor=company.bob)
    assert told(world) == []


def test_another_stand_in_and_the_former_one_are_told(world: World) -> None:
    company, absence = world.company, away(world, world.company.bob)
    with tenant_transaction(company.id):
        changed = change_absence(
            actor=company.alice,
            absence=absence,
            stand_in=company.charlie,
            starts_at=absence.starts_at,
            ends_at=absence.ends_at,
            note="",
        )
    assert sorted(told(world)[1:]) == [
        ("Bob", "You no longer stand in for Alice"),
        ("Charlie", "You stand in for Alice"),
    ]
    with tenant_transaction(company.id):
        cancel_absence(actor=company.alice, absence=changed)
    assert told(world)[-1] == ("Charlie", "You no longer stand in for Alice")


def test_another_note_tells_nobody(world: World) -> None:
    absence = away(world, world.company.bob)
    with tenant_transaction(world.company.id):
        change_absence(
            actor=world.company.alice,
            absence=absence,
            stand_in=world.company.bob,
            starts_at=absence.starts_at,
            ends_at=absence.ends_at,
            note="Something else",
        )
    assert told(world) == [("Bob", "You stand in for Alice")]


def test_a_whole_calendar_is_one_message(world: World) -> None:
    company = world.company
    first = (datetime.now(UTC) + 3 * DAY).date()
    entries = "".join(
        f"BEGIN:VEVENT\r\nUID:{n}@x\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Vacation\r\n"
        f"DTSTART;VALUE=DATE:{first + n * DAY * 7:%Y%m%d}\r\n"
        f"DTEND;VALUE=DATE:{first + n * DAY * 7 + DAY:%Y%m%d}\r\nEND:VEVENT\r\n"
        for n in range(3)
    )
    ics = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{entries}END:VCALENDAR\r\n".encode()
    with tenant_transaction(company.id):
        done = import_calendar(
            actor=company.alice, member=company.alice, ics=ics, stand_in=company.bob
        )
    assert len(done.entered) == 3
    assert told(world) == [("Bob", "You stand in for Alice")]


def test_a_question_says_for_whom_somebody_is_asked() -> None:
    world = make_world(policy(stage({"person": "alice@acme.example"})))
    company = world.company
    away(world, company.charlie)
    world.submit()
    sentence = asked(world, company.charlie).sentence
    assert sentence.startswith(
        "Charlie, your approval is needed. You are asked as stand-in for Alice (away until "
    )


def test_who_is_asked_for_themselves_reads_of_nobody_else() -> None:
    world = make_world(policy(stage("finance", "managers")))
    away(world, world.company.charlie)
    world.submit()
    message = asked(world, world.company.charlie)
    assert message.sentence == "Charlie, your approval is needed."
