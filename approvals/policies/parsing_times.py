"""Reading when things happen in a stage: what counts, durations, reminders and repetitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from approvals.policies import limits
from approvals.policies.checking import Checker
from approvals.policies.durations import counts_days
from approvals.policies.flows import ALL_HOURS, BUSINESS_HOURS, COUNTINGS, Counting, Escalation
from approvals.policies.problems import pointer_to
from approvals.policies.repeats import Repeat


@dataclass(frozen=True)
class Timing:
    """What all times of one stage have in common."""

    counting: Counting
    deadline: timedelta | None  # None when it is not in order, and then nothing is measured by it


def parse_counting(checker: Checker, data: Mapping[str, object], stage: str) -> Counting:
    """Which hours count in a stage; all of them where it does not say, or says it wrongly."""
    if "counting" not in data:
        return ALL_HOURS
    chosen = checker.choice(data["counting"], pointer_to(stage, "counting"), COUNTINGS)
    return cast("Counting", chosen or ALL_HOURS)


def parse_deadline(
    checker: Checker, value: object, pointer: str, counting: Counting
) -> timedelta | None:
    """How long a stage is open."""
    deadline = parse_delay(checker, value, pointer, counting)
    if deadline is not None and deadline < limits.SHORTEST_DEADLINE:
        checker.report(pointer, "write at least 1m here; nobody can decide sooner")
        return None
    return deadline


def parse_delay(
    checker: Checker, value: object, pointer: str, counting: Counting
) -> timedelta | None:
    """A duration; in hours at most where business hours count, since days have no length there."""
    delay = checker.duration(value, pointer)
    if delay is not None and counting == BUSINESS_HOURS and counts_days(str(value)):
        checker.report(
            pointer, "write hours such as 16h here; where business hours count, a day has no length"
        )
        return None
    return delay


def is_in_order(
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


def parse_reminders(
    checker: Checker, value: object, stage: str, timing: Timing
) -> tuple[timedelta, ...]:
    """A list of durations, or `{every: 1h, times: 5}`, which means such a list."""
    pointer = pointer_to(stage, "reminders")
    if isinstance(value, Mapping):
        repeat = parse_repeat(
            checker, value, pointer, counting=timing.counting, most=limits.REMINDERS
        )
        if repeat is None or not fits(checker, repeat, pointer, until=timing.deadline):
            return ()
        return tuple(repeat.every * number for number in range(1, repeat.times + 1))
    reminders: list[timedelta] = []
    items = checker.items(value, pointer, most=limits.REMINDERS, least=0) or ()
    for index, item in enumerate(items):
        place = pointer_to(pointer, index)
        after = parse_delay(checker, item, place, timing.counting)
        former = reminders[-1] if reminders else None
        if after and is_in_order(checker, after, place, deadline=timing.deadline, former=former):
            reminders.append(after)
    return tuple(reminders)


def parse_repeat(
    checker: Checker, value: object, pointer: str, *, counting: Counting, most: int
) -> Repeat | None:
    """`{every: 30m, times: 3}`: at most so many times."""
    data = checker.mapping(value, pointer, required=("every", "times"))
    if data is None or "every" not in data or "times" not in data:
        return None
    every = parse_delay(checker, data["every"], pointer_to(pointer, "every"), counting)
    times = checker.integer(data["times"], pointer_to(pointer, "times"), least=1, most=most)
    return None if every is None or times is None else Repeat(every, times)


def fits(
    checker: Checker,
    repeat: Repeat,
    pointer: str,
    *,
    until: timedelta | None,
    after: timedelta = timedelta(0),
    what: str = "the deadline",
) -> bool:
    """Whether the last repetition comes before what follows."""
    if until is None or after + repeat.every * repeat.times < until:
        return True
    # As many as lie wholly before it: an instant that is the same comes too late.
    most = (until - after - timedelta.resolution) // repeat.every
    if most < 1:
        message = f"write a shorter time here; a repetition comes before {what}"
        checker.report(pointer_to(pointer, "every"), message)
    else:
        message = f"write at most {most} here; the last repetition comes before {what}"
        checker.report(pointer_to(pointer, "times"), message)
    return False


def check_repeats(
    checker: Checker,
    escalations: Sequence[tuple[str, Escalation]],
    deadline: timedelta | None,
) -> None:
    """Report what would repeat on into the next escalation, or into the deadline.

    So whatever is due in a stage has one order, and the last thing that happens is expiry.
    """
    following = [each.after for _, each in escalations[1:]]
    for number, (pointer, escalation) in enumerate(escalations):
        if escalation.repeat is None:
            continue
        is_last = number == len(following)
        fits(
            checker,
            escalation.repeat,
            pointer_to(pointer, "repeat"),
            until=deadline if is_last else following[number],
            after=escalation.after,
            what="the deadline" if is_last else "the next escalation",
        )
