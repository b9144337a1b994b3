"""Being away: entering it, changing it, taking it from a calendar.

An absence is never rewritten: whoever changes one closes it at this moment and enters another,
so that who stood in for whom at any past moment can be read from the rows.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction

from govapp.common import clock
from govapp.common.errors import Conflict, Forbidden
from tenants import rules
from tenants.absence_news import tell_stand_in
from tenants.audit_events import absences as events
from tenants.calendars import (
    LONGEST,
    CalendarEntry,
    CalendarRead,
    CalendarRefused,
    read_calendar,
)
from tenants.enums import AbsenceSource
from tenants.models import Absence, Membership, Tenant
from tenants.selectors.absences import absences_of, overlapping
from tenants.services.checks import clean_text, fault

FURTHEST: Final = timedelta(days=2 * 366)  # ahead of now, for what is entered
CALENDAR_AHEAD: Final = timedelta(days=366)
MOST_OPEN: Final = 200  # absences of one person that are not over


@dataclass(frozen=True)
class Offered:
    """One time of a calendar, and why it is not offered; "" when it is."""

    entry: CalendarEntry
    why_not: str


@dataclass(frozen=True)
class Preview:
    """What a calendar has to offer; `remarks` say what of it could not be read."""

    offered: tuple[Offered, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Imported:
    """What became of a calendar."""

    entered: tuple[Absence, ...]
    left_out: tuple[Offered, ...]


@transaction.atomic
def enter_absence(
    *,
    actor: Membership,
    member: Membership,
    stand_in: Membership | None,
    starts_at: datetime,
    ends_at: datetime,
    note: str = "",
) -> Absence:
    """Say that a member is away from `starts_at` until `ends_at`, and who stands in.

    Everybody enters their own, owners anybody's. Raises `Forbidden`, `Invalid` (times, somebody
    who cannot stand in), `Conflict` when the person is away then already.
    """
    _require_own(actor, member)
    member = _locked(member)
    absence = _checked(actor, member, stand_in, starts_at, ends_at, note)
    absence.save(force_insert=True)
    events.absence_entered(actor=actor, absence=absence)
    tell_stand_in(actor, [absence])
    return absence


@transaction.atomic
def change_absence(
    *,
    actor: Membership,
    absence: Absence,
    stand_in: Membership | None,
    starts_at: datetime,
    ends_at: datetime,
    note: str = "",
) -> Absence:
    """Put another absence in the place of this one, from now on, and return it.

    Votes that the former stand-in cast stay. Raises as `enter_absence`, and `Conflict` when this
    one is over or was cancelled.
    """
    _require_own(actor, absence.member)
    member = _locked(absence.member)
    former = _open(absence)
    same = (former.stand_in_id, former.starts_at, former.ends_at, former.note)
    if same == (stand_in and stand_in.pk, starts_at, ends_at, note.strip()):
        return former
    made = _checked(actor, member, stand_in, starts_at, ends_at, note, instead_of=former)
    _close(former, made.created_at)
    made.source, made.calendar_uid = former.source, former.calendar_uid
    made.save(force_insert=True)
    events.absence_changed(actor=actor, before=former, absence=made)
    if former.stand_in_id != made.stand_in_id:
        tell_stand_in(actor, [former], is_over=True)
    if same[:3] != (made.stand_in_id, starts_at, ends_at):
        tell_stand_in(actor, [made])
    return made


@transaction.atomic
def cancel_absence(*, actor: Membership, absence: Absence) -> Absence:
    """End an absence now, or before it begins. Nobody stands in from this moment on.

    Raises `Forbidden`, and `Conflict` when it is over or was cancelled.
    """
    _require_own(actor, absence.member)
    _locked(absence.member)
    found = _open(absence)
    _close(found, clock.now())
    events.absence_cancelled(actor=actor, absence=found)
    tell_stand_in(actor, [found], is_over=True)
    return found


def preview_calendar(*, actor: Membership, member: Membership, ics: bytes) -> Preview:
    """Return what a file has and what of it could be taken. Changes nothing.

    Raises `Forbidden`, and `Invalid` when the file cannot be used.
    """
    _require_own(actor, member)
    now = clock.now()
    read = _read(ics, now)
    return Preview(tuple(_offered(member, read.entries, now, taking=False)), read.remarks)


@transaction.atomic
def import_calendar(
    *,
    actor: Membership,
    member: Membership,
    ics: bytes,
    stand_in: Membership | None,
    chosen: Collection[str] | None = None,
) -> Imported:
    """Enter times of a calendar file as absences: those `chosen`, or what looks like absences.

    `chosen` are keys of what `preview_calendar` offered. What is there already, or overlaps what
    is there, is left out; nothing is removed. Titles are not kept. Raises `Forbidden`, and
    `Invalid` when the file cannot be used or nothing of it is chosen.
    """
    _require_own(actor, member)
    member = _locked(member)
    now = clock.now()
    read = _read(ics, now)
    wanted = [
        each for each in read.entries if (each.is_likely if chosen is None else each.key in chosen)
    ]
    if not wanted:
        raise fault("chosen", "Choose at least one time.")
    offered = _offered(member, wanted, now, taking=True)
    left_out = [one for one in offered if one.why_not]
    entered = [_of(one.entry, actor, member, stand_in, now) for one in offered if not one.why_not]
    if entered:
        _check_stand_in(member, stand_in)
        Absence.objects.bulk_create(entered)
        events.calendar_imported(
            actor=actor, member=member, entered=entered, left_out=len(left_out)
        )
        tell_stand_in(actor, entered)
    return Imported(tuple(entered), tuple(left_out))


def _of(
    entry: CalendarEntry,
    actor: Membership,
    member: Membership,
    stand_in: Membership | None,
    now: datetime,
) -> Absence:
    return Absence(
        member=member,
        stand_in=stand_in,
        starts_at=entry.starts_at,
        ends_at=entry.ends_at,
        source=AbsenceSource.CALENDAR,
        calendar_uid=entry.uid,
        created_by=actor,
        created_at=now,
    )


def _read(ics: bytes, now: datetime) -> CalendarRead:
    zone = ZoneInfo(Tenant.objects.values_list("time_zone", flat=True).get())
    try:
        return read_calendar(ics, zone=zone, now=now, until=now + CALENDAR_AHEAD)
    except CalendarRefused as refused:
        raise fault("ics", str(refused)) from None


def _offered(
    member: Membership, entries: Iterable[CalendarEntry], now: datetime, *, taking: bool
) -> list[Offered]:
    """Each time with why it cannot be taken: against what is there, and what is taken before."""
    taken = [
        (each.starts_at, each.ends_at, each.calendar_uid) for each in absences_of(member, after=now)
    ]
    offered = []
    for entry in entries:
        why_not = _why_not(entry, taken)
        offered.append(Offered(entry, why_not))
        if taking and not why_not:
            taken.append((entry.starts_at, entry.ends_at, entry.uid))
    return offered


def _why_not(entry: CalendarEntry, taken: list[tuple[datetime, datetime, str]]) -> str:
    for starts_at, ends_at, uid in taken:
        if starts_at < entry.ends_at and ends_at > entry.starts_at:
            same = (starts_at, ends_at, uid) == (entry.starts_at, entry.ends_at, entry.uid)
            return "is entered already" if same else "overlaps another absence"
    return ""


def _require_own(actor: Membership, member: Membership) -> None:
    is_own = actor.pk == member.pk and actor.is_active
    rules.require(
        is_own or rules.may_manage_people(actor),
        "Everybody enters their own absences; only owners enter those of others.",
    )


def _locked(member: Membership) -> Membership:
    """Two absences of one person are compared under this lock.

    Not a key lock: rows that refer to the person (a vote, an absence in which they stand in) need
    not wait for it, so that two who stand in for each other do not wait for one another.
    """
    locked = Membership.objects.select_for_update(of=("self",), no_key=True)
    locked = locked.select_related("user")
    return locked.get(pk=member.pk)


def _open(absence: Absence) -> Absence:
    found = (
        Absence.objects.select_for_update(of=("self",))
        .select_related("member__user", "stand_in__user")
        .get(pk=absence.pk)
    )
    if found.cancelled_at is not None:
        raise Conflict("This absence was changed or cancelled meanwhile.", code="closed")
    if found.ends_at <= clock.now():
        raise Conflict("This absence is over.", code="over")
    return found


def _close(absence: Absence, now: datetime) -> None:
    absence.cancelled_at = now
    absence.save(update_fields=["cancelled_at"])


def _checked(
    actor: Membership,
    member: Membership,
    stand_in: Membership | None,
    starts_at: datetime,
    ends_at: datetime,
    note: str,
    *,
    instead_of: Absence | None = None,
) -> Absence:
    now = clock.now()
    note = clean_text(note, field="note", at_most=200, required=False)
    _check_times(starts_at, ends_at, now)
    _check_stand_in(member, stand_in)
    if not instead_of and absences_of(member, after=now).count() >= MOST_OPEN:
        raise Conflict(f"There are {MOST_OPEN} absences to come already.", code="too_many")
    if other := overlapping(member, starts_at, ends_at, but=instead_of):
        name = member.user.name
        raise Conflict(
            f"{name} is away from {_day(other.starts_at)} to {_day(other.ends_at)} already:"
            " change that absence instead.",
            code="overlaps",
        )
    return Absence(
        member=member,
        stand_in=stand_in,
        starts_at=starts_at,
        ends_at=ends_at,
        note=note,
        created_by=actor,
        created_at=now,
    )


def _check_times(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    if ends_at <= starts_at:
        raise fault("ends_at", "It has to end after it begins.")
    if ends_at <= now:
        raise fault("ends_at", "It is over already: enter what is to come.")
    if ends_at - starts_at > LONGEST:
        raise fault("ends_at", "Nobody is away for more than a year: suspend them instead.")
    if starts_at > now + FURTHEST:
        raise fault("starts_at", "It begins in more than two years.")


def _check_stand_in(member: Membership, stand_in: Membership | None) -> None:
    if stand_in is None:
        return
    if stand_in.pk == member.pk:
        raise fault("stand_in", "Nobody stands in for themselves.")
    # Whether they may decide is looked at again at each vote; this is so that a name in the list
    # means something.
    fresh = Membership.objects.select_related("user").filter(pk=stand_in.pk).first()
    if fresh is None:
        raise Forbidden("There is no such member here.")
    if not rules.may_approve(fresh):
        raise fault("stand_in", f"{fresh.user.name} is no active approver.")


def _day(instant: datetime) -> str:
    zone = ZoneInfo(Tenant.objects.values_list("time_zone", flat=True).get())
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M}"
