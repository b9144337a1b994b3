"""What was counted of what was found, and what may be said of it."""

from datetime import date

import pytest
from django.template.loader import render_to_string

from audit.search_doors import SHORT
from audit.selectors.searching import COUNTED, Summary, read_summary

DAY = date(2026, 3, 9)


def counted(number: int, *, is_short: bool) -> Summary:
    rows = [
        {"facet": "actor_kind", "label": "agent", "counted": number},
        {"facet": "day", "label": DAY.isoformat(), "counted": number},
    ]
    short = [{"facet": SHORT, "label": "", "counted": 1}] if is_short else []
    return read_summary(rows + short)


@pytest.mark.parametrize(
    ("number", "is_short", "total", "is_cut", "is_newest"),
    [
        (COUNTED, False, COUNTED, False, True),
        (COUNTED + 1, False, COUNTED, True, True),
        (7, True, 7, True, True),
        (COUNTED + 1, True, COUNTED, True, False),
    ],
    ids=["all", "more of them", "not to the beginning", "read in no order"],
)
def test_only_what_was_read_in_order_is_the_newest(
    number: int, is_short: bool, total: int, is_cut: bool, is_newest: bool
) -> None:
    found = counted(number, is_short=is_short)
    assert found == Summary(
        {"actor_kind": [("agent", number)]}, {DAY: number}, total, is_cut, is_newest
    )


@pytest.mark.parametrize(
    ("is_newest", "facets", "histogram"),
    [
        (True, "Counted over the newest 5000 of them.", "the newest 5000 were counted; at most"),
        (
            False,
            "Counted over 5000 of them; there are more.",
            "5000 of them were counted, there are more; at most",
        ),
    ],
)
def test_the_page_calls_them_the_newest_only_where_they_are(
    is_newest: bool, facets: str, histogram: str
) -> None:
    shown = {"cut": 5000, "is_newest": is_newest, "total": 5000, "most": 5000, "bars": []}
    aside = render_to_string("audit/parts/facets.html", {"counted": 5000, "is_newest": is_newest})
    card = render_to_string("audit/parts/histogram.html", {"histogram": shown})
    assert f'<p class="small muted">{facets}</p>' in aside
    assert f'<span class="muted small">{histogram} 5000 a day;' in card
