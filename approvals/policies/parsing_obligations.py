"""Reading `obligations`: what a rule asks for beside its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from approvals.policies import limits
from approvals.policies.checking import Checker
from approvals.policies.obligations import Obligations
from approvals.policies.parsing_seats import parse_reference
from approvals.policies.problems import pointer_to
from approvals.policies.rules import DENY, REQUIRE_APPROVAL
from approvals.policies.seats import Reference

KEYS = ("step_up", "login", "delay", "attach_note", "notify")


def parse_obligations(
    checker: Checker, value: object, pointer: str, then: str
) -> Obligations | None:
    """The obligations of a rule with the outcome `then`; None when nothing is asked for."""
    data = checker.mapping(value, pointer, optional=KEYS)
    if data is None:
        return None
    if not data:
        checker.report(
            pointer,
            "write step_up, login, delay, attach_note or notify here, or remove obligations",
        )
        return None
    note = None
    if "attach_note" in data:
        place = pointer_to(pointer, "attach_note")
        most = limits.ATTACHED_NOTE_CHARACTERS
        note = checker.text(data["attach_note"], place, most=most)
    obligations = Obligations(
        step_up=_parse_of_voters(checker, data, pointer, then, "step_up"),
        login=_parse_of_voters(checker, data, pointer, then, "login"),
        delay=_parse_delay(checker, data, pointer, then),
        note=note,
        notify=_parse_notify(checker, data, pointer),
    )
    return None if obligations == Obligations() else obligations


def _parse_of_voters(
    checker: Checker, data: Mapping[str, object], pointer: str, then: str, key: str
) -> bool:
    if key not in data:
        return False
    place = pointer_to(pointer, key)
    if then != REQUIRE_APPROVAL:
        message = f"remove {key}; only then: require_approval has people who vote"
        checker.report(place, message, at_key=True)
        return False
    return checker.boolean(data[key], place) is True


def _parse_delay(
    checker: Checker, data: Mapping[str, object], pointer: str, then: str
) -> timedelta | None:
    if "delay" not in data:
        return None
    place = pointer_to(pointer, "delay")
    if then == DENY:
        message = "remove delay; what is denied gets no permission that could be held back"
        checker.report(place, message, at_key=True)
        return None
    delay = checker.duration(data["delay"], place)
    if delay is not None and delay > limits.LONGEST_DELAY:
        checker.report(place, "write at most 7d here")
        return None
    return delay


def _parse_notify(
    checker: Checker, data: Mapping[str, object], pointer: str
) -> tuple[Reference, ...]:
    if "notify" not in data:
        return ()
    place = pointer_to(pointer, "notify")
    items = checker.items(data["notify"], place, most=limits.NOTIFIED) or ()
    found: dict[str, Reference] = {}
    for index, item in enumerate(items):
        where = pointer_to(place, index)
        reference = parse_reference(checker, item, where)
        if reference is None:
            continue
        if reference.key in found:
            checker.report(
                where, f"{reference.kind} {reference.ref} is already in this list; remove it"
            )
        found[reference.key] = reference
    return tuple(found.values())
