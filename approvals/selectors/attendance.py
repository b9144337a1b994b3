"""Who is here to approve at some instant, and when a flow could not be completed.

Whoever is away counts by their stand-in only, and only while that one is here.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from approvals.policies import Flow
from approvals.policies.shown import listed
from approvals.selectors.seating import NOBODY, keys_with_right, seat_flow, seats_of_flow
from approvals.selectors.staff import AHEAD, Colleague, Staff
from tenants.spans import span_in_words, until_in_words

# What changes later than this many times is told when it comes closer.
_MOST_CHANGES: Final = 60
_MOST_NAMED: Final = 5


@dataclass(frozen=True)
class Gap:
    """A time in which a flow could not be completed, and those who are away then."""

    starts_at: datetime
    ends_at: datetime
    away: tuple[Colleague, ...]
    stage: str  # of which nobody or too few are here; "" when only all stages together lack people


def people_present(
    staff: Staff, category: str, at: datetime, *, without: Collection[UUID] = ()
) -> list[Colleague]:
    """Return who could approve requests of a category at an instant, in their own or lent names.

    `without` are kept out, and so is whoever would stand in for them.
    """
    able = [one for one in staff.able(category) if one.member.pk not in without]
    lent: dict[UUID, frozenset[str]] = {}
    for person in able:
        away = person.away_at(at)
        if away is not None and away.stand_in is not None:
            lent[away.stand_in] = lent.get(away.stand_in, frozenset()) | person.keys
    held = {person.member.pk for person in able}
    found = []
    for person in staff.approvers:
        pk = person.member.pk
        keys = person.keys if pk in held else frozenset()
        keys |= lent.get(pk, frozenset())
        if keys and pk not in without and person.away_at(at) is None:
            found.append(replace(person, seated_as=keys))
    return found


def is_complete_at(
    flow: Flow,
    staff: Staff,
    category: str,
    at: datetime,
    *,
    without: Collection[UUID] = (),
    managers: Collection[UUID] = (),
) -> bool:
    """Whether the people who are here at an instant could complete the flow.

    `managers` are those who manage the agent's owner.
    """
    present = people_present(staff, category, at, without=without)
    return seat_flow(flow, present, _managers_at(staff, managers, at)).is_complete


def _managers_at(staff: Staff, managers: Collection[UUID], at: datetime) -> frozenset[UUID]:
    """Who can speak as manager at an instant: for one who is away, their stand-in."""
    found = set()
    for manager in managers:
        away = staff.people[manager].away_at(at)
        found.add(manager if away is None else away.stand_in)
    return frozenset(each for each in found if each is not None)


def away_now(flow: Flow, staff: Staff, category: str) -> list[Colleague]:
    """Return whom the flow means and who is away at this moment."""
    return [
        person
        for person in _meant(flow, staff, category)
        if person.away_at(staff.read_at) is not None
    ]


def away_words(people: Sequence[Colleague], staff: Staff) -> str:
    """Return who is away until when: "Alice is away until 14 December 2026"."""
    zone = ZoneInfo(staff.tenant.time_zone)
    said = []
    for person in people:
        away = person.away_at(staff.read_at)
        if away is not None:
            said.append(f"{person.name} is away until {until_in_words(away.ends_at, zone)}")
    return listed(said, most=_MOST_NAMED)


def find_gaps(flow: Flow, staff: Staff, category: str) -> list[Gap]:
    """Return when, from now on, absences that are known keep a flow from being completed."""
    meant = _meant(flow, staff, category)
    # Of any agent's owner: which one it is, is not known here.
    managers = staff.managers_of(staff.agents) if flow.asks_manager else NOBODY
    stand_ins = {away.stand_in for person in meant for away in person.away}
    others = [person for person in staff.approvers if person.member.pk in stand_ins]
    horizon = staff.read_at + AHEAD
    changes = sorted(_changes([*meant, *others], staff.read_at, horizon))
    gaps: list[Gap] = []
    for at, following in zip(changes, [*changes[1:], horizon], strict=True):
        present = people_present(staff, category, at)
        here = _managers_at(staff, managers, at)
        if seat_flow(flow, present, here).is_complete:
            continue
        away = tuple(person for person in meant if person.away_at(at) is not None)
        gap = Gap(at, following, away, _lacking(flow, present, here))
        last = gaps[-1] if gaps else None
        if last and last.ends_at == at and last.away == away:
            gaps[-1] = replace(last, ends_at=following)
        else:
            gaps.append(gap)
    return [gap for gap in gaps if gap.away]


def gap_words(gap: Gap, staff: Staff) -> str:
    """Return one gap in words: "3 to 14 December 2026, when Alice is away"."""
    zone = ZoneInfo(staff.tenant.time_zone)
    names = listed([person.name for person in gap.away], most=_MOST_NAMED)
    verb = "is" if len(gap.away) == 1 else "are"
    return f"{span_in_words(gap.starts_at, gap.ends_at, zone)}, when {names} {verb} away"


def _changes(people: Iterable[Colleague], now: datetime, horizon: datetime) -> list[datetime]:
    found = {now}
    for person in people:
        for away in person.away:
            found |= {at for at in (away.starts_at, away.ends_at) if now < at < horizon}
    return sorted(found)[:_MOST_CHANGES]


def _meant(flow: Flow, staff: Staff, category: str) -> list[Colleague]:
    seats = seats_of_flow(flow)
    managers = staff.managers_of(staff.agents) if flow.asks_manager else NOBODY

    def is_meant(person: Colleague) -> bool:
        keys = keys_with_right(person, is_manager=person.member.pk in managers)
        return any(seat.places_for(keys) for seat in seats)

    return [person for person in staff.able(category) if is_meant(person)]


def _lacking(flow: Flow, present: Sequence[Colleague], managers: frozenset[UUID]) -> str:
    """The first stage that these people could not complete even by itself."""
    for stage in flow.stages:
        alone = replace(flow, stages=(stage,))
        if not seat_flow(alone, present, managers).is_complete:
            return stage.name
    return ""
