"""Finished files that tell of what a legal hold keeps: an erasure leaves them until its release.

They could be made again, but not as they were: with what is being erased in them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db.models import Case, Exists, F, OuterRef, Q, When

from audit.models import ExportJob, LedgerEvent, LegalHold, Report, ReportStatus
from audit.selectors.event_filter import EventFilter
from audit.selectors.exports import filter_of
from audit.selectors.holds import covered_by, holds_in_force
from govapp.common.ids import public_id

_SLACK: Final = timedelta(days=5)
"""The months before may have so many days more than those of a report that is compared."""


@dataclass(frozen=True)
class HeldFiles:
    """Which reports and exports are kept, by which holds."""

    reports: frozenset[UUID]
    exports: frozenset[UUID]
    holds: tuple[LegalHold, ...]


def held_files() -> HeldFiles:
    """Return the finished files of the bound tenant in which an event is told that is held.

    One query for each hold, and one more for each of the few exports whose file is there.
    """
    reports: set[UUID] = set()
    exports: set[UUID] = set()
    holds = []
    for hold in holds_in_force():
        told = _reports(hold)
        taken = _exports(hold, told)
        if told or taken:
            holds.append(hold)
        reports |= told
        exports |= taken
    return HeldFiles(frozenset(reports), frozenset(exports), tuple(holds))


def files_words(reports: int, exports: int) -> str:
    """Say how many files: "2 reports and 1 export"."""
    counted = [
        f"{count} {word}{'' if count == 1 else 's'}"
        for count, word in ((reports, "report"), (exports, "export"))
        if count
    ]
    return " and ".join(counted)


def keeping(holds: Sequence[LegalHold]) -> str:
    """Say that these holds keep it, named as counsel does: "the legal hold “Q v. A” keeps"."""
    named = ", ".join(f"“{each.matter}”" for each in holds)
    return f"the legal hold {named} keeps" if len(holds) == 1 else f"the legal holds {named} keep"


def _reports(hold: LegalHold) -> set[UUID]:
    covered = LedgerEvent.objects.filter(covered_by(hold))
    in_period = covered.filter(
        occurred_at__gte=OuterRef("begins_at"), occurred_at__lt=OuterRef("period_end")
    )
    of_request = covered.filter(request_id=OuterRef("request_id"))
    before = F("period_start") - (F("period_end") - F("period_start")) - _SLACK
    rows = Report.objects.filter(content__isnull=False).annotate(
        begins_at=Case(When(is_compared=True, then=before), default=F("period_start"))
    )
    return set(rows.filter(Exists(in_period) | Exists(of_request)).values_list("pk", flat=True))


def _exports(hold: LegalHold, reports: set[UUID]) -> set[UUID]:
    names = {public_id("rep", each) for each in reports}
    jobs = ExportJob.objects.filter(status=ReportStatus.READY, removed_at=None)
    return {
        job.pk
        for job in jobs
        if job.options.get("report") in names
        or LedgerEvent.objects.filter(covered_by(hold), _condition(job)).exists()
    }


def _condition(job: ExportJob) -> Q:
    """Which events went in: of a search, all of its days, for its index is some moments late."""
    wanted = filter_of(job.query, job.time_zone)
    if wanted.is_searched:
        wanted = EventFilter(since=wanted.since, until=wanted.until, zone=wanted.zone)
    return wanted.condition()
