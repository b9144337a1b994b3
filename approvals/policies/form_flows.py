"""Flows as fields of a form, and back: stages, seats, deadlines, reminders and escalations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from approvals.policies.form_fields import Fields, Part
from approvals.policies.form_values import read_text, write_item, write_text
from approvals.policies.problems import Problem, pointer_to
from approvals.policies.seats import REFERENCE_KINDS

# What the input of a seat says instead of naming one group: their list stands beside it.
DIFFERENT_GROUPS: Final = "groups"


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
    reminders = as_items(data.get("reminders"))
    fields: Fields = {
        f"{prefix}-name": shown_text(data.get("name")),
        f"{prefix}-deadline": shown_text(data.get("deadline")),
        f"{prefix}-reminders": [write_item(each) for each in reminders if isinstance(each, str)],
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
    return {
        f"{prefix}-after": shown_text(data.get("after")),
        f"{prefix}-add": write_people(data.get("add")),
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
    if reminders:
        stage["reminders"] = reminders
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
    if not (after or added):
        return None
    return {"after": after, "add": read_people(added)}
