"""Tokens and prices, as literal tables."""

from decimal import Decimal
from typing import Any

import pytest

from approvals.gateway.prices import Price, cost_of, is_pattern, price_of
from approvals.gateway.tokens import Usage, estimate, usage_in


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"prompt_tokens": 3, "completion_tokens": 4}, Usage(3, 4)),
        ({"prompt_tokens": 3, "total_tokens": 3}, Usage(3, 0)),
        ({"prompt_tokens": -1, "completion_tokens": 4}, None),
        ({"prompt_tokens": True, "completion_tokens": 4}, None),
        ({"prompt_tokens": 2**31, "completion_tokens": 4}, None),
        ({"prompt_tokens": "3", "completion_tokens": 4}, None),
        ({}, None),
        (None, None),
    ],
)
def test_what_a_model_says_it_used_counts_where_it_can_be(said: Any, expected: Any) -> None:
    assert usage_in({"usage": said}) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", 0), ("abc", 1), ("abcd", 2), ("日本語", 3), (["abc", None, 4], 6 + 1 + 1),
        ({"role": "user"}, 2 + 2),
    ],
)  # fmt: skip
def test_estimates_are_rather_too_high(value: object, expected: int) -> None:
    assert estimate(value) == expected


def price(pattern: str) -> Price:
    return Price(pattern, "EUR", Decimal("2.5"), Decimal(10))


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-4o", "gpt-4o"), ("gpt-4o-mini", "gpt-4o*"), ("gpt-4", "gpt-*"), ("llama", None),
    ],
)  # fmt: skip
def test_the_price_is_by_name_else_by_the_longest_pattern(model: str, expected: Any) -> None:
    found = price_of(model, map(price, ["gpt-*", "gpt-4o*", "gpt-4o", "gpt"]))
    assert (found and found.pattern) == expected


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        (Usage(1_000_000, 0), "2.500000"), (Usage(0, 1), "0.000010"), (Usage(1, 0), "0.000003"),
        (Usage(0, 0), "0.000000"),
    ],
)  # fmt: skip
def test_cost_is_to_the_millionth_and_never_too_little(used: Usage, expected: str) -> None:
    assert str(cost_of(used, price("*"))) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("*", True), ("gpt-4o", True), ("gpt*", True), ("g*t", False), ("", False), ("a b", False),
     ("**", False)],
)  # fmt: skip
def test_patterns_are_names_or_beginnings(text: str, expected: bool) -> None:
    assert is_pattern(text) is expected
