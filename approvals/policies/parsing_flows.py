"""Reading `flows`: stages, seats, deadlines, reminders and escalations."""

from __future__ import annotations

from collections.abc import Mapping

from approvals.policies import limits
from approvals.policies.checking import Checker
from approvals.policies.flows import Counting, Escalation, Flow, Stage
from approvals.policies.parsing_seats import parse_reference, parse_seat
from approvals.policies.parsing_times import (
    Timing,
    check_repeats,
    is_in_order,
    parse_counting,
    parse_deadline,
    parse_delay,
    parse_reminders,
    parse_repeat,
)
from approvals.policies.problems import pointer_to
from approvals.policies.seats import Reference, Seat


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
        optional=("reminders", "escalations", "counting"),
    )
    if data is None:
        return None
    name = checker.line(data["name"], pointer_to(pointer, "name")) if "name" in data else None
    seats = _parse_seats(checker, data.get("seats"), pointer) if "seats" in data else None
    counting = parse_counting(checker, data, pointer)
    deadline = None
    if "deadline" in data:
        place = pointer_to(pointer, "deadline")
        deadline = parse_deadline(checker, data["deadline"], place, counting)
    timing = Timing(counting, deadline)
    reminders = parse_reminders(checker, data.get("reminders", ()), pointer, timing)
    escalations = _parse_escalations(checker, data.get("escalations", ()), pointer, timing)
    if name is None or seats is None or deadline is None:
        return None
    return Stage(name, seats, deadline, reminders, escalations, counting)


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


def _parse_escalations(
    checker: Checker, value: object, stage: str, timing: Timing
) -> tuple[Escalation, ...]:
    pointer = pointer_to(stage, "escalations")
    found: list[tuple[str, Escalation]] = []
    items = checker.items(value, pointer, most=limits.ESCALATIONS, least=0) or ()
    for index, item in enumerate(items):
        place = pointer_to(pointer, index)
        escalation = _parse_escalation(checker, item, place, timing.counting)
        if escalation is None:
            continue
        former = found[-1][1].after if found else None
        after, deadline = pointer_to(place, "after"), timing.deadline
        if is_in_order(checker, escalation.after, after, deadline=deadline, former=former):
            found.append((place, escalation))
    check_repeats(checker, found, timing.deadline)
    return tuple(escalation for _, escalation in found)


def _parse_escalation(
    checker: Checker, value: object, pointer: str, counting: Counting
) -> Escalation | None:
    data = checker.mapping(
        value, pointer, required=("after", "add"), optional=("repeat", "hand_over")
    )
    if data is None or "after" not in data or "add" not in data:
        return None
    after = parse_delay(checker, data["after"], pointer_to(pointer, "after"), counting)
    repeat = None
    if "repeat" in data:
        place = pointer_to(pointer, "repeat")
        repeat = parse_repeat(
            checker, data["repeat"], place, counting=counting, most=limits.REPETITIONS
        )
    place = pointer_to(pointer, "hand_over")
    hands_over = checker.boolean(data.get("hand_over", False), place)
    added = _parse_added(checker, data["add"], pointer_to(pointer, "add"))
    if after is None or added is None:
        return None
    return Escalation(after, added, repeat, hands_over is True)


def _parse_added(checker: Checker, value: object, pointer: str) -> tuple[Reference, ...] | None:
    items = checker.items(value, pointer, most=limits.SEAT_GROUPS)
    if items is None:
        return None
    added = [
        parse_reference(checker, item, pointer_to(pointer, index))
        for index, item in enumerate(items)
    ]
    good = tuple(each for each in added if each is not None)
    return good if len(good) == len(added) else None
