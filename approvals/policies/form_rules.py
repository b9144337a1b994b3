"""Rules as fields of a form, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from approvals.policies.form_conditions import read_conditions, write_conditions
from approvals.policies.form_fields import Fields, Part
from approvals.policies.form_flows import (
    as_mapping,
    read_people,
    shown_text,
    write_people,
)
from approvals.policies.form_values import write_item
from approvals.policies.problems import Problem
from approvals.policies.rules import REQUIRE_APPROVAL

_BOTH: Final = "write these conditions either as rows or as text, not both; clear one of them"
# Text fields in which something typed makes a rule, by the end of their names.
_TYPED: Final = ("id", "note", "delay", "attach-note", "step-up", "login", "notify")
_LISTS: Final = ("when-category", "when-environment", "when-labels", "when-tiers")


def write_rule(prefix: str, rule: object) -> Fields:
    """The fields of one rule; whatever it lacks is empty."""
    data = as_mapping(rule)
    when, obligations = as_mapping(data.get("when")), as_mapping(data.get("obligations"))
    agent = as_mapping(when.get("agent"))
    duties = data.get("separation_of_duties", True)
    return {
        f"{prefix}-id": shown_text(data.get("id")),
        f"{prefix}-when-category": _names(when, "category"),
        f"{prefix}-when-environment": _names(when, "environment"),
        f"{prefix}-when-labels": _names(agent, "labels"),
        f"{prefix}-when-tiers": _names(agent, "tiers"),
        f"{prefix}-then": shown_text(data.get("then")),
        f"{prefix}-flow": shown_text(data.get("flow")),
        f"{prefix}-separation": "no" if duties is False else "yes",
        f"{prefix}-note": shown_text(data.get("note"), lines=True),
        f"{prefix}-step-up": "yes" if obligations.get("step_up") is True else "",
        f"{prefix}-login": "yes" if obligations.get("login") is True else "",
        f"{prefix}-delay": shown_text(obligations.get("delay")),
        f"{prefix}-attach-note": shown_text(obligations.get("attach_note"), lines=True),
        f"{prefix}-notify": write_people(obligations.get("notify")),
        **write_conditions(prefix, when.get("conditions")),
    }


def _names(data: Mapping[str, object], key: str) -> str | list[str]:
    value = data.get(key)
    items = value if isinstance(value, list) else [value]
    return [write_item(each) for each in items if isinstance(each, str)]


def read_rules(form: Part, problems: list[Problem]) -> list[object]:
    """The rules in which something was typed."""
    rules: list[object] = []
    for _, part in form.numbered("rules"):
        conditions, both = read_conditions(part)
        typed = any(part.text(name) for name in _TYPED) or any(part.list(name) for name in _LISTS)
        if not typed and conditions is None:
            continue
        if both:
            problems.append(Problem(f"/rules/{len(rules)}/when/conditions", _BOTH))
        rules.append(_read_rule(part, conditions))
    return rules


def _read_rule(part: Part, conditions: object) -> dict[str, object]:
    rule: dict[str, object] = {"id": part.text("id"), "when": _read_when(part, conditions)}
    if then := part.text("then"):
        rule["then"] = then
    # The inputs of a form stay filled in when another outcome is chosen.
    if then == REQUIRE_APPROVAL:
        if flow := part.text("flow"):
            rule["flow"] = flow
        rule["separation_of_duties"] = part.text("separation") != "no"
    if note := part.text("note"):
        rule["note"] = note
    if obligations := _read_obligations(part):
        rule["obligations"] = obligations
    return rule


def _read_when(part: Part, conditions: object) -> dict[str, object]:
    when: dict[str, object] = {"category": part.list("when-category")}
    if environments := part.list("when-environment"):
        when["environment"] = environments
    agent = {key: names for key in ("labels", "tiers") if (names := part.list(f"when-{key}"))}
    if agent:
        when["agent"] = agent
    if conditions is not None:
        when["conditions"] = conditions
    return when


def _read_obligations(part: Part) -> dict[str, object]:
    obligations: dict[str, object] = {}
    if part.text("step-up") == "yes":
        obligations["step_up"] = True
    if part.text("login") == "yes":
        obligations["login"] = True
    if delay := part.text("delay"):
        obligations["delay"] = delay
    if note := part.text("attach-note"):
        obligations["attach_note"] = note
    if people := part.list("notify"):
        obligations["notify"] = read_people(people)
    return obligations
