"""The period before: whole months beside whole months, and days beside as many days."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from audit.reports.comparing import compare, source_before, words_of
from audit.reports.figures import Figure
from audit.reports.kind import Source

ZONE = ZoneInfo("Europe/Zurich")


def source(start: str, end: str) -> Source:
    moments = (datetime.fromisoformat(each).replace(tzinfo=ZONE) for each in (start, end))
    begin, stop = moments
    return Source(
        tenant="Acme", zone="Europe/Zurich", size=1, root="", note="", vkey="", made_at=stop,
        start=begin, end=stop,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("start", "end", "before"),
    [
        ("2026-03-01", "2026-04-01", "1 February 2026 to 28 February 2026"),
        ("2026-01-01", "2026-02-01", "1 December 2025 to 31 December 2025"),
        ("2026-04-01", "2026-07-01", "1 January 2026 to 31 March 2026"),
        ("2026-03-27", "2026-04-03", "20 March 2026 to 26 March 2026"),  # over a change of clocks
        ("2026-01-01", "2027-01-01", "1 January 2025 to 31 December 2025"),
    ],
)
def test_the_period_before(start: str, end: str, before: str) -> None:
    assert words_of(source_before(source(start, end))) == before


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [
        (15, 10, "+50 %"), (5, 10, "−50 %"), (0, 10, "−100 %"), (10, 10, "same"), (3, 0, "new"),  # noqa: RUF001
        (None, 3, ""), (3, None, ""), (0, 0, "same"),
    ],
)  # fmt: skip
def test_a_change_in_words(now: float | None, before: float | None, words: str) -> None:
    figure, former = Figure("x", "now", "q", 1, now), Figure("x", "then", "q", 1, before)
    compare([figure], [former])
    assert (figure.before, figure.change) == ("then", words)
