"""A policy as the fields of a plain form, and back without loss."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import given

from approvals.policies import parse_policy
from approvals.policies.form_shape import (
    change_fields,
    field_for,
    from_fields,
    is_editable,
    to_fields,
)
from tests.approvals.policies.builders import compare, document, rule
from tests.approvals.policies.whole_documents import documents

A, B, C, D = (compare(f"payload.{name}", "eq", 1) for name in "abcd")


def as_sent(fields: dict[str, Any]) -> dict[str, list[str]]:
    """The fields as a browser sends them: all lists, no blanks, its own line breaks."""
    lists = {name: [v] if isinstance(v, str) else v for name, v in fields.items()}
    return {
        name: [value.replace("\r\n", "\n").replace("\n", "\r\n") for value in values]
        for name, values in lists.items()
        if values
    }


@given(documents())
def test_document_to_form_to_document_is_the_identity(made: Any) -> None:
    normalised = parse_policy(made).document

    fields = to_fields(normalised)

    assert from_fields(fields) == (normalised, [])
    assert json.dumps(from_fields(fields)[0], sort_keys=True) == json.dumps(
        normalised, sort_keys=True
    )
    assert from_fields(as_sent(fields)) == (normalised, [])
    assert list(from_fields(fields)[0].get("flows", {})) == list(normalised.get("flows", {}))  # type: ignore[call-overload]
    assert is_editable(normalised) is True


@given(documents())
def test_lists_may_be_joined_into_one_input(made: Any) -> None:
    normalised = parse_policy(made).document
    joined = {
        name: value if isinstance(value, str) else ", ".join(value)
        for name, value in to_fields(normalised).items()
    }

    assert from_fields(joined) == (normalised, [])


@given(documents())
def test_every_value_fits_an_input_of_one_line_or_a_textarea(made: Any) -> None:
    for name, value in to_fields(made).items():
        for each in [value] if isinstance(value, str) else value:
            lines = name.endswith(("note",))
            assert (each.replace("\n", "") if lines else each).isprintable(), name


def test_the_names_of_a_whole_document() -> None:
    tree = {"all": [compare("payload.amount", "gt", 10000), {"any": [A, B]}]}
    made = document(
        rule(conditions=tree, environment="production", agent={"labels": ["finance"]}, note="n\nm"),
        rule("b", then="deny", conditions=compare("payload.x", "between", [1, "2.50"])),
    )

    assert {name: value for name, value in to_fields(made).items() if value != ""} == {
        "default": "require_approval",
        "default-flow": "one",
        "rules-0-id": "large",
        "rules-0-when-category": ["payments.*"],
        "rules-0-when-environment": ["production"],
        "rules-0-when-labels": ["finance"],
        "rules-0-when-tiers": [],
        "rules-0-then": "require_approval",
        "rules-0-flow": "four-eyes",
        "rules-0-separation": "yes",
        "rules-0-note": "n\nm",
        "rules-0-notify": [],
        "rules-0-join": "all",
        "rules-0-c-0-field": "payload.amount",
        "rules-0-c-0-op": "gt",
        "rules-0-c-0-value": "10000",
        "rules-0-g-2-join": "any",
        "rules-0-c-1-group": "2",
        "rules-0-c-1-field": "payload.a",
        "rules-0-c-1-op": "eq",
        "rules-0-c-1-value": "1",
        "rules-0-c-2-group": "2",
        "rules-0-c-2-field": "payload.b",
        "rules-0-c-2-op": "eq",
        "rules-0-c-2-value": "1",
        "rules-1-id": "b",
        "rules-1-when-category": ["payments.*"],
        "rules-1-when-environment": [],
        "rules-1-when-labels": [],
        "rules-1-when-tiers": [],
        "rules-1-then": "deny",
        "rules-1-separation": "yes",
        "rules-1-notify": [],
        "rules-1-c-0-field": "payload.x",
        "rules-1-c-0-op": "between",
        "rules-1-c-0-value": "1",
        "rules-1-c-0-value2": "2.50",
        "flows-0-name": "one",
        "flows-0-s-0-name": "Review",
        "flows-0-s-0-deadline": "4h",
        "flows-0-s-0-reminders": [],
        "flows-0-s-0-seat-0-who": "group:finance",
        "flows-0-s-0-seat-0-count": "1",
        "flows-1-name": "four-eyes",
        "flows-1-s-0-name": "Finance",
        "flows-1-s-0-deadline": "4h",
        "flows-1-s-0-reminders": ["1h", "2h"],
        "flows-1-s-0-seat-0-who": "group:finance",
        "flows-1-s-0-seat-0-count": "1",
        "flows-1-s-0-seat-1-who": "group:risk",
        "flows-1-s-0-seat-1-count": "1",
        "flows-1-s-0-esc-0-after": "2h",
        "flows-1-s-0-esc-0-add": ["group:managers"],
    }


SHAPES: list[tuple[object, str, list[str], str]] = [
    # The tree, how it is joined, the groups of its rows, and its text when rows cannot show it.
    (A, "", [""], ""),
    ({"all": [A]}, "all", [""], ""),
    ({"any": [A, B]}, "any", ["", ""], ""),
    ({"not": A}, "not", [""], ""),
    ({"not": {"any": [A, B]}}, "not", ["", ""], ""),
    ({"not": {"all": [A, B]}}, "not", ["1", "1"], ""),
    ({"all": [A, {"any": [B, C]}, D]}, "all", ["", "2", "2", ""], ""),
    ({"any": [{"not": A}, {"not": {"any": [B, C]}}]}, "any", ["1", "2", "2"], ""),
    ({"all": [{"all": [A]}]}, "all", ["1"], ""),
    (
        {"all": [A, {"not": {"all": [B, C]}}]},
        "",
        [],
        "payload.a = 1 and not (payload.b = 1 and payload.c = 1)",
    ),
    (
        {"any": [A, {"all": [B, {"any": [C, D]}]}]},
        "",
        [],
        "payload.a = 1 or (payload.b = 1 and (payload.c = 1 or payload.d = 1))",
    ),
]


@pytest.mark.parametrize(("tree", "join", "groups", "text"), SHAPES)
def test_a_tree_is_shown_as_rows_with_groups_or_as_text(
    tree: object, join: str, groups: list[str], text: str
) -> None:
    made = document(rule(conditions=tree))
    fields = to_fields(made)

    assert fields["rules-0-join"] == join
    assert [fields[name] for name in fields if name.endswith("-group")] == groups
    assert fields["rules-0-text"] == text
    assert from_fields(fields)[0]["rules"][0]["when"]["conditions"] == tree  # type: ignore[index]


TYPED: list[tuple[str, str, str, object]] = [
    # A field, an operator, what was typed, and what it means.
    ("payload.a", "eq", "10000", 10000),
    ("payload.a", "eq", '"10000"', "10000"),
    ("payload.a", "eq", " EUR ", "EUR"),
    ("payload.a", "eq", '" EUR "', " EUR "),
    ("payload.a", "eq", "true", True),
    ("payload.a", "eq", "007", "007"),
    ("payload.a", "eq", "48200.50", 48200.5),
    ("payload.a", "eq", "12345678901234567890", "12345678901234567890"),
    ("payload.a", "gt", "48200.50", "48200.50"),
    ("payload.a", "gt", "ten", "ten"),
    ("payload.a", "starts_with", "12", "12"),
    ("payload.a", "in", "a, b", ["a", "b"]),
    ("payload.a", "in", 'a,\r\n"b, c",', ["a", "b, c"]),
    ("payload.a", "in", "1, 2", [1, 2]),
    ("payload.a", "between", "1, 10", [1, 10]),
    ("environment", "eq", "10", "10"),
    ("category.reversible", "eq", "false", False),
    ("category.reversible", "eq", "no", "no"),
    ("confidence", "lt", "0.8", 0.8),
    ("agent.labels", "contains", "true", "true"),
    ("agent.labels", "contains_any", "a, b", ["a", "b"]),
    ("payload.due", "before", "2026-12-31", "2026-12-31"),
    ("payload.due", "before", "2026", "2026"),
]


@pytest.mark.parametrize(("field", "op", "typed", "meant"), TYPED)
def test_a_value_is_typed_as_its_field_and_operator_ask(
    field: str, op: str, typed: str, meant: object
) -> None:
    row = {"rules-0-c-0-field": field, "rules-0-c-0-op": op, "rules-0-c-0-value": typed}

    made: Any = from_fields(row)[0]

    leaf = made["rules"][0]["when"]["conditions"]
    assert json.dumps(leaf) == json.dumps(compare(field, op, meant))


def test_what_is_left_blank_is_left_out() -> None:
    made = document(rule(conditions={"all": [A, B]}))
    fields = to_fields(made)
    for added in (
        "rules",
        "rules-0-c",
        "flows",
        "flows-0-s",
        "flows-0-s-0-seat",
        "flows-1-s-0-esc",
    ):
        fields = change_fields(fields, f"{added}-add")

    assert from_fields(fields) == (parse_policy(made).document, [])


def test_leftovers_of_another_choice_are_not_read() -> None:
    fields = to_fields(document(rule(conditions=compare("payload.a", "between", [1, 2]))))
    fields |= {"default": "deny", "rules-0-then": "deny", "rules-0-c-0-op": "exists"}

    made: Any = from_fields(fields)[0]

    assert "default_flow" not in made
    assert made["rules"] == [
        {
            "id": "large",
            "when": {"category": ["payments.*"], "conditions": compare("payload.a", "exists")},
            "then": "deny",
        }
    ]


def test_half_a_rule_is_kept_and_its_problems_find_their_inputs() -> None:
    fields = to_fields(document(rule(), default="deny"))
    fields |= {
        "rules-1-id": "Big One",
        "rules-1-then": "allow",
        "rules-1-c-0-field": "payload.amount",
        "rules-1-c-0-op": "gt",
        "rules-1-c-0-value": "ten",
        "rules-1-c-1-field": "payload.currency",
        "rules-1-c-1-op": "eq",
        "rules-2-id": "c",
        "rules-2-then": "deny",
        "rules-2-when-category": "*",
        "rules-2-text": "payload.amount >",
        "flows-0-s-0-seat-0-count": "x",
        "flows-1-name": "one",
    }

    made, problems = from_fields(fields)
    again = to_fields(made)

    assert from_fields(again)[0] == made
    assert is_editable(made) is True
    assert [(field_for(each.pointer, made), each.message) for each in problems] == [
        ("flows-1-name", "another flow is called one; choose a new name"),
        ("flows-0-s-0-seat-0-count", "write a whole number from 1 to 20 here, not x"),
        (
            "rules-0-flow",
            "there is no flow four-eyes; use one or one-2",
        ),
        (
            "rules-1-id",
            'write "Big One" with lower-case letters, digits, hyphens and underscores only',
        ),
        ("rules-1-when-category", "write 1 to 100 items here, not 0"),
        ("rules-1-c-0-value", 'write a number such as 10000 or "48200.00", not ten'),
        ("rules-1-c-1-value", "write some text here; it is empty"),
        ("rules-2-text", "column 17: write a number after >, not the end"),
    ]


def test_obligations_have_fields_of_their_own() -> None:
    obligations = {
        "step_up": True,
        "login": True,
        "delay": "10m",
        "attach_note": "see the handbook",
        "notify": [{"group": "audit"}, {"person": "alice@example.com"}],
    }
    fields = to_fields(document(rule(obligations=obligations)))

    names = ("step-up", "login", "delay", "attach-note", "notify")
    assert {name: fields[f"rules-0-{name}"] for name in names} == {
        "step-up": "yes",
        "login": "yes",
        "delay": "10m",
        "attach-note": "see the handbook",
        "notify": ["group:audit", "person:alice@example.com"],
    }
    made, problems = from_fields(fields | {"rules-0-then": "deny", "rules-0-notify": "audit, a@b"})
    assert made["rules"][0]["obligations"]["notify"] == [{"group": "audit"}, {"person": "a@b"}]  # type: ignore[index]
    assert [field_for(each.pointer, made) for each in problems] == [
        "rules-0-step-up",
        "rules-0-login",
        "rules-0-delay",
    ]


def test_seats_of_several_groups_and_exceptions_have_fields_of_their_own() -> None:
    seats = [
        {"groups": ["a", "b"], "count": 2, "but": [{"manager": "agent_owner"}]},
        {"anyone": "approver", "count": 1},
    ]
    made = copy.deepcopy(document())
    made["flows"]["four-eyes"]["stages"][0]["seats"] = seats
    fields = to_fields(made)

    start = next(name for name in fields if fields[name] == "groups").removesuffix("0-who")
    assert {name.removeprefix(start): fields[name] for name in fields if start in name} == {
        "0-who": "groups",
        "0-count": "2",
        "0-groups": ["a", "b"],
        "0-but": ["manager:agent_owner"],
        "1-who": "anyone:approver",
        "1-count": "1",
    }
    # An answer that the other choice does not ask for is not read.
    again: Any = from_fields(fields | {f"{start}0-who": "group:x", f"{start}1-but": "x, y@z"})[0]
    assert again["flows"]["four-eyes"]["stages"][0]["seats"] == [
        {"group": "x", "count": 2, "but": [{"manager": "agent_owner"}]},
        {"anyone": "approver", "count": 1, "but": [{"group": "x"}, {"person": "y@z"}]},
    ]


def test_times_of_a_stage_have_fields_of_their_own() -> None:
    made = copy.deepcopy(document(rule()))
    made["flows"]["one"]["stages"][0] |= {
        "counting": "business_hours",
        "reminders": {"every": "1h", "times": 2},
        "escalations": [
            {
                "after": "2h",
                "add": [{"group": "managers"}],
                "repeat": {"every": "30m", "times": 3},
                "hand_over": True,
            }
        ],
    }
    fields = to_fields(made)

    assert {
        name: value for name, value in fields.items() if re.match("flows-0-s-0-(c|r|esc)", name)
    } == {
        "flows-0-s-0-counting": "business_hours",
        "flows-0-s-0-reminders": ["every 1h 2 times"],
        "flows-0-s-0-esc-0-after": "2h",
        "flows-0-s-0-esc-0-add": ["group:managers"],
        "flows-0-s-0-esc-0-every": "30m",
        "flows-0-s-0-esc-0-times": "3",
        "flows-0-s-0-esc-0-hand-over": "yes",
    }
    assert parse_policy(from_fields(fields)[0]) == parse_policy(made)


@pytest.mark.parametrize("typed", ["every 1h 2 times", "Every  1h  2 times", "every 60m 2 time"])
def test_reminders_can_be_typed_as_a_repetition(typed: str) -> None:
    fields = to_fields(document(rule())) | {"flows-0-s-0-reminders": typed}

    read = parse_policy(from_fields(fields)[0])

    assert read.flows["one"].stages[0].to_dict()["reminders"] == ["1h", "2h"]


def test_rows_and_text_together_are_a_problem() -> None:
    fields = to_fields(document(rule(conditions=A))) | {"rules-0-text": "payload.b = 1"}

    _, problems = from_fields(fields)

    assert [(each.pointer, each.message) for each in problems] == [
        (
            "/rules/0/when/conditions",
            "write these conditions either as rows or as text, not both; clear one of them",
        )
    ]
