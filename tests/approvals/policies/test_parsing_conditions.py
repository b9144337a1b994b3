"""What is wrong with a condition, where, and in words."""

from __future__ import annotations

from typing import Any

import pytest

from approvals.policies import parse_policy
from tests.approvals.policies.builders import compare, document, rule
from tests.approvals.policies.mistakes import TREE, problems_of

A = "payload.amount"
ONE_OF = "write exactly one of all, any, not, or field with op, per condition"
CONDITION_ERRORS: list[tuple[object, str, str]] = [
    (5, TREE, "write keys and values here, not 5"),
    ({}, TREE, "field is missing; add it"),
    ({"all": []}, f"{TREE}/all", "write 1 to 256 items here, not 0"),
    ({"any": {}}, f"{TREE}/any", "write a list here, not an object with 0 fields"),
    ({"all": [], "any": []}, TREE, ONE_OF),
    ({"not": compare(A, "exists"), "field": A}, TREE, ONE_OF),
    ({"not": []}, f"{TREE}/not", "write keys and values here, not a list of 0 items"),
    ({"field": A}, TREE, "op is missing; add it"),
    (compare(A, "exists", 1), f"{TREE}/value", "remove the value; exists takes none"),
    (compare(A, "gt"), TREE, "value is missing; gt needs one"),
    (
        compare(A, "gt", "1e5"),
        f"{TREE}/value",
        'write a number such as 10000 or "48200.00", not 1e5',
    ),
    (
        compare(A, "gt", True),
        f"{TREE}/value",
        'write a number such as 10000 or "48200.00", not true',
    ),
    (
        compare(A, "gt", 2**53),
        f"{TREE}/value",
        'write this number as a plain decimal in quotes, such as "0.00001"',
    ),
    (
        compare(A, "eq", 1e-9),
        f"{TREE}/value",
        'write this number as a plain decimal in quotes, such as "0.00001"',
    ),
    (
        compare(A, "eq", float("nan")),
        f"{TREE}/value",
        'write this number as a plain decimal in quotes, such as "0.00001"',
    ),
    (
        compare(A, "eq", None),
        f"{TREE}/value",
        "write text, a number, true or false here, not nothing",
    ),
    (compare(A, "starts_with", 5), f"{TREE}/value", "write text here, not 5; put it in quotes"),
    (
        compare(A, "eq", "x" * 1001),
        f"{TREE}/value",
        "write at most 1000 characters here, not 1001",
    ),
    (compare(A, "in", "x"), f"{TREE}/value", "write a list here, not x"),
    (compare(A, "in", ["x"] * 501), f"{TREE}/value", "write 1 to 500 items here, not 501"),
    (
        compare(A, "in", ["x", 1]),
        f"{TREE}/value",
        "write only text, only numbers or only true/false in one list",
    ),
    (
        compare(A, "in", ["x", []]),
        f"{TREE}/value/1",
        "write text, a number, true or false here, not a list of 0 items",
    ),
    (compare(A, "between", [1]), f"{TREE}/value", "write 2 to 2 items here, not 1"),
    (compare(A, "between", [2, 1]), f"{TREE}/value", "write the smaller number first"),
    (
        compare(A, "matches", "("),
        f"{TREE}/value",
        "this is not a pattern that RE2 accepts (missing ): (); simplify it",
    ),
    (
        compare(A, "matches", "(?=a)"),
        f"{TREE}/value",
        "this is not a pattern that RE2 accepts (invalid perl operator: (?=); simplify it",
    ),
    (
        compare(A, "matches", "(a{100}){9}"),
        f"{TREE}/value",
        "this is not a pattern that RE2 accepts (pattern too large); simplify it",
    ),
    (
        compare(A, "matches", "a" * 501),
        f"{TREE}/value",
        "write a pattern of at most 500 characters",
    ),
    (
        compare("agent.tier", "gt", 1),
        f"{TREE}/op",
        (
            "agent.tier is text; use eq, ne, in, not_in, contains, starts_with, ends_with, "
            "matches, exists or absent"
        ),
    ),
    (
        compare("category.reversible", "in", [True]),
        f"{TREE}/op",
        "category.reversible is true or false; use eq, ne, exists or absent",
    ),
    (
        compare("agent.labels", "eq", "x"),
        f"{TREE}/op",
        (
            "agent.labels is labels; use contains, contains_any, contains_all, contains_none, "
            "exists or absent"
        ),
    ),
    (
        compare("agent.labels", "contains_any", "x"),
        f"{TREE}/value",
        "write a list here, not x",
    ),
    (
        compare(A, "contains_all", ["x", 1]),
        f"{TREE}/value",
        "write only text, only numbers or only true/false in one list",
    ),
    (
        compare(A, "before", "tomorrow"),
        f"{TREE}/value",
        "write a date such as 2026-12-31 or 2026-12-31T18:00:00Z here, not tomorrow",
    ),
    (
        compare("time.date", "after", 20261231),
        f"{TREE}/value",
        "write a date such as 2026-12-31 here, not 20261231",
    ),
    (
        compare("time.date", "eq", "2026-12-31T18:00:00Z"),
        f"{TREE}/value",
        "write a date without a time here, such as 2026-12-31",
    ),
    (
        compare("time.date", "between", ["2026-12-31", "2026-12-01"]),
        f"{TREE}/value",
        "write the earlier date first",
    ),
    (
        compare("time.date", "gt", 5),
        f"{TREE}/op",
        (
            "time.date is a date; use eq, ne, in, not_in, before, after, on_or_before, "
            "on_or_after, exists, absent or between"
        ),
    ),
    (
        compare("run.count.payments.*", "contains", "x"),
        f"{TREE}/op",
        (
            "run.count.payments.* is a number; use eq, ne, gt, gte, lt, lte, in, not_in, exists, "
            "absent or between"
        ),
    ),
    (compare("time.hour", "gt", 24), f"{TREE}/value", "write a whole hour from 0 to 23"),
    (compare("time.hour", "in", [1, "1.5"]), f"{TREE}/value/1", "write a whole hour from 0 to 23"),
    (
        compare("time.weekday", "eq", "Monday"),
        f"{TREE}/value",
        "write monday, tuesday, wednesday, thursday, friday, saturday or sunday, not Monday",
    ),
    (
        compare("category.reversible", "eq", "no"),
        f"{TREE}/value",
        "write true or false here, not no",
    ),
]


@pytest.mark.parametrize(
    ("tree", "pointer", "message"), CONDITION_ERRORS, ids=lambda value: ascii(value)[:40]
)
def test_conditions(tree: object, pointer: str, message: str) -> None:
    found = problems_of(document(rule(conditions=tree)))

    assert found[0] == (pointer, message)


@pytest.mark.parametrize(
    "name",
    [
        *("amount", "payload", "payload.", "payload..a", "payload.a b", "payload.a\n"),
        *("agent.owner", "time.minute", "__class__", "history", "run.count."),
        *("run.count.Pay", "run.count.a.*.b", "run.count." + "a" * 101),
        *("payload." + ".".join("a" * 17), "payload." + "a" * 65),
    ],
)
def test_unknown_fields(name: str) -> None:
    ((pointer, message),) = problems_of(document(rule(conditions=compare(name, "exists"))))

    assert pointer == f"{TREE}/field"
    assert message.startswith("there is no field ")
    assert message.endswith(", time.weekday, time.date or time.business_hours")


def test_a_field_that_is_nearly_right_is_named() -> None:
    ((_, message),) = problems_of(document(rule(conditions=compare("agent.labls", "exists"))))

    assert message == "there is no field agent.labls; did you mean agent.labels"


def test_an_unknown_operator() -> None:
    ((pointer, message),) = problems_of(document(rule(conditions=compare(A, "=>", 1))))

    assert pointer == f"{TREE}/op"
    assert message.startswith("write eq, ne, gt, ")


def nested(depth: int) -> dict[str, Any]:
    tree = compare(A, "exists")
    for _ in range(depth - 1):
        tree = {"not": tree}
    return tree


def test_depth_is_capped_at_sixteen() -> None:
    parse_policy(document(rule(conditions=nested(16))))

    ((pointer, message),) = problems_of(document(rule(conditions=nested(17))))
    assert pointer == TREE + "/not" * 16
    assert message == "nest conditions at most 16 deep; split the rule"


def test_nodes_are_capped_at_256() -> None:
    parse_policy(document(rule(conditions={"all": [compare(A, "exists")] * 255})))

    found = problems_of(document(rule(conditions={"all": [compare(A, "exists")] * 256})))
    assert found == [(TREE, "write at most 256 conditions in one rule")]


def test_a_tree_that_contains_itself_ends() -> None:
    tree: dict[str, Any] = {}
    tree["all"] = [tree, tree, tree]

    assert problems_of(document(rule(conditions=tree)))
