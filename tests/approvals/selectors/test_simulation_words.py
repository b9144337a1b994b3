"""The figures of a replay in sentences, and its chart."""

from datetime import date, timedelta
from typing import Any

import pytest

from approvals.policies.replay_figures import Figures
from approvals.policies.rules import ALLOW, DENY, REQUIRE_APPROVAL, Outcome
from approvals.selectors.simulation_pages import approvals_chart
from approvals.selectors.simulation_words import cautions, headline, sentences

MONDAY = date(2026, 3, 2)
Move = tuple[Outcome, Outcome, Any, int]


def summary(*moves: Move, **more: Any) -> dict[str, Any]:
    """Figures of so many requests with each (before, after, direction)."""
    figures = Figures(**more)
    for before, after, direction, count in moves:
        for _ in range(count):
            figures.count(MONDAY, "payments.transfer", before, after, direction)
    return figures.to_dict()


SAME: Move = (ALLOW, ALLOW, None, 4288)


@pytest.mark.parametrize(
    ("moves", "said"),
    [
        ([], "There was no request in this period."),
        ([SAME], "None of 4,288 requests would have been decided otherwise."),
        (
            [SAME, (ALLOW, REQUIRE_APPROVAL, "stricter", 12)],
            "12 of 4,300 requests would have been decided otherwise.",
        ),
    ],
)
def test_the_headline(moves: list[Move], said: str) -> None:
    assert headline(summary(*moves)) == said


def test_each_way_to_change_is_one_sentence() -> None:
    told = summary(
        SAME,
        (ALLOW, REQUIRE_APPROVAL, "stricter", 12),
        (REQUIRE_APPROVAL, ALLOW, "looser", 3),
        (DENY, ALLOW, "looser", 1),
        (REQUIRE_APPROVAL, REQUIRE_APPROVAL, "other", 2),
        (REQUIRE_APPROVAL, REQUIRE_APPROVAL, "looser", 1),
        (REQUIRE_APPROVAL, REQUIRE_APPROVAL, "stricter", 3),
        impossible=2,
    )
    assert [(each.text, each.tone) for each in sentences(told)] == [
        ("12 of 4,310 requests would have needed approval that did not.", "warn"),
        ("3 of 4,310 requests would have been allowed with nobody asked, as people were.", "bad"),
        ("1 of 4,310 requests would have been allowed that were blocked.", "bad"),
        ("1 request would have needed fewer people or checks.", "bad"),
        ("3 requests would have needed more people or checks.", "warn"),
        ("2 requests would have gone to other people.", ""),
        ("2 requests could never have been approved by the people there are now.", "bad"),
        (">99% would have been allowed without asking, instead of >99%.", ""),
        ("18 approvals would have been asked for on a day with requests, instead of 9.", ""),
    ]


def test_what_is_not_known_is_said_and_only_that() -> None:
    assert cautions(summary(SAME)) == []
    told = summary(SAME, reconstructed=1, looked_up_since=2, unreadable=1, unknown_category=3)
    assert [each.split(" ")[0] for each in cautions(told)] == ["1", "2", "1", "3"]
    assert cautions(told)[2] == "1 request could not be read and is not counted."


def test_the_chart_has_the_days_without_requests_too() -> None:
    days = [
        {"day": "2026-03-02", "before": 1, "after": 2},
        {"day": "2026-03-04", "before": 0, "after": 1},
    ]
    chart = approvals_chart(days)
    assert chart is not None
    assert (chart.over, chart.labels) == ("Day", ["2 Mar", "3 Mar", "4 Mar"])
    assert [values for _, values, _ in chart.series] == [[1, 0, 0], [2, 0, 1]]


def test_the_chart_of_a_long_time_is_by_weeks() -> None:
    days = [
        {"day": (MONDAY + timedelta(days=number)).isoformat(), "before": 1, "after": 2}
        for number in range(140)
    ]
    chart = approvals_chart(days)
    assert chart is not None
    assert (chart.over, len(chart.labels)) == ("Week of", 20)
    assert chart.series[1][1] == [14] * 20


def test_a_single_day_is_no_line() -> None:
    assert approvals_chart([{"day": "2026-03-02", "before": 1, "after": 2}]) is None
