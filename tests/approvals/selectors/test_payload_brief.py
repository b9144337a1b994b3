"""A row shows a payload's main fields, and says when it does not show all."""

from typing import Any

import pytest

from approvals.selectors.payload_brief import brief_payload

MONEY = {"kind": "money", "fields": {"amount": {"label": "Sum"}, "purpose": {"label": "Purpose"}}}


def lines(payload: Any, display: Any) -> list[tuple[str, str]]:
    return [(field.term, field.value) for field in brief_payload(payload, display).fields]


def test_the_amount_leads_and_what_the_category_names_follows() -> None:
    payload = {"invoice": "2291", "currency": "EUR", "amount": "1200.50", "purpose": "Rent"}
    assert lines(payload, MONEY) == [
        ("Sum", "EUR 1,200.50"),
        ("Purpose", "Rent"),
        ("Invoice", "2291"),
    ]


@pytest.mark.parametrize(
    ("payload", "display", "expected"),
    [
        ({"sql": "SELECT 1"}, {"kind": "sql"}, [("Statement", "SELECT 1")]),
        ({"to": ["a@x.y"], "body": "Hi"}, {"kind": "email"}, [("To", "a@x.y"), ("Text", "Hi")]),
        ({"patch": "+a\n-b"}, {"kind": "diff"}, [("Change", "+a\n-b")]),
        ({"deep": {"er": [1, True]}}, {}, [("deep.er[1]", "1"), ("deep.er[2]", "yes")]),
        ("just words", {}, [("Payload", "just words")]),
        ({}, {}, []),
    ],
)
def test_each_kind_has_its_main_fields(payload: Any, display: Any, expected: Any) -> None:
    assert lines(payload, display) == expected


@pytest.mark.parametrize(
    ("payload", "shown", "more"),
    [
        ({f"f{n}": n for n in range(6)}, 6, 0),
        ({f"f{n}": n for n in range(9)}, 6, 3),
        ({"a": "x" * 80}, 1, 0),
        ({"a": "x" * 81}, 1, 1),
        (None, 0, 1),
    ],
)
def test_it_says_what_it_leaves_out_or_cuts(payload: Any, shown: int, more: int) -> None:
    brief = brief_payload(payload, {})
    assert (len(brief.fields), brief.more, brief.is_whole) == (shown, more, more == 0)
    assert all(len(field.value) <= 80 for field in brief.fields)
