"""Who is away, from when to when, and who stands in for whom."""

from datetime import datetime
from typing import Final

from django.db.models import Exists, OuterRef, QuerySet

from govapp.common.clock import Now
from govapp.common.errors import NotFound
from govapp.common.ids import InvalidId, parse_public_id
from tenants.models import Absence, Membership

_STANDING_IN: Final = "standing_in"


def absences() -> QuerySet[Absence]:
    """Return the absences that were not cancelled, with their people, the earliest first."""
    return (
        Absence.objects.filter(cancelled_at=None)
        .select_related("member__user", "stand_in__user", "created_by__user")
        .order_by("starts_at", "id")
    )


def current_absences() -> QuerySet[Absence]:
    """Return the absences of this moment by the database's clock; for subqueries as well."""
    return Absence.objects.filter(cancelled_at=None, starts_at__lte=Now(), ends_at__gt=Now())


def absences_between(start: datetime, end: datetime) -> QuerySet[Absence]:
    """Return the absences that touch this time, the earliest first. One statement."""
    return absences().filter(ends_at__gt=start, starts_at__lt=end)


def absences_of(member: Membership, *, after: datetime) -> QuerySet[Absence]:
    """Return what is not over yet of one person's absences. One statement."""
    return absences().filter(member=member, ends_at__gt=after)


def overlapping(
    member: Membership, start: datetime, end: datetime, *, but: Absence | None = None
) -> Absence | None:
    """Return the first absence of the person that shares time with this one, if there is one."""
    found = absences_between(start, end).filter(member=member)
    return (found.exclude(pk=but.pk) if but else found).first()


def standing_in_for(member: Membership) -> list[Absence]:
    """Return the absences for which this member stands in now, with the absent people.

    Nothing when the member is away as well: it never cascades (domain page, section 1). One
    statement; none for a member of whom `note_standing_in` found that there is nothing.
    """
    noted = vars(member).get(_STANDING_IN)
    if noted is False:
        return []
    return list(
        current_absences()
        .filter(stand_in=member)
        .exclude(Exists(current_absences().filter(member=member)))
        .select_related("member__user")
        .order_by("member__user__name", "id")
    )


def note_standing_in(members: QuerySet[Membership]) -> QuerySet[Membership]:
    """Add whether each member is somebody's stand-in now: saves a statement for most people."""
    mine = current_absences().filter(stand_in=OuterRef("pk"))
    return members.annotate(**{_STANDING_IN: Exists(mine)})


def stand_ins_away(found: list[Absence]) -> dict[Absence, list[Absence]]:
    """Return for each absence when its stand-in is away too: then nobody stands in.

    One statement.
    """
    if not found:
        return {}
    start = min(each.starts_at for each in found)
    end = max(each.ends_at for each in found)
    people = {each.stand_in_id for each in found if each.stand_in_id}
    others = list(absences_between(start, end).filter(member__in=people)) if people else []
    return {
        each: [
            other
            for other in others
            if other.member_id == each.stand_in_id
            and other.starts_at < each.ends_at
            and other.ends_at > each.starts_at
        ]
        for each in found
    }


def get_absence(public_id: str) -> Absence:
    """Return the absence with this public id, cancelled or not; raise `NotFound`."""
    try:
        ident = parse_public_id("abs", public_id)
    except InvalidId as error:
        raise NotFound(str(error)) from None
    found = (
        Absence.objects.filter(pk=ident)
        .select_related("member__user", "stand_in__user", "created_by__user")
        .first()
    )
    if found is None:
        raise NotFound("There is no such absence here.")
    return found
