"""Beside the list of events: how often each value occurs in it, and on which days."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.http import HttpRequest

from audit.selectors.events import EventFilter, parse_day
from audit.selectors.searching import SHOWN, Summary, summarise
from audit.views.filters import LABELS, address, said

# The filter that a facet sets → what the summary calls it.
_FACETS: Final = {
    "group": "group",
    "kind": "actor_kind",
    "actor": "actor_id",
    "category": "category",
    "outcome": "outcome",
    "agent": "agent_id",
}
_DAYS: Final = 90
_DAYS_AT_LEAST: Final = 30
_WIDTH: Final = 960
_HEIGHT: Final = 96


@dataclass(frozen=True)
class Bar:
    """One day of the histogram, in the units of its drawing."""

    day: date
    count: int
    url: str
    x: str
    y: str
    width: str
    height: str


def summary_of(wanted: EventFilter) -> Summary:
    """Count what the filter finds. One statement; none when nothing can be found."""
    search = wanted.search()
    return summarise(search, zone=wanted.zone) if search else Summary()


def facets_of(
    request: HttpRequest, wanted: EventFilter, summary: Summary, names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return each facet with its most frequent values, and what a click on them asks for."""
    more = "+" if summary.is_cut else ""
    facets = []
    for name, counted in _FACETS.items():
        chosen = getattr(wanted, name)
        values = [
            {
                "words": said(name, value, names),
                "count": f"{count:,}{more}",
                "is_chosen": value == chosen,
                "url": address(request.GET, **{name: "" if value == chosen else value}),
            }
            for value, count in summary.facets.get(counted, [])[:SHOWN]
        ]
        if len(values) > 1 or chosen:
            facets.append({"name": name, "label": LABELS[name], "choices": values})
    return facets


def histogram_of(
    request: HttpRequest, wanted: EventFilter, summary: Summary, *, today: date
) -> dict[str, Any] | None:
    """Return the days of the period as bars; None when nothing was found."""
    if not summary.days:
        return None
    first, last = _period(wanted, summary, today)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    counts = [summary.days.get(day, 0) for day in days]
    most = max(counts, default=0)
    if not most:
        return None
    slot = _WIDTH / len(days)
    bars = [
        asdict(_bar(request, day, count, place * slot, slot, most))
        for place, (day, count) in enumerate(zip(days, counts, strict=True))
        if count
    ]
    return {
        "bars": bars,
        "first": first,
        "last": last,
        "most": most,
        "total": sum(counts),
        "width": _WIDTH,
        "height": _HEIGHT,
        "cut": summary.total if summary.is_cut else 0,
        "is_newest": summary.is_newest,
    }


def _period(wanted: EventFilter, summary: Summary, today: date) -> tuple[date, date]:
    """The days asked for, or a month at least; what was not counted to its end is left out."""
    oldest = min(summary.days)
    last = min(parse_day(wanted.until), today) if wanted.until else today
    first = parse_day(wanted.since) if wanted.since else last - timedelta(days=_DAYS_AT_LEAST - 1)
    if not wanted.since:
        first = min(first, oldest)
    if summary.is_cut:
        first = max(first, oldest)
    return min(max(first, last - timedelta(days=_DAYS - 1)), last), last


def _bar(request: HttpRequest, day: date, count: int, left: float, slot: float, most: int) -> Bar:
    height = max(2.0, count / most * (_HEIGHT - 4))
    return Bar(
        day=day,
        count=count,
        url=address(request.GET, since=day.isoformat(), until=day.isoformat()),
        x=f"{left + slot * 0.12:.1f}",
        y=f"{_HEIGHT - height:.1f}",
        width=f"{min(slot * 0.76, 44.0):.1f}",
        height=f"{height:.1f}",
    )
