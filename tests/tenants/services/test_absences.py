"""Being away: who may say so, what is refused, and what is kept."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from govapp.common import clock
from govapp.common.errors import Conflict, Forbidden, Invalid
from govapp.common.tenancy import tenant_transaction
from tenants.enums import AbsenceSource
from tenants.models import Absence, Membership
from tenants.selectors.absences import absences_of, standing_in_for
from tenants.services.absences import (
    cancel_absence,
    change_absence,
    enter_absence,
    import_calendar,
    preview_calendar,
)
from tenants.services.people import suspend_member
from tests.conftest import MoveClock
from tests.people import Company, make_company
from tests.support.committed import CommittedDatabase
from tests.tenants.ledger import events

DAY = timedelta(days=1)


def events_of(company: Company, kind: str) -> list[dict[str, Any]]:
    with tenant_transaction(company.id):
        return events(kind)


@pytest.fixture
def acme(db: None) -> Company:
    return make_company()


def enter(
    company: Company,
    member: Membership,
    stand_in: Membership | None = None,
    *,
    actor: Membership | None = None,
    start: timedelta = DAY,
    days: int = 3,
    note: str = "",
) -> Absence:
    with tenant_transaction(company.id):
        now = clock.now()
        return enter_absence(
            actor=actor or member,
            member=member,
            stand_in=stand_in,
            starts_at=now + start,
            ends_at=now + start + days * DAY,
            note=note,
        )


def test_everybody_enters_their_own_absence(acme: Company) -> None:
    for member in (acme.alice, acme.audrey, acme.carl):
        enter(acme, member, acme.bob, note="Lakes")
    with tenant_transaction(acme.id):
        rows = Absence.objects.order_by("id").values_list("member__user__name", "note", "source")
        assert list(rows) == [
            (name, "Lakes", AbsenceSource.ENTERED) for name in ("Alice", "Audrey", "Carl")
        ]
    event = events_of(acme, "absence.entered")[0]
    assert event["actor"]["name"] == "Alice"
    assert event["summary"].startswith("Alice said that they will be away from ")
    assert event["summary"].endswith("Bob stands in.")
    assert event["data"]["stand_in"] == {"id": acme.bob.public_id, "name": "Bob"}


def test_only_owners_enter_those_of_others(acme: Company) -> None:
    enter(acme, acme.alice, acme.bob, actor=acme.olivia)
    for actor in (acme.carl, acme.bob, acme.audrey):
        with pytest.raises(Forbidden, match="only owners"):
            enter(acme, acme.charlie, actor=actor)
    absence = _first(acme)
    with tenant_transaction(acme.id), pytest.raises(Forbidden):
        cancel_absence(actor=acme.bob, absence=absence)
    with tenant_transaction(acme.id), pytest.raises(Forbidden):
        _change(acme, absence, actor=acme.bob)


@pytest.mark.parametrize(
    ("start", "days", "field"),
    [(DAY, 0, "ends_at"), (DAY, -1, "ends_at"), (-5 * DAY, 3, "ends_at"),
     (DAY, 367, "ends_at"), (800 * DAY, 3, "starts_at")],
)  # fmt: skip
def test_impossible_times_are_refused(
    acme: Company, start: timedelta, days: int, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        enter(acme, acme.alice, start=start, days=days)
    assert [error.pointer for error in refused.value.errors] == [f"/{field}"]


def test_what_has_begun_may_still_be_entered(acme: Company) -> None:
    enter(acme, acme.alice, acme.bob, start=-DAY)
    with tenant_transaction(acme.id):
        assert [each.member.user.name for each in standing_in_for(acme.bob)] == ["Alice"]


def test_who_cannot_approve_cannot_stand_in(acme: Company) -> None:
    with tenant_transaction(acme.id):
        suspend_member(actor=acme.olivia, member=acme.charlie)
    for stand_in in (acme.alice, acme.carl, acme.charlie):
        with pytest.raises(Invalid) as refused:
            enter(acme, acme.alice, stand_in)
        assert [error.pointer for error in refused.value.errors] == ["/stand_in"]


def test_a_stand_in_of_another_company_does_not_exist(acme: Company) -> None:
    globex = make_company("globex")
    with pytest.raises(Forbidden):
        enter(acme, acme.alice, globex.bob)


def test_nobody_is_away_twice_at_the_same_time(acme: Company) -> None:
    enter(acme, acme.alice, acme.bob)
    for start, days in ((DAY, 1), (-DAY, 3), (2 * DAY, 10), (-DAY, 20)):
        with pytest.raises(Conflict, match="Alice is away from"):
            enter(acme, acme.alice, start=start, days=days)
    enter(acme, acme.alice, start=4 * DAY + timedelta(seconds=5), days=1)
    enter(acme, acme.charlie, start=DAY)


def test_two_overlapping_entries_at_once_leave_one(committed_db: CommittedDatabase) -> None:
    company = make_company()

    def both() -> Absence:
        return enter(company, company.alice, company.bob)

    results = committed_db.at_once([both] * 4)
    assert sorted(type(each).__name__ for each in results) == ["Absence", *["Conflict"] * 3]


def test_a_change_closes_the_former_and_enters_another(acme: Company) -> None:
    former = enter(acme, acme.alice, acme.bob)
    with tenant_transaction(acme.id):
        made = _change(acme, former, stand_in=acme.charlie)
        former.refresh_from_db()
        assert (former.stand_in_id, former.cancelled_at) == (acme.bob.pk, made.created_at)
        open_now = absences_of(acme.alice, after=clock.now())
        assert [each.stand_in_id for each in open_now] == [acme.charlie.pk]
    event = events_of(acme, "absence.changed")[0]
    assert event["data"]["former"]["stand_in"]["name"] == "Bob"
    assert event["data"]["stand_in"]["name"] == "Charlie"


def test_a_change_of_nothing_changes_nothing(acme: Company) -> None:
    former = enter(acme, acme.alice, acme.bob)
    with tenant_transaction(acme.id):
        assert _change(acme, former, stand_in=acme.bob, days=0) == former
    assert events_of(acme, "absence.changed") == []


def test_what_is_over_or_cancelled_is_not_changed(acme: Company, move_clock: MoveClock) -> None:
    first, second = enter(acme, acme.alice), enter(acme, acme.bob)
    with tenant_transaction(acme.id):
        cancel_absence(actor=acme.alice, absence=first)
    move_clock(5 * DAY)
    for absence, words in ((first, "changed or cancelled"), (second, "is over")):
        with tenant_transaction(acme.id), pytest.raises(Conflict, match=words):
            cancel_absence(actor=acme.olivia, absence=absence)
        with tenant_transaction(acme.id), pytest.raises(Conflict, match=words):
            _change(acme, absence, actor=acme.olivia, days=9)
    assert len(events_of(acme, "absence.cancelled")) == 1


def test_rows_are_never_rewritten_or_removed(acme: Company) -> None:
    absence = enter(acme, acme.alice, acme.bob)
    with tenant_transaction(acme.id):
        rows = Absence.objects.filter(pk=absence.pk)
        for values in ({"stand_in": acme.charlie}, {"starts_at": clock.now()}):
            with pytest.raises(DatabaseError), transaction.atomic():
                rows.update(**values)
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.delete()


def calendar(*events: str) -> bytes:
    inside = "".join(f"BEGIN:VEVENT\r\n{each}\r\nEND:VEVENT\r\n" for each in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{inside}END:VCALENDAR\r\n".encode()


def whole_days(uid: str, first: datetime, days: int, title: str = "Holiday") -> str:
    return (
        f"UID:{uid}\r\nSUMMARY:{title}\r\nDTSTART;VALUE=DATE:{first:%Y%m%d}\r\n"
        f"DTEND;VALUE=DATE:{first + days * DAY:%Y%m%d}"
    )


@pytest.fixture
def monday() -> datetime:
    """A midnight to come; the companies here live in UTC."""
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + 10 * DAY
    return day - day.weekday() * DAY + 7 * DAY


def test_a_calendar_is_looked_at_and_then_taken(acme: Company, monday: datetime) -> None:
    ics = calendar(
        whole_days("a", monday, 5), whole_days("b", monday + 20 * DAY, 1, "Alice's surgery")
    )
    with tenant_transaction(acme.id):
        preview = preview_calendar(actor=acme.alice, member=acme.alice, ics=ics)
        assert Absence.objects.count() == 0
        keys = [one.entry.key for one in preview.offered]
        taken = import_calendar(
            actor=acme.alice, member=acme.alice, ics=ics, stand_in=acme.bob, chosen=keys[:1]
        )
        (made,) = Absence.objects.all()
    assert [each.pk for each in taken.entered] == [made.pk]
    assert (made.starts_at, made.ends_at) == (monday, monday + 5 * DAY)
    assert (made.calendar_uid, made.source, made.note) == ("a", AbsenceSource.CALENDAR, "")
    (entered,), (imported,) = (
        events_of(acme, f"absence.{each}") for each in ("entered", "calendar_imported")
    )
    assert entered["data"]["absence"] == made.public_id
    assert imported["data"] == {"entered": [made.public_id], "left_out": 0}


def test_a_calendar_that_comes_again_enters_nothing_twice(acme: Company, monday: datetime) -> None:
    ics = calendar(whole_days("a", monday, 5), whole_days("c", monday + 3 * DAY, 9))
    with tenant_transaction(acme.id):
        first = import_calendar(actor=acme.alice, member=acme.alice, ics=ics, stand_in=None)
        again = import_calendar(actor=acme.alice, member=acme.alice, ics=ics, stand_in=None)
        assert Absence.objects.count() == 1
    assert (len(first.entered), [one.why_not for one in first.left_out]) == (
        1,
        ["overlaps another absence"],
    )
    assert (again.entered, [one.why_not for one in again.left_out]) == (
        (),
        ["is entered already", "overlaps another absence"],
    )


def test_no_title_of_a_calendar_is_kept(acme: Company, monday: datetime) -> None:
    with tenant_transaction(acme.id):
        ics = calendar(whole_days("a", monday, 5, "Alice's surgery"))
        import_calendar(actor=acme.alice, member=acme.alice, ics=ics, stand_in=None)
        rows = str(list(Absence.objects.values()))
    assert "surgery" not in rows + str(events_of(acme, "absence.entered"))


def test_what_is_no_calendar_is_refused_in_words(acme: Company) -> None:
    for ics, words in ((b"hello", "not a calendar file"), (b"x" * 300_000, "larger than 256 KB")):
        with tenant_transaction(acme.id), pytest.raises(Invalid, match=words):
            import_calendar(actor=acme.alice, member=acme.alice, ics=ics, stand_in=None)


def test_a_calendar_is_taken_for_others_by_owners_only(acme: Company, monday: datetime) -> None:
    ics = calendar(whole_days("a", monday, 5))
    with tenant_transaction(acme.id), pytest.raises(Forbidden):
        preview_calendar(actor=acme.bob, member=acme.alice, ics=ics)
    with tenant_transaction(acme.id), pytest.raises(Forbidden):
        import_calendar(actor=acme.bob, member=acme.alice, ics=ics, stand_in=None)


def _first(company: Company) -> Absence:
    with tenant_transaction(company.id):
        return Absence.objects.select_related("member__user").earliest("id")


def _change(
    company: Company,
    absence: Absence,
    *,
    actor: Membership | None = None,
    stand_in: Membership | None = None,
    days: int = 0,
) -> Absence:
    return change_absence(
        actor=actor or absence.member,
        absence=absence,
        stand_in=stand_in,
        starts_at=absence.starts_at,
        ends_at=absence.ends_at + days * DAY,
        note=absence.note,
    )
