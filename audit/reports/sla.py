"""How fast people decided: by category and by person, against the deadlines that rules set."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any, Final
from uuid import UUID

from django.utils.safestring import mark_safe

from audit.reports.figures import Figure
from audit.reports.kind import Keep, Kind, Needs, Source
from audit.reports.layout import span_counts, span_words
from audit.reports.matching import Counting, Tally, of
from audit.reports.reading import Read, name_of, read_period, text_of
from audit.reports.tables import Column, Table, listing_of
from govapp.common.charts import Series, bar_svg

_DECIDED: Final = {
    "action_request.approved": "approved",
    "action_request.denied": "denied",
    "action_request.returned": "returned",
}
_SLOWEST: Final = 20


@dataclass(slots=True)
class _Group:
    """The decisions of one category."""

    seconds: list[float] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Clock:
    """What is followed of each request: when it was asked, and since when people were."""

    submitted: dict[UUID, datetime] = field(default_factory=dict)
    opened: dict[UUID, datetime] = field(default_factory=dict)
    category: dict[UUID, str] = field(default_factory=dict)
    groups: dict[str, _Group] = field(default_factory=dict)
    people: dict[str, list[float]] = field(default_factory=dict)
    slowest: list[tuple[float, str, str, str]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    in_time: int = 0
    deadlines: dict[UUID, datetime] = field(default_factory=dict)

    def take(self, read: Read) -> None:
        """Follow one event of a request."""
        request = read.request_id
        if request is None:
            return
        at = read.row.occurred_at
        if read.type == "action_request.submitted":
            self.submitted[request] = self.opened[request] = at
            self.category[request] = text_of(read.data.get("category")) or "not named"
        elif read.type == "stage.opened":
            self.opened[request] = at
            if told := text_of(read.data.get("deadline_at")):
                self.deadlines[request] = datetime.fromisoformat(told)
        elif read.type == "vote.cast" and request in self.opened:
            waited = (at - self.opened[request]).total_seconds()
            self.people.setdefault(name_of(read.row, "actor"), []).append(waited)
        elif read.type.startswith("timer."):
            self._group(read).counts[read.type.removeprefix("timer.")] += 1
        elif read.type == "action_request.expired":
            self._group(read).counts["expired"] += 1
        elif read.type in _DECIDED:
            self._decided(read, request, at)

    def _group(self, read: Read) -> _Group:
        told = text_of(read.data.get("category"))
        category = self.category.get(read.request_id) if read.request_id else None
        return self.groups.setdefault(told or category or "not named", _Group())

    def _decided(self, read: Read, request: UUID, at: datetime) -> None:
        group = self._group(read)
        group.counts["decided"] += 1
        began = self.submitted.get(request)
        if began is None and (told := text_of(read.data.get("submitted_at"))):
            began = datetime.fromisoformat(told)
        if at <= self.deadlines.get(request, at):
            self.in_time += 1
        if began is None:
            return
        took = (at - began).total_seconds()
        group.seconds.append(took)
        self.seconds.append(took)
        label = str((read.row.body.get("subject") or {}).get("label", ""))
        self.slowest.append((took, label, _DECIDED[read.type], read.row.public_id))
        if len(self.slowest) > 10 * _SLOWEST:
            self._keep_slowest()

    def _keep_slowest(self) -> None:
        self.slowest = sorted(self.slowest, key=lambda row: (-row[0], row[3]))[:_SLOWEST]

    def finish(self) -> None:
        """Put what was collected in order."""
        self._keep_slowest()
        self.seconds.sort()


def gather(source: Source, keep: Keep) -> Mapping[str, Any]:
    """Read the period once and follow each request's clock."""
    clock = _Clock()
    counting = Counting(
        [
            Tally("Decided by people", of(*_DECIDED)),
            Tally("Expired without a decision", of("action_request.expired"),
                  "nobody decided in time; these were never approved", most=40),
            Tally("Stages opened", of("stage.opened")),
            Tally("Reminders", of("timer.reminded", "timer.repeated")),
            Tally("Escalations", of("timer.escalated"),
                  "more people were asked because those asked first did not answer", most=40),
            Tally("Skipped because late", of("timer.skipped_late"),
                  "due while the service was away; something later was due as well"),
            Tally("Fallback group asked", of("stage.fallback_added"),
                  "the quorum had become impossible"),
        ]
    )  # fmt: skip
    heads = ("action_request.", "stage.", "timer.", "vote.cast")
    for read in read_period(source, keep, heads=heads):
        counting.take(read)
        clock.take(read)
    clock.finish()
    by_name = {tally.name: tally for tally in counting.tallies}
    decided, expired = (
        by_name[n].count for n in ("Decided by people", "Expired without a decision")
    )
    share = f"{100 * decided / (decided + expired):.1f} %" if decided + expired else "none"
    times = _times(clock, decided, expired, share)
    return {
        "headline": [
            {"label": "Decided by people", "value": f"{decided:,}"},
            {"label": "Decided in time", "value": share},
            {"label": "Median time", "value": times[0].value},
            {"label": "95th percentile", "value": times[1].value},
        ],
        "figures": times + [tally.figure for tally in counting.tallies],
        "charts": [_chart(clock.seconds)],
        "tables": _tables(clock, decided),
        "listings": [
            listing_of(by_name[name].exceptional)
            for name in (
                "Expired without a decision", "Escalations", "Fallback group asked",
                "Skipped because late",
            )
        ],
    }  # fmt: skip


def _times(clock: _Clock, decided: int, expired: int, share: str) -> list[Figure]:
    query = "from action_request.submitted to the decision of the same request, people only"
    count, total = 2 * len(clock.seconds), decided + expired
    middle, high = _middle(clock.seconds), percentile(clock.seconds, 95)
    return [
        Figure("Median time to decide", span_words(middle), query, count, middle),
        Figure("95th percentile of that time", span_words(high), query, count, high),
        Figure(
            "Decided in time", share, "decided by people, of those and the expired", total,
            100 * decided / total if total else None,
        ),
    ]  # fmt: skip


def percentile(ascending: list[float], per_cent: int) -> float | None:
    """Return the smallest value that `per_cent` of them do not exceed; None of nothing."""
    return ascending[max(0, -(-len(ascending) * per_cent // 100) - 1)] if ascending else None


def _middle(values: list[float]) -> float | None:
    return median(values) if values else None


def _tables(clock: _Clock, decided: int) -> list[Table]:
    groups = sorted(clock.groups.items(), key=lambda item: (-item[1].counts["decided"], item[0]))
    people = sorted(clock.people.items(), key=lambda item: (-len(item[1]), item[0]))
    votes = sum(len(waits) for _, waits in people)
    return [
        Table(
            "By category", "decisions by people and expiries, by data.category", decided,
            [Column("Category"), *(Column(name, "num") for name in (
                "Decided", "Expired", "Reminders", "Escalations", "Median", "95th percentile"))],
            [
                (
                    name, group.counts["decided"], group.counts["expired"],
                    group.counts["reminded"] + group.counts["repeated"], group.counts["escalated"],
                    span_words(_middle(group.seconds)),
                    span_words(percentile(sorted(group.seconds), 95)),
                )
                for name, group in groups
            ],
            "Nothing was decided in the period.",
        ),
        Table(
            "By person",
            "type = vote.cast, by actor, from the opening of the stage to the vote",
            votes,
            [Column("Person"), Column("Votes", "num"), Column("Median", "num"),
             Column("95th percentile", "num"), Column("Longest", "num")],
            [
                (
                    name, len(waits), span_words(_middle(waits)),
                    span_words(percentile(sorted(waits), 95)), span_words(max(waits)),
                )
                for name, waits in people
            ],
            "Nobody voted in the period.",
        ),
        Table(
            "The slowest decisions", "decisions by people, longest first", len(clock.slowest),
            [Column("Request"), Column("Ended", "word"), Column("Took", "num"),
             Column("Event", "evidence mono")],
            [(label, outcome, span_words(took), event)
             for took, label, outcome, event in clock.slowest],
            "Nothing was decided in the period.",
        ),
    ]  # fmt: skip


def _chart(seconds: list[float]) -> dict[str, object]:
    spans = span_counts(seconds)
    svg = bar_svg(
        title="Time to a person's decision",
        labels=[name for name, _ in spans],
        series=[Series("requests", tuple(count for _, count in spans), "1")],
        unit="requests",
        width=660,
    )
    return {"title": "Time until a person decided", "svg": mark_safe(svg)}  # noqa: S308 - escaped


KIND: Final = Kind(
    slug="approval-times",
    title="Approval times",
    purpose="How fast people decided, by category and person, against the deadlines rules set.",
    needs=Needs.PERIOD,
    gather=gather,
    template="audit/reports/tables.html",
)
