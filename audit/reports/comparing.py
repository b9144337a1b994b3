"""A report beside the same report of the period before."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from audit.reports.figures import Figure
from audit.reports.kind import Source


def source_before(source: Source) -> Source:
    """Return the same source for the period of the same length just before.

    Whole months are compared with as many whole months, by the clock of the tenant.
    """
    zone = ZoneInfo(source.zone)
    start, end = (moment.astimezone(zone) for moment in source.period)
    if _begins_month(start) and _begins_month(end):
        months = (end.year - start.year) * 12 + end.month - start.month
        return replace(source, start=_months_earlier(start, months), end=source.start)
    wall = end.replace(tzinfo=None) - start.replace(tzinfo=None)
    return replace(source, start=(start.replace(tzinfo=None) - wall).replace(tzinfo=zone),
                   end=source.start)  # fmt: skip


def compare(figures: Iterable[Figure], before: Iterable[Figure]) -> None:
    """Fill in, for each figure, what it was before and how it changed."""
    for figure, former in zip(figures, before, strict=True):
        figure.before = former.value
        figure.change = _change(figure.number, former.number)


def _change(now: float | None, before: float | None) -> str:
    if now is None or before is None:
        return ""
    if now == before:
        return "same"
    if not before:
        return "new"
    share = 100 * (now - before) / before
    return f"{'+' if share > 0 else '−'}{abs(share):.0f} %"  # noqa: RUF001 - a minus sign


def _begins_month(moment: datetime) -> bool:
    return moment.day == 1 and moment.time() == datetime.min.time()


def _months_earlier(moment: datetime, months: int) -> datetime:
    index = moment.year * 12 + moment.month - 1 - months
    return moment.replace(year=index // 12, month=index % 12 + 1, fold=0)


def words_of(source: Source) -> str:
    """Say the period before in the tenant's days."""
    zone = ZoneInfo(source.zone)
    start, end = source.period
    last = (end - timedelta(microseconds=1)).astimezone(zone)
    first = start.astimezone(zone)
    return f"{first.day} {first:%B %Y} to {last.day} {last:%B %Y}"
