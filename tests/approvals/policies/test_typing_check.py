from __future__ import annotations

from typing import Any

import pytest

from approvals.policies.problems import Problem
from approvals.policies.typing_check import check_types
from tests.approvals.policies.builders import compare, policy, rule

TREE = "/rules/0/when/conditions"
MONEY = {"type": "string", "pattern": r"^[0-9]{1,12}\.[0-9]{2}$"}
TRANSFER: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "amount": MONEY,
        "memo": {"type": "string"},
        "count": {"type": "integer"},
        "urgent": {"type": ["boolean", "null"]},
        "currency": {"enum": ["EUR", "USD"]},
        "level": {"oneOf": [{"const": 1}, {"const": 2}]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "scores": {"type": "array", "items": {"type": "number"}},
        "due": {"type": "string", "format": "date"},
        "mail": {"type": "string", "format": "email"},
        "to": {"$ref": "#/$defs/account"},
        "either": {"anyOf": [{"type": "number"}, {"type": "string"}]},
        "loose": {},
    },
    "$defs": {
        "account": {
            "allOf": [{"type": "object"}],
            "properties": {"iban": {"type": "string", "minLength": 5}},
            "additionalProperties": False,
        }
    },
}
SCHEMAS = {"payments.transfer": TRANSFER, "crm.update": {}}


def problems_of(tree: object, category: str = "payments.*", **schemas: Any) -> list[Any]:
    made = policy(rule(conditions=tree, category=category))
    return [(each.pointer, each.message) for each in check_types(made, schemas or SCHEMAS)]


@pytest.mark.parametrize(
    "tree",
    [
        compare("payload.amount", "gt", 10000),
        compare("payload.amount", "eq", "48200.00"),
        compare("payload.amount", "between", [1, 2]),
        compare("payload.memo", "contains", "x"),
        compare("payload.memo", "exists"),
        compare("payload.count", "lt", 5),
        compare("payload.urgent", "eq", True),
        compare("payload.currency", "in", ["EUR", "USD"]),
        compare("payload.currency", "starts_with", "E"),
        compare("payload.level", "eq", 2),
        compare("payload.tags", "contains_any", ["a"]),
        compare("payload.tags", "contains", "a"),
        compare("payload.scores", "contains", 1),
        compare("payload.due", "before", "2026-12-31"),
        compare("payload.memo", "before", "2026-12-31"),
        compare("payload.to.iban", "starts_with", "DE"),
        compare("payload.either", "gt", 5),
        compare("payload.loose.x.y", "gt", 5),
        compare("category.risk", "in", ["low", "high"]),
        compare("agent.name", "eq", "anything"),
    ],
)
def test_what_fits_is_not_reported(tree: dict[str, Any]) -> None:
    assert problems_of(tree) == []


NUMERIC_HINT = "compare it as text, or give it a numeric pattern in the category's schema"
OWN_HINT = "compare it with a value of its own type"
WHERE = "in payments.transfer"


@pytest.mark.parametrize(
    ("tree", "pointer", "message"),
    [
        (
            compare("payload.memo", "gt", 5),
            TREE,
            f'payload.memo is text {WHERE}, and "is over" here needs a number; {NUMERIC_HINT}',
        ),
        (
            {"all": [compare("payload.loose", "exists"), compare("payload.memo", "eq", 5)]},
            f"{TREE}/all/1",
            f'payload.memo is text {WHERE}, and "is" here needs a number; {NUMERIC_HINT}',
        ),
        (
            {"not": {"any": [compare("payload.count", "eq", "5")]}},
            f"{TREE}/not/any/0",
            f'payload.count is a number {WHERE}, and "is" here needs text; {OWN_HINT}',
        ),
        (
            compare("payload.urgent", "eq", "yes"),
            TREE,
            f'payload.urgent is true or false {WHERE}, and "is" here needs text; {OWN_HINT}',
        ),
        (
            compare("payload.count", "matches", "5"),
            TREE,
            f'payload.count is a number {WHERE}, and "matches" here needs text; {OWN_HINT}',
        ),
        (
            compare("payload.memo", "contains_any", ["a"]),
            TREE,
            (
                f'payload.memo is text {WHERE}, and "contains any of" here needs a list of such '
                f"values; {OWN_HINT}"
            ),
        ),
        (
            compare("payload.scores", "contains", "a"),
            TREE,
            (
                f'payload.scores is a list {WHERE}, and "contains" here needs text or a list of such '
                f"values; {OWN_HINT}"
            ),
        ),
        (
            compare("payload.mail", "before", "2026-12-31"),
            TREE,
            f'payload.mail is text {WHERE}, and "is before" here needs a date; {OWN_HINT}',
        ),
        (
            compare("payload.amout", "gt", 5),
            f"{TREE}/field",
            "payload.amout can never be given in payments.transfer; did you mean payload.amount",
        ),
        (
            compare("payload.to.bic", "exists"),
            f"{TREE}/field",
            (
                "payload.to.bic can never be given in payments.transfer; "
                "remove this or name another field"
            ),
        ),
        (
            compare("payload.memo.x", "exists"),
            TREE,
            (
                "payload.memo.x is inside something that is not an object in payments.transfer; "
                "name another field"
            ),
        ),
        (
            compare("payload.currency", "eq", "GBP"),
            f"{TREE}/value",
            "payload.currency is never GBP in payments.transfer; use EUR or USD",
        ),
        (
            compare("payload.currency", "not_in", ["EUR", "eur"]),
            f"{TREE}/value/1",
            "payload.currency is never eur in payments.transfer; use EUR or USD",
        ),
        (
            compare("payload.level", "eq", 3),
            f"{TREE}/value",
            "payload.level is never 3 in payments.transfer; use 1 or 2",
        ),
        (
            compare("category.risk", "eq", "severe"),
            f"{TREE}/value",
            "category.risk is never severe; use low, medium, high or critical",
        ),
    ],
)
def test_what_can_never_be_answered(tree: object, pointer: str, message: str) -> None:
    assert problems_of(tree) == [(pointer, message)]


def test_a_field_that_only_some_categories_have_is_no_mistake() -> None:
    other = {"additionalProperties": False, "properties": {"amount": {"type": "string"}}}

    assert problems_of(compare("payload.memo", "exists"), "*", a=TRANSFER, b=other) == []
    assert problems_of(compare("payload.amount", "gt", 1), "*", a=TRANSFER, b=other) == [
        (TREE, f'payload.amount is text in b, and "is over" here needs a number; {NUMERIC_HINT}')
    ]


def test_categories_that_a_rule_does_not_cover_say_nothing() -> None:
    assert problems_of(compare("payload.memo", "gt", 1), "crm.*") == []


@pytest.mark.parametrize(
    ("pattern", "numeric"),
    [
        (r"^[0-9]{1,12}\.[0-9]{2}$", True),
        (r"^-?(0|[1-9]\d*)(\.\d+)?$", True),
        (r"^\d+$", True),
        (r"\d+", False),
        (r"^[A-Z]{3}$", False),
        (r"^[0-9a-f]+$", False),
        (r"^(?=\d)", True),  # not known here, so nothing is certain
    ],
)
def test_which_patterns_are_numbers(pattern: str, numeric: bool) -> None:
    schema = {"properties": {"amount": {"type": "string", "pattern": pattern}}}

    found = problems_of(compare("payload.amount", "gt", 1), "a", a=schema)

    assert (found == []) is numeric


def test_a_schema_that_refers_to_itself_ends() -> None:
    schema: dict[str, Any] = {
        "$ref": "#",
        "anyOf": [{"$ref": "#"}] * 2,
        "properties": {"a": {"$ref": "#/properties/a", "anyOf": [{"$ref": "#/properties/a"}] * 2}},
    }

    assert problems_of(compare("payload.a", "gt", 1), "a", a=schema) == []


def test_alternatives_that_multiply_end() -> None:
    branch: dict[str, Any] = {"type": "string"}
    for _ in range(8):
        branch = {"anyOf": [branch] * 100}

    assert problems_of(compare("payload.a", "gt", 1), "a", a={"properties": {"a": branch}}) == []


def test_at_most_a_hundred_problems_are_listed() -> None:
    trees = [compare("payload.memo", "gt", number) for number in range(150)]

    found = check_types(policy(rule(conditions={"any": trees})), SCHEMAS)

    assert len(found) == 100
    assert isinstance(found[0], Problem)
