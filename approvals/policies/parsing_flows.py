"""Reading `flows`: stages, seats, deadlines, reminders and escalations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from approvals.policies import limits
from approvals.policies.checking import Checker
from approvals.policies.flows import Escalation, Flow, Stage
from approvals.policies.parsing_seats import parse_reference, parse_seat
from approvals.policies.problems import pointer_to
from approvals.policies.seats import Seat


def parse_flows(checker: Checker, value: object, pointer: str) -> dict[str, Flow]:
    """The flows that are in order, by name; the others are reported."""
    if not isinstance(value, Mapping):
        checker.mapping(value, pointer)
        return {}
    if len(value) > limits.FLOWS:
        checker.report(pointer, f"write at most {limits.FLOWS} flows, not {len(value)}")
        return {}
    flows = {}
    for name, body in value.items():
        place = pointer_to(pointer, str(name))
        good_name = checker.slug(name, place)
        flow = _parse_flow(checker, str(name), body, place)
        if good_name is not None and flow is not None:
            flows[good_name] = flow
    return flows


def _parse_flow(checker: Checker, name: str, value: object, pointer: str) -> Flow | None:
    data = checker.mapping(value, pointer, required=("stages",))
    if data is None or "stages" not in data:
        return None
    place = pointer_to(pointer, "stages")
    items = checker.items(data["stages"], place, most=limits.STAGES)
    if items is None:
        return None
    stages = [
        _parse_stage(checker, item, pointer_to(place, index)) for index, item in enumerate(items)
    ]
    good = [stage for stage in stages if stage is not None]
    seen: set[str] = set()
    for index, stage in enumerate(stages):
        if stage is not None and stage.name in seen:
            where = pointer_to(pointer_to(place, index), "name")
            checker.report(where, "another stage of this flow has this name; choose a new one")
        elif stage is not None:
            seen.add(stage.name)
    return Flow(name, tuple(good)) if len(good) == len(stages) else None


def _parse_stage(checker: Checker, value: object, pointer: str) -> Stage | None:
    data = checker.mapping(
        value,
        pointer,
        required=("name", "seats", "deadline"),
        optional=("reminders", "escalations"),
    )
    if data is None:
        return None
    name = checker.line(data["name"], pointer_to(pointer, "name")) if "name" in data else None
    seats = _parse_seats(checker, data.get("seats"), pointer) if "seats" in data else None
    deadline = None
    if "deadline" in data:
        deadline = _parse_deadline(checker, data["deadline"], pointer_to(pointer, "deadline"))
    reminders = _parse_reminders(checker, data.get("reminders", ()), pointer, deadline)
    escalations = _parse_escalations(checker, data.get("escalations", ()), pointer, deadline)
    if name is None or seats is None or deadline is None:
        return None
    return Stage(name, seats, deadline, reminders, escalations)


def _parse_deadline(checker: Checker, value: object, pointer: str) -> timedelta | None:
    deadline = checker.duration(value, pointer)
    if deadline is not None and deadline < limits.SHORTEST_DEADLINE:
        checker.report(pointer, "write at least 1m here; nobody can decide sooner")
        return None
    return deadline


def _parse_seats(checker: Checker, value: object, stage: str) -> tuple[Seat, ...] | None:
    pointer = pointer_to(stage, "seats")
    items = checker.items(value, pointer, most=limits.SEAT_GROUPS)
    if items is None:
        return None
    seats: dict[str, Seat] = {}
    for index, item in enumerate(items):
        place = pointer_to(pointer, index)
        seat = parse_seat(checker, item, place)
        if seat is None:
            continue
        if seat.key in seats:
            named = f"{seat.kind} {seat.ref}"
            checker.report(
                place, f"{named} already has a seat in this stage; raise its count instead"
            )
            continue
        seats[seat.key] = seat
    return tuple(seats.values()) if len(seats) == len(items) else None


def _before(
    checker: Checker,
    value: timedelta,
    pointer: str,
    *,
    deadline: timedelta | None,
    former: timedelta | None,
) -> bool:
    """Whether a moment lies before the deadline and after the one listed before it."""
    if deadline is not None and value >= deadline:
        checker.report(pointer, "write a time before the deadline; counting starts at its opening")
    elif former is not None and value <= former:
        checker.report(pointer, "write a later time than the one before; they must ascend")
    else:
        return True
    return False


def _parse_reminders(
    checker: Checker, value: object, stage: str, deadline: timedelta | None
) -> tuple[timedelta, ...]:
    pointer = pointer_to(stage, "reminders")
    reminders: list[timedelta] = []
    items = checker.items(value, pointer, most=limits.REMINDERS, least=0) or ()
    for index, item in enumerate(items):
        place = pointer_to(pointer, index)
        after = checker.duration(item, place)
        former = reminders[-1] if reminders else None
        if after and _before(checker, after, place, deadline=deadline, former=former):
            reminders.append(after)
    return tuple(reminders)


def _parse_escalations(
    checker: Checker, value: object, stage: str, deadline: timedelta | None
) -> tuple[Escalation, ...]:
    pointer = pointer_to(stage, "escalations")
    escalations: list[Escalation] = []
    items = checker.items(value, pointer, most=limits.ESCALATIONS, least=0) or ()
    for index, item in enumerate(items):
        place = pointer_to(pointer, index)
        escalation = _parse_escalation(checker, item, place)
        if escalation is None:
            continue
        former = escalations[-1].after if escalations else None
        after = pointer_to(place, "after")
        if _before(checker, escalation.after, after, deadline=deadline, former=former):
            escalations.append(escalation)
    return tuple(escalations)


def _parse_escalation(checker: Checker, value: object, pointer: str) -> Escalation | None:
    data = checker.mapping(value, pointer, required=("after", "add"))
    if data is None or "after" not in data or "add" not in data:
        return None
    after = checker.duration(data["after"], pointer_to(pointer, "after"))
    place = pointer_to(pointer, "add")
    items = checker.items(data["add"], place, most=limits.SEAT_GROUPS)
    if items is None:
        return None
    added = [
        parse_reference(checker, item, pointer_to(place, index)) for index, item in enumerate(items)
    ]
    good = tuple(each for each in added if each is not None)
    if after is None or len(good) != len(added):
        return None
    return Escalation(after, good)
