"""The text form of conditions: what it reads, what it writes, and where it says things go wrong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.policies import PolicyInvalid, Problem, limits, load_policy, parse_policy
from approvals.policies.rules import Condition
from approvals.policies.text_form import (
    ConditionTextInvalid,
    format_condition,
    parse_condition_text,
)
from tests.approvals.policies.builders import compare, document, rule
from tests.approvals.policies.whole_documents import trees

A, B, C = (compare(f"payload.{name}", "eq", 1) for name in "abc")


def tree_of(conditions: Any) -> Condition:
    made = parse_policy(document(rule(conditions=conditions))).rules[0].when.conditions
    assert made is not None
    return made


EXAMPLES: list[tuple[str, object]] = [
    # The text as `format_condition` writes it, and its tree.
    ("payload.amount > 10000", compare("payload.amount", "gt", 10000)),
    ("payload.amount >= 0.5", compare("payload.amount", "gte", 0.5)),
    ('payload.amount < "48200.00"', compare("payload.amount", "lt", "48200.00")),
    ("payload.amount <= -5", compare("payload.amount", "lte", -5)),
    ("category.risk = high", compare("category.risk", "eq", "high")),
    ('category.risk != "very high"', compare("category.risk", "ne", "very high")),
    ("category.reversible = false", compare("category.reversible", "eq", False)),
    ('payload.a = "false"', compare("payload.a", "eq", "false")),
    ('payload.a = "12"', compare("payload.a", "eq", "12")),
    ('payload.a = "missing"', compare("payload.a", "eq", "missing")),
    (r'payload.a = "say \"no\"\n\u200b"', compare("payload.a", "eq", 'say "no"\n\u200b')),
    (
        "environment in [production, staging]",
        compare("environment", "in", ["production", "staging"]),
    ),
    ("payload.a not in [1, 2]", compare("payload.a", "not_in", [1, 2])),
    ("payload.a between 1 and 10", compare("payload.a", "between", [1, 10])),
    ("agent.labels contains finance", compare("agent.labels", "contains", "finance")),
    ("payload.iban starts with de", compare("payload.iban", "starts_with", "de")),
    ('payload.iban ends with "00 "', compare("payload.iban", "ends_with", "00 ")),
    (r'payload.iban matches "^DE\\d+$"', compare("payload.iban", "matches", r"^DE\d+$")),
    ("on_behalf_of exists", compare("on_behalf_of", "exists")),
    ("on_behalf_of is missing", compare("on_behalf_of", "absent")),
    ("payload.tags contains any [a, b]", compare("payload.tags", "contains_any", ["a", "b"])),
    ("payload.tags contains all [1, 2]", compare("payload.tags", "contains_all", [1, 2])),
    ("agent.labels contains none [x]", compare("agent.labels", "contains_none", ["x"])),
    ("payload.due on or before 2026-12-31", compare("payload.due", "on_or_before", "2026-12-31")),
    (
        'payload.due after "2026-12-31T18:00:00Z"',
        compare("payload.due", "after", "2026-12-31T18:00:00Z"),
    ),
    (
        "time.date between 2026-01-01 and 2026-02-01",
        compare("time.date", "between", ["2026-01-01", "2026-02-01"]),
    ),
    ("run.count.payments.* >= 3", compare("run.count.payments.*", "gte", 3)),
    ('payload.a = "contains any"', compare("payload.a", "eq", "contains any")),
    ('"payload.a=b" exists', compare("payload.a=b", "exists")),
    ("payload.a = 1 and payload.b = 1", {"all": [A, B]}),
    ("payload.a = 1 or payload.b = 1 or payload.c = 1", {"any": [A, B, C]}),
    ("(payload.a = 1 and payload.b = 1) or payload.c = 1", {"any": [{"all": [A, B]}, C]}),
    ("(payload.a = 1 and payload.b = 1) and payload.c = 1", {"all": [{"all": [A, B]}, C]}),
    ("not (payload.a = 1)", {"not": A}),
    ("not (not (payload.a = 1 or payload.b = 1))", {"not": {"not": {"any": [A, B]}}}),
    ("all(payload.a = 1)", {"all": [A]}),
    ("any(all(payload.a = 1)) and payload.b = 1", {"all": [{"any": [{"all": [A]}]}, B]}),
]


@pytest.mark.parametrize(("text", "conditions"), EXAMPLES)
def test_text_and_tree_are_the_same_condition(text: str, conditions: object) -> None:
    assert parse_condition_text(text) == tree_of(conditions)
    assert format_condition(tree_of(conditions)) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("payload.a=1 or payload.b=1 and payload.c=1", "any"),
        ("  payload.a\n =  1", "payload.a = 1"),
        ("((payload.a == 1))", "payload.a = 1"),
        ("not payload.a = 1 and payload.b = 1", "not (payload.a = 1) and payload.b = 1"),
        ("payload.a = EUR", 'payload.a = "EUR"'),
        ("payload.a = 2026-01-31", "payload.a = 2026-01-31"),
        ("payload.a > 10.0", "payload.a > 10"),
        ("payload.a in [x,y]", "payload.a in [x, y]"),
    ],
)
def test_what_people_write_is_written_back_in_one_form(text: str, canonical: str) -> None:
    if canonical == "any":
        canonical = "payload.a = 1 or (payload.b = 1 and payload.c = 1)"

    assert format_condition(parse_condition_text(text)) == canonical


@given(trees)
def test_tree_to_text_to_tree_is_the_identity(conditions: Any) -> None:
    condition = tree_of(conditions)

    text = format_condition(condition)

    assert parse_condition_text(text) == condition
    assert repr(parse_condition_text(text)) == repr(condition)
    assert text.isprintable()
    assert format_condition(parse_condition_text(text)) == text


OPERATORS = (
    "=, !=, >, >=, <, <=, in, not in, contains, contains any, contains all, contains none,"
    " starts with, ends with, matches, before, after, on or before, on or after, exists,"
    " is missing or between"
)
ERRORS: list[tuple[str, int, str]] = [
    ("", 1, "write a condition such as payload.amount > 10000"),
    ("payload.amount > ten", 18, "write a number after >, not text"),
    ("payload.amount > true", 18, "write a number after >, not true or false"),
    ("payload.amount >", 17, "write a number after >, not the end"),
    ("confidence = high", 14, "write a number after =, not text"),
    ("payload.a =", 12, "write a value after =, not the end"),
    ("payload.a = and", 13, "write a value after =, or and in double quotes"),
    ("payload.a = True", 13, 'write true or false in lower case, or "True"'),
    ("payload.a = 'x'", 13, 'write text in double quotes (") instead of single ones'),
    ('payload.a = "x', 13, 'this text has no end; close it with a double quote (")'),
    (
        r'payload.a = "\d"',
        13,
        r"write \\ for a backslash and \" for a quote inside quotes (JSON escapes)",
    ),
    ("payload.a", 10, f"write an operator after payload.a, not the end; use {OPERATORS}"),
    ("payload.a over 3", 11, f"write an operator after payload.a, not over; use {OPERATORS}"),
    ("payload.a <> 3", 11, f"write an operator after payload.a, not <>; use {OPERATORS}"),
    (
        "category.reversible > 3",
        21,
        "category.reversible is true or false; use =, !=, exists or is missing",
    ),
    ("category.reversible = 3", 23, "write true or false here, not 3"),
    ("payload.a = 1 payload.b = 2", 15, "write and or or before payload.b, or end here"),
    ("payload.a = 1)", 14, "remove this bracket; none is open here"),
    ("(payload.a = 1", 15, "close the bracket of column 1 before the end"),
    ("not", 4, "write a field such as payload.amount here, not the end"),
    ("payload.a = 1 and or", 19, "write a field such as payload.amount here, not or"),
    ("all payload.a = 1", 5, "write a condition in brackets after all"),
    ("payload.a in x", 14, "write a list in square brackets after in, such as [a, b]"),
    ("payload.a in [x y]", 17, "write a comma or ] here, not y"),
    ("payload.a in []", 15, "write a value after in, not ]"),
    (
        "payload.a in [x, 1]",
        14,
        "write only text, only numbers or only true/false in one list",
    ),
    ("payload.a between 1", 20, "write between with two values: between 1 and 10"),
    ("payload.a between 10 and 1", 19, "write the smaller number first"),
    ("payload.a between 1 and x", 25, "write a number after between, not text"),
    (
        "payload.due before 2026",
        20,
        "write a date such as 2026-12-31 or 2026-12-31T18:00:00Z here, not 2026",
    ),
    ("time.date between 2026-02-01 and 2026-01-01", 19, "write the earlier date first"),
    (
        "agent.labels contains any x",
        27,
        "write a list in square brackets after contains any, such as [a, b]",
    ),
    ("time.hour > 24", 13, "write a whole hour from 0 to 23"),
    (
        "payload.a = 1 and (payload.b = 2 or payload.c > 0.1234567890123456789)",
        49,
        'write this number as a plain decimal in quotes, such as "0.00001"',
    ),
    (
        'payload.a matches "("',
        19,
        "this is not a pattern that RE2 accepts (missing ): (); simplify it",
    ),
]


@pytest.mark.parametrize(("text", "column", "message"), ERRORS)
def test_what_is_wrong_is_said_at_its_column(text: str, column: int, message: str) -> None:
    with pytest.raises(ConditionTextInvalid) as caught:
        parse_condition_text(text)

    assert (caught.value.column, caught.value.message) == (column, message)
    assert str(caught.value) == f"column {column}: {message}"


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("(" * 100_000, 50, "nest conditions at most 16 deep; split the rule"),
        ("not " * 100_000, 197, "nest conditions at most 16 deep; split the rule"),
        (
            "all(" * 17 + "payload.a = 1" + ")" * 17,
            65,
            "nest conditions at most 16 deep; split the rule",
        ),
        (
            " and ".join(["payload.a = 1"] * 257),
            256 * 18 + 1,
            "write at most 256 conditions in one rule",
        ),
        (
            f"payload.a in [{', '.join(['x'] * 501)}]",
            15 + 500 * 3,
            "write at most 500 values in one list",
        ),
        (" " * (3 * limits.DOCUMENT_BYTES + 1), 1, "write at most 1572864 characters"),
        ('"' * 99_999, 99_999, 'this text has no end; close it with a double quote (")'),
    ],
)
def test_the_caps_hold(text: str, column: int, message: str) -> None:
    with pytest.raises(ConditionTextInvalid) as caught:
        parse_condition_text(text)

    assert (caught.value.column, caught.value.message) == (column, message)


PIECES = (
    *(
        "payload.a",
        "time.hour",
        " and ",
        " or ",
        " not ",
        " all",
        "(",
        ")",
        "[",
        "]",
        ",",
        "=",
        ">",
    ),
    *(" is missing ", " between ", " in ", '"x"', '"', "'", "\\", " 1 ", " true ", "x", "\u200b"),
)


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_any_text_is_a_condition_or_has_a_column(text: str) -> None:
    try:
        condition = parse_condition_text(text)
    except ConditionTextInvalid as error:
        outcome: object = 1 <= error.column <= len(text) + 1
    else:
        outcome = parse_condition_text(format_condition(condition)) == condition

    assert outcome is True


def test_a_document_may_hold_the_text() -> None:
    text = "payload.amount > 10000 and category.risk = high"
    tree = {"all": [compare("payload.amount", "gt", 10000), compare("category.risk", "eq", "high")]}

    made = parse_policy(document(rule(conditions=text)))

    assert made == parse_policy(document(rule(conditions=tree)))
    assert made.document["rules"][0]["when"]["conditions"] == tree  # type: ignore[index]


def test_a_bad_text_in_a_document_is_reported_where_it_stands() -> None:
    text = (
        "version: 1\ndefault: deny\nrules:\n  - id: a\n    when:\n      category: '*'\n"
        "      conditions: payload.amount > ten\n    then: deny\n"
    )

    with pytest.raises(PolicyInvalid) as caught:
        load_policy(text)

    assert caught.value.problems == (
        Problem(
            "/rules/0/when/conditions",
            "column 18: write a number after >, not text",
            7,
            19,
        ),
    )
