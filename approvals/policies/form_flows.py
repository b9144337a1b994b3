"""Flows as fields of a form, and back: stages, seats, deadlines, reminders and escalations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from approvals.policies.form_fields import Fields, Part
from approvals.policies.form_values import read_text, write_item, write_text
from approvals.policies.problems import Problem, pointer_to
from approvals.policies.seats import REFERENCE_KINDS

# What the input of a seat says instead of naming one group: their list stands beside it.
DIFFERENT_GROUPS: Final = "groups"

_EVERY: Final = re.compile(r"every +(\S+) +(\S+) +times?", re.IGNORECASE)


def as_items(value: object) -> list[object]:
    """A list as it is, anything else as an empty one."""
    return value if isinstance(value, list) else []


def as_mapping(value: object) -> Mapping[str, object]:
    """A mapping as it is, anything else as an empty one."""
    return value if isinstance(value, Mapping) else {}


def shown_text(value: object, *, lines: bool = False) -> str:
    """Text, or a number where text belongs, for an input; empty for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    return write_text(value, lines=lines) if isinstance(value, str) else ""


def write_people(value: object) -> list[str]:
    """People for the inputs of a list: "group:finance"."""
    return [write_item(who) for each in as_items(value) if (who := _who(each))]


def _who(reference: object) -> str:
    data = as_mapping(reference)
    return next((f"{kind}:{data[kind]}" for kind in REFERENCE_KINDS if kind in data), "")


def read_people(written: Iterable[str]) -> list[dict[str, object]]:
    """The people of a list; an address without a kind is a person, another name a group."""
    return [_reference(who) for who in written]


def _reference(who: str) -> dict[str, object]:
    kind, colon, ref = who.partition(":")
    if colon and kind in REFERENCE_KINDS:
        return {kind: ref}
    return {"person" if "@" in who else "group": who}


def write_flows(flows: object) -> Fields:
    """The fields of all flows."""
    fields: Fields = {}
    for index, (name, flow) in enumerate(as_mapping(flows).items()):
        prefix = f"flows-{index}"
        fields[f"{prefix}-name"] = shown_text(name)
        for number, stage in enumerate(as_items(as_mapping(flow).get("stages"))):
            fields.update(write_stage(f"{prefix}-s-{number}", stage))
    return fields


def write_stage(prefix: str, stage: object) -> Fields:
    """The fields of one stage; whatever it lacks is empty."""
    data = as_mapping(stage)
    fields: Fields = {
        f"{prefix}-name": shown_text(data.get("name")),
        f"{prefix}-deadline": shown_text(data.get("deadline")),
        f"{prefix}-counting": shown_text(data.get("counting")),
        f"{prefix}-reminders": write_reminders(data.get("reminders")),
    }
    for number, seat in enumerate(as_items(data.get("seats"))):
        fields.update(write_seat(f"{prefix}-seat-{number}", seat))
    for number, escalation in enumerate(as_items(data.get("escalations"))):
        fields.update(write_escalation(f"{prefix}-esc-{number}", escalation))
    return fields


def write_seat(prefix: str, seat: object) -> Fields:
    """The fields of one seat; where it names several groups, these are a list of their own."""
    data = as_mapping(seat)
    who = DIFFERENT_GROUPS if "groups" in data else write_text(_who(seat))
    fields: Fields = {f"{prefix}-who": who, f"{prefix}-count": shown_text(data.get("count", 1))}
    if "groups" in data:
        slugs = as_items(data["groups"])
        fields[f"{prefix}-groups"] = [write_item(each) for each in slugs if isinstance(each, str)]
    if "but" in data:
        fields[f"{prefix}-but"] = write_people(data["but"])
    return fields


def write_escalation(prefix: str, escalation: object) -> Fields:
    """The fields of one escalation."""
    data = as_mapping(escalation)
    repeat = as_mapping(data.get("repeat"))
    return {
        f"{prefix}-after": shown_text(data.get("after")),
        f"{prefix}-add": write_people(data.get("add")),
        f"{prefix}-every": shown_text(repeat.get("every")),
        f"{prefix}-times": shown_text(repeat.get("times")),
        f"{prefix}-hand-over": "yes" if data.get("hand_over") is True else "",
    }


def read_flows(form: Part, problems: list[Problem]) -> dict[str, object]:
    """The flows by name. One whose name is taken gets a number and is reported."""
    flows: dict[str, object] = {}
    for _, part in form.numbered("flows"):
        name = part.text("name")
        stages = [
            stage for _, each in part.numbered("s") if (stage := _read_stage(each)) is not None
        ]
        if not name and not stages:
            continue
        key, number = name, 1
        while key in flows:
            number += 1
            key = f"{name}-{number}"
        if key != name:
            message = f"another flow is called {name}; choose a new name"
            problems.append(Problem(pointer_to("/flows", key), message))
        flows[key] = {"stages": stages}
    return flows


def _read_stage(part: Part) -> dict[str, object] | None:
    seats = [seat for _, each in part.numbered("seat") if (seat := _read_seat(each)) is not None]
    escalations = [
        found for _, each in part.numbered("esc") if (found := _read_escalation(each)) is not None
    ]
    name, deadline, reminders = part.text("name"), part.text("deadline"), part.list("reminders")
    if not (name or deadline or reminders or seats or escalations):
        return None
    stage: dict[str, object] = {"name": name, "seats": seats, "deadline": deadline}
    if counting := part.text("counting"):
        stage["counting"] = counting
    if reminders:
        stage["reminders"] = read_reminders(reminders)
    if escalations:
        stage["escalations"] = escalations
    return stage


def _read_seat(part: Part) -> dict[str, object] | None:
    who, count, but = part.text("who"), part.raw("count").strip(), part.list("but")
    if not who:
        return None
    named = {"groups": part.list("groups")} if who == DIFFERENT_GROUPS else _reference(who)
    seat: dict[str, object] = {**named, "count": read_count(count) if count else 1}
    return {**seat, "but": read_people(but)} if but else seat


def read_count(text: str) -> object:
    """A whole number, or the text when it is none, for the parser to report."""
    text = read_text(text)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else text


def _read_escalation(part: Part) -> dict[str, object] | None:
    after, added = part.text("after"), part.list("add")
    every, times = part.text("every"), part.raw("times").strip()
    if not (after or added or every or times):
        return None
    escalation: dict[str, object] = {"after": after, "add": read_people(added)}
    if every or times:
        escalation["repeat"] = {"every": every, "times": read_count(times)}
    if part.text("hand-over") == "yes":
        escalation["hand_over"] = True
    return escalation


def write_reminders(value: object) -> list[str]:
    """Reminders for an input: durations, or "every 1h 5 times"."""
    if isinstance(value, Mapping):
        every, times = shown_text(value.get("every")), shown_text(value.get("times"))
        return [f"every {every} {times} times"] if every and times else []
    return [write_item(each) for each in as_items(value) if isinstance(each, str)]


def read_reminders(written: list[str]) -> object:
    """What was typed: a list of durations, or one repetition alone."""
    found = _EVERY.fullmatch(written[0]) if len(written) == 1 else None
    return {"every": found[1], "times": read_count(found[2])} if found else written
