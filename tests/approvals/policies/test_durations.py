from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.policies import duration_in_words, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds", "short", "words"),
    [
        ("30s", 30, "30s", "30 seconds"),
        ("1m", 60, "1m", "1 minute"),
        ("90m", 5400, "90m", "90 minutes"),
        ("60m", 3600, "1h", "1 hour"),
        ("4h", 14_400, "4h", "4 hours"),
        ("24h", 86_400, "1d", "1 day"),
        ("2d", 172_800, "2d", "2 days"),
        ("PT4H", 14_400, "4h", "4 hours"),
        ("PT1H30M", 5400, "90m", "90 minutes"),
        ("P1DT1S", 86_401, "86401s", "86401 seconds"),
        ("P3D", 259_200, "3d", "3 days"),
    ],
)
def test_durations(text: str, seconds: int, short: str, words: str) -> None:
    duration = parse_duration(text)

    assert duration == timedelta(seconds=seconds)
    assert (format_duration(duration), duration_in_words(duration)) == (short, words)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "4",
            "h",
            "0h",
            "04h",
            "-4h",
            "4.5h",
            "4 h",
            "4H",
            "1w",
            "P",
            "PT",
            "P1M",
            "P1Y",
            "PT0S",
        ),
        *("P1DT", "4h\n", "\uff14h", "999999999d", "pt4h"),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^write a duration such as 30s, 15m, 4h, 2d or PT4H$"):
        parse_duration(text)


@given(st.integers(1, 90 * 86_400))
def test_the_short_form_is_read_back(seconds: int) -> None:
    duration = timedelta(seconds=seconds)

    assert parse_duration(format_duration(duration)) == duration


def test_business_time_has_no_days() -> None:
    two_days = timedelta(days=2)

    assert format_duration(two_days, days=False) == "48h"
    assert duration_in_words(two_days, business=True) == "48 business hours"
    assert duration_in_words(timedelta(hours=1), business=True) == "1 business hour"
