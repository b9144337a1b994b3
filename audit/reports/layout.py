"""The oversight report as its template shows it: figures with their queries, charts, tables."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from statistics import median
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils.safestring import mark_safe

from audit.reports.figures import SAMPLES, Figure, Oversight
from audit.reports.kind import Keep, Source
from audit.reports.oversight import gather
from govapp.common.charts import Series, bar_svg, donut_svg

_TONES: Final = {
    "approved": "ok", "allowed": "1", "denied": "bad", "blocked": "6",
    "returned": "3", "expired": "neutral", "cancelled": "5",
}  # fmt: skip
_SPANS: Final = (
    ("< 1 min", 60), ("< 10 min", 600), ("< 1 h", 3600), ("< 8 h", 28_800), ("< 1 day", 86_400),
)  # fmt: skip
_MOST_COLUMNS: Final = 45


def gather_oversight(source: Source, keep: Keep) -> Mapping[str, Any]:
    """Read the period and return what the template shows."""
    report = Oversight(source)
    gather(report, keep)
    return {
        "oversight": report,
        "headline": _headline(report),
        "figures": _figures(report),
        "charts": [mark_safe(svg) for svg in _charts(report)],  # noqa: S308 - charts.py escapes
        "outcomes": list(_TONES),
        "people": sorted(report.people.values(), key=lambda row: (-row.votes, row.name)),
        "agents": [
            (row.name, row.submitted, [row.outcomes[o] for o in _TONES])
            for row in sorted(report.agents.values(), key=lambda r: (-r.submitted, r.name))
        ],
        "categories": [
            (name, counts["submitted"], [counts[o] for o in _TONES])
            for name, counts in sorted(
                report.categories.items(), key=lambda item: (-item[1]["submitted"], item[0])
            )
        ],
        "exceptions": list(report.exceptions.values()),
        "types": sorted(report.types.items()),
        "legend": _legend(report),
        "samples": SAMPLES,
        "vote_events": report.types["vote.cast"],
        "submitted_events": report.types["action_request.submitted"],
    }


def _outcome_counts(report: Oversight) -> Counter[str]:
    return Counter(case.outcome for case in report.cases.values() if case.outcome)


def _headline(report: Oversight) -> list[dict[str, str]]:
    """The four figures that are read first."""
    counts = _outcome_counts(report)
    by_people = counts["approved"] + counts["denied"] + counts["returned"]
    return [
        {"label": "Requests", "value": f"{report.types['action_request.submitted']:,}"},
        {"label": "Decided by people", "value": f"{by_people:,}"},
        {"label": "Allowed by rule", "value": f"{counts['allowed']:,}"},
        {"label": "Median time to decide", "value": span_words(_median_seconds(report))},
    ]


def _figures(report: Oversight) -> list[Figure]:
    types = report.types
    rows = [
        Figure(name, f"{types[kind]:,}", f"type = {kind}", types[kind], types[kind])
        for name, kind in (
            ("Requests submitted", "action_request.submitted"),
            ("Approved by people", "action_request.approved"),
            ("Denied by people", "action_request.denied"),
            ("Sent back", "action_request.returned"),
            ("Allowed by rule", "action_request.allowed"),
            ("Blocked by rule", "action_request.blocked"),
            ("Expired without a decision", "action_request.expired"),
            ("Cancelled", "action_request.cancelled"),
            ("Votes cast", "vote.cast"),
            ("Reminders sent", "timer.reminded"),
            ("Escalations", "timer.escalated"),
            ("Permissions issued", "grant.issued"),
            ("Permissions used", "grant.redeemed"),
            ("Executions reported", "execution.reported"),
        )
    ]
    timed = _seconds(report)
    middle = span_words(_median_seconds(report))
    query = "from action_request.submitted to the decision of the same request, people only"
    rows.append(Figure("Median time to a person's decision", middle, query, 2 * len(timed)))
    slow = span_words(timed[max(0, -(-len(timed) * 95 // 100) - 1)]) if timed else "none"
    rows.append(Figure("95th percentile of that time", slow, query, 2 * len(timed)))
    return rows


def _seconds(report: Oversight) -> list[float]:
    """Times from submit to a person's decision, ascending."""
    return sorted(
        case.seconds
        for case in report.cases.values()
        if case.seconds is not None and case.outcome in {"approved", "denied", "returned"}
    )


def _median_seconds(report: Oversight) -> float | None:
    timed = _seconds(report)
    return median(timed) if timed else None


def _charts(report: Oversight) -> list[str]:
    counts = _outcome_counts(report)
    present = [outcome for outcome in _TONES if counts[outcome]]
    labels, columns = _columns(report)
    series = [Series(o, tuple(column[o] for column in columns), _TONES[o]) for o in present] or [
        Series("decisions", tuple(0 for _ in columns))
    ]
    spans = span_counts(_seconds(report))
    return [
        bar_svg(
            title="Requests by the day they ended",
            labels=labels, series=series, unit="requests", width=660,
        ),
        donut_svg(
            title="How requests ended",
            labels=present,
            series=Series("requests", tuple(counts[o] for o in present)),
            unit="requests",
            tones=[_TONES[o] for o in present],
        ),
        bar_svg(
            title="Time to a person's decision",
            labels=[name for name, _ in spans],
            series=[Series("requests", tuple(count for _, count in spans), "1")],
            unit="requests", width=540,
        ),
    ]  # fmt: skip


def _legend(report: Oversight) -> list[dict[str, str]]:
    counts = _outcome_counts(report)
    return [
        {"word": outcome, "tone": tone, "count": f"{counts[outcome]:,}"}
        for outcome, tone in _TONES.items()
        if counts[outcome]
    ]


def _columns(report: Oversight) -> tuple[list[str], list[Counter[str]]]:
    """One column a day, or one a week when days would not fit on the page."""
    zone, (start, end) = ZoneInfo(report.source.zone), report.source.period
    first = start.astimezone(zone).date()
    last = (end - timedelta(microseconds=1)).astimezone(zone).date()
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    step = 1 if len(days) <= _MOST_COLUMNS else 7
    labels, columns = [], []
    for at in range(0, len(days), step):
        column: Counter[str] = Counter()
        for day in days[at : at + step]:
            column.update(report.days.get(day, Counter()))
        labels.append(_day_label(days[at], step))
        columns.append(column)
    return labels, columns


def _day_label(day: date, step: int) -> str:
    return f"{day:%d %b}" if step == 1 else f"wk {day:%d %b}"


def span_counts(seconds: list[float]) -> list[tuple[str, int]]:
    """Count times by the spans that a chart shows."""
    rows, before = [], 0.0
    for name, limit in _SPANS:
        rows.append((name, sum(1 for value in seconds if before <= value < limit)))
        before = float(limit)
    return [*rows, ("longer", sum(1 for value in seconds if value >= before))]


def span_words(seconds: float | None) -> str:
    """Say a span in its two largest units."""
    if seconds is None:
        return "none"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"
