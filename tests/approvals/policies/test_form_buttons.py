"""The form of a policy: where a problem is shown, and what the buttons do."""

from __future__ import annotations

from typing import Any

import pytest

from approvals.policies import parse_policy
from approvals.policies.form_shape import (
    change_fields,
    field_for,
    from_fields,
    replace_part,
    to_fields,
)
from tests.approvals.policies.builders import compare, document, rule

A, B, C, D = (compare(f"payload.{name}", "eq", 1) for name in "abcd")


POINTERS: list[tuple[str, str]] = [
    ("", ""),
    ("/default", "default"),
    ("/default_flow", "default-flow"),
    ("/rules", ""),
    ("/rules/0", "rules-0-id"),
    ("/rules/0/when", "rules-0-when-category"),
    ("/rules/0/when/category/0", "rules-0-when-category"),
    ("/rules/0/when/environment", "rules-0-when-environment"),
    ("/rules/0/when/agent/labels/1", "rules-0-when-labels"),
    ("/rules/0/when/agent/tiers", "rules-0-when-tiers"),
    ("/rules/0/when/conditions", "rules-0-c-0-field"),
    ("/rules/0/when/conditions/all/1", "rules-0-c-1-field"),
    ("/rules/0/when/conditions/all/1/any/1/value", "rules-0-c-2-value"),
    ("/rules/0/when/conditions/all/1/any/1/value/1", "rules-0-c-2-value2"),
    ("/rules/1/when/conditions/any/0/all/0/op", "rules-1-text"),
    ("/rules/0/obligations/delay", "rules-0-delay"),
    ("/rules/0/obligations/login", "rules-0-login"),
    ("/rules/0/obligations/notify/0/group", "rules-0-notify"),
    ("/rules/0/separation_of_duties", "rules-0-separation"),
    ("/rules/9/id", "rules-9-id"),
    ("/flows/four-eyes", "flows-1-name"),
    ("/flows/four-eyes/stages/0/seats/1/group", "flows-1-s-0-seat-1-who"),
    ("/flows/four-eyes/stages/0/seats/1/groups/2", "flows-1-s-0-seat-1-groups"),
    ("/flows/four-eyes/stages/0/seats/1/but/0/group", "flows-1-s-0-seat-1-but"),
    ("/flows/four-eyes/stages/0/escalations/0/add/0", "flows-1-s-0-esc-0-add"),
    ("/flows/four-eyes/stages/0/reminders/1", "flows-1-s-0-reminders"),
    ("/flows/four-eyes/stages/0/escalations/0/repeat", "flows-1-s-0-esc-0-every"),
    ("/flows/four-eyes/stages/0/escalations/0/repeat/every", "flows-1-s-0-esc-0-every"),
    ("/flows/four-eyes/stages/0/escalations/0/repeat/times", "flows-1-s-0-esc-0-times"),
    ("/flows/four-eyes/stages/0/escalations/0/hand_over", "flows-1-s-0-esc-0-hand-over"),
    ("/flows/four-eyes/stages/0/reminders/times", "flows-1-s-0-reminders"),
    ("/flows/four-eyes/stages/0/counting", "flows-1-s-0-counting"),
    ("/flows/four-eyes/stages/0/deadline", "flows-1-s-0-deadline"),
    ("/flows/none", ""),
]


@pytest.mark.parametrize(("pointer", "name"), POINTERS)
def test_a_pointer_has_an_input(pointer: str, name: str) -> None:
    between = compare("payload.c", "between", [1, 2])
    deep = {"any": [{"all": [A, {"any": [B, C]}]}]}
    made = document(
        rule(conditions={"all": [A, {"any": [B, between]}]}), rule("b", conditions=deep)
    )

    assert field_for(pointer, made) == name


def rule_ids(fields: dict[str, Any]) -> list[str]:
    made: Any = from_fields(fields)[0]
    return [each["id"] for each in made["rules"]]


@pytest.mark.parametrize(
    ("action", "ids"),
    [
        ("rules-1-up", ["b", "a", "c"]),
        ("rules-1-down", ["a", "c", "b"]),
        ("rules-0-up", ["a", "b", "c"]),
        ("rules-2-down", ["a", "b", "c"]),
        ("rules-1-remove", ["a", "c"]),
        ("rules-7-remove", ["a", "b", "c"]),
        ("rules-0-explode", ["a", "b", "c"]),
        ("", ["a", "b", "c"]),
    ],
)
def test_buttons_move_and_remove_rules(action: str, ids: list[str]) -> None:
    made = document(rule("a", conditions=A), rule("b", conditions={"any": [B, C]}), rule("c"))

    fields = change_fields(to_fields(made), action)

    assert rule_ids(fields) == ids
    by_id = {each["id"]: each for each in made["rules"]}
    assert (
        from_fields(fields)[0]
        == parse_policy({**made, "rules": [by_id[each] for each in ids]}).document
    )


@pytest.mark.parametrize(
    ("action", "name", "value"),
    [
        ("rules-add", "rules-1-id", "new"),
        ("rules-0-c-add", "rules-0-c-1-field", "payload.new"),
        ("flows-add", "flows-2-name", "new"),
        ("flows-0-s-add", "flows-0-s-1-name", "New"),
        ("flows-0-s-0-seat-add", "flows-0-s-0-seat-1-who", "role:owner"),
        ("flows-0-s-0-esc-add", "flows-0-s-0-esc-0-after", "1h"),
    ],
)
def test_buttons_add_what_can_be_filled_in(action: str, name: str, value: str) -> None:
    fields = to_fields(document(rule(conditions=A)))
    assert name not in fields

    changed = change_fields(fields, action)
    assert changed[name] == ""

    assert from_fields(changed | {name: value})[0] != from_fields(fields)[0]


def test_buttons_turn_rows_into_text_and_back() -> None:
    made = document(rule(conditions={"any": [A, {"not": B}]}))
    fields = to_fields(made)

    text = change_fields(fields, "rules-0-as-text")

    assert text["rules-0-text"] == "payload.a = 1 or not (payload.b = 1)"
    assert [name for name in text if name.startswith("rules-0-c-")] == []
    assert change_fields(text, "rules-0-as-rows") == fields
    deep = text | {"rules-0-text": "payload.a = 1 and (payload.b = 1 or not (payload.c = 1))"}
    assert change_fields(deep, "rules-0-as-rows") == deep
    half = fields | {"rules-0-c-0-op": ""}
    assert change_fields(half, "rules-0-as-text") == half


def test_one_rule_can_be_sent_alone() -> None:
    made = document(rule("a", conditions={"all": [A, B]}), rule("b", conditions=C), rule("c"))
    sent = to_fields(document(rule("x", conditions=D)))
    renamed = {name.replace("rules-0-", "rules-1-"): value for name, value in sent.items()}

    fields = replace_part(to_fields(made), "rules-1", {**renamed, "default": "deny"})

    expected = {**made, "rules": [made["rules"][0], rule("x", conditions=D), made["rules"][2]]}
    assert from_fields(fields) == (parse_policy(expected).document, [])
