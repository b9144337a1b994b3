"""Whether one flow asks at least as much of people as another, and where it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from approvals.policies.covering_seats import find_unfilled
from approvals.policies.describing import duration_words, name_reference, name_seat
from approvals.policies.flows import Flow, Stage
from approvals.policies.seats import Reference, Seat


@dataclass(frozen=True)
class Demand:
    """What a rule that requires approval demands of the request."""

    flow: Flow
    separation_of_duties: bool = True


@dataclass(frozen=True)
class Gap:
    """One point in which a flow asks less: what the stricter one says, and what it says itself."""

    stage: str
    stricter: str
    looser: str


def demand_gaps(looser: Demand, stricter: Demand) -> tuple[Gap, ...]:
    """In which points `looser` asks less than `stricter`; empty when in none.

    Both are of the same people and stages otherwise: each stage of the stricter has its place, in
    order, in a stage of the other with at least its seats, no later a deadline, and nobody who
    may join sooner.
    """
    gaps = _flow_gaps(looser.flow, stricter.flow)
    if stricter.separation_of_duties and not looser.separation_of_duties:
        gaps += (
            Gap("", "the agent's owner may not approve", "the agent's owner may be one of them"),
        )
    return gaps


def _flow_gaps(looser: Flow, stricter: Flow) -> tuple[Gap, ...]:
    places = iter(looser.stages)
    for stage in stricter.stages:
        # The first that fits leaves the most for those that follow.
        if not any(not _stage_gaps(each, stage) for each in places):
            return _by_position(looser, stricter)
    return ()


def _by_position(looser: Flow, stricter: Flow) -> tuple[Gap, ...]:
    """The same stage by stage, for people to read."""
    gaps: list[Gap] = []
    named = {stage.name: stage for stage in looser.stages}
    same_names = {stage.name for stage in stricter.stages} <= set(named)
    for position, stage in enumerate(stricter.stages):
        if same_names:
            gaps.extend(_stage_gaps(named[stage.name], stage))
        elif position < len(looser.stages):
            gaps.extend(_stage_gaps(looser.stages[position], stage))
        else:
            gaps.append(Gap(stage.name, "this stage", "no such stage"))
    return tuple(gaps) or (Gap("", "these stages in this order", "another order"),)


def _stage_gaps(looser: Stage, stricter: Stage) -> list[Gap]:
    gaps = []
    name = stricter.name
    for seat in find_unfilled(stricter.seats, looser.seats):
        wanted = next(each for each in stricter.seats if each.key == seat.key)
        gaps.append(Gap(name, name_seat(wanted), _instead(wanted, looser)))
    if not _is_within(looser.deadline, looser, stricter.deadline, stricter):
        words = (duration_words(each.deadline, each) for each in (stricter, looser))
        gaps.append(Gap(name, *(f"within {each}" for each in words)))
    joined = _joining(stricter)
    for key, (reference, after) in _joining(looser).items():
        former = joined.get(key)
        joins = _joins(reference, after, looser)
        if former is None:
            gaps.append(Gap(name, "nobody else joins", joins))
        elif not _is_within(former[1], stricter, after, looser):
            gaps.append(Gap(name, _joins(*former, stricter), joins))
    return gaps


def _instead(seat: Seat, looser: Stage) -> str:
    """What a stage asks for in the place of a seat that it does not fill."""
    same = [each for each in looser.seats if (each.kind, each.ref) == (seat.kind, seat.ref)]
    if len(same) == 1 and same != [seat]:
        return name_seat(same[0])
    if same or seat.kind == "anyone":
        return "nobody else"
    if seat.kind in {"group", "groups", "role"}:
        return f"nobody from {name_reference(seat)}"
    return f"not {name_reference(seat)}"


def _is_within(delay: timedelta, stage: Stage, limit: timedelta, other: Stage) -> bool:
    """Whether so long in a stage is certainly no longer than a time in another.

    A number of business hours takes at least as many hours, and nobody knows how many more.
    """
    if stage.counts_business_hours and not other.counts_business_hours:
        return False
    return delay <= limit


def _joining(stage: Stage) -> Mapping[str, tuple[Reference, timedelta]]:
    """Who joins the stage while it is open, and when first."""
    found: dict[str, tuple[Reference, timedelta]] = {}
    for escalation in stage.escalations:
        for reference in escalation.add:
            former = found.get(reference.key)
            if former is None or escalation.after < former[1]:
                found[reference.key] = (reference, escalation.after)
    return found


def _joins(reference: Reference, after: timedelta, stage: Stage) -> str:
    return f"{name_reference(reference)} joins after {duration_words(after, stage)}"
