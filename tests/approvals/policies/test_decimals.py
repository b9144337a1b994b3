from __future__ import annotations

from decimal import Decimal

import pytest

from approvals.policies.decimals import plain, read_decimal, read_float


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("48200.00", "48200.00"),
        ("-0.5", "-0.5"),
        ("0", "0"),
        (7, "7"),
        (-7, "-7"),
        (0.1, "0.1"),
        (1e22, "10000000000000000000000"),
        (5e-7, "0.0000005"),
        (Decimal("0.82"), "0.82"),
    ],
)
def test_numbers(value: object, number: str) -> None:
    found = read_decimal(value)

    assert found is not None
    assert plain(found) == number


@pytest.mark.parametrize(
    "value",
    [
        *("", " 1", "1 ", "+1", "01", "1.", ".5", "1e5", "1e999999999", "0x1", "1_0", "NaN"),
        *("Infinity", "\uff11", "1\n", "--1", "9" * 41, "9" * 1_000_000),
        *(True, False, None, [], {}, [1], b"1", 1j),
        *(float("nan"), float("inf"), float("-inf"), 1e300, 10**5000, -(10**100)),
        *(Decimal("NaN"), Decimal("Infinity"), Decimal("1e999999"), Decimal("1e-999999")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_number_here(value: object) -> None:
    assert read_decimal(value) is None


@pytest.mark.parametrize(
    ("digits", "number"),
    [
        ("0.5", 0.5),
        ("10000.10", 10000.1),
        ("0.1234567890123456789", float("inf")),
        ("1e5", float("inf")),
        ("9" * 400, float("inf")),
    ],
)
def test_a_float_is_exactly_what_was_written(digits: str, number: float) -> None:
    assert read_float(digits) == number
