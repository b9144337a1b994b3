"""Where a version in shadow would have decided otherwise than what was live."""

from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Q

from approvals.models import PolicyVersion, ShadowResult
from govapp.common.api.pagination import Page, Position, read_page

PAGE_SIZE: Final = 50


@dataclass(frozen=True)
class Shift:
    """How many requests had one outcome by what was live and another in shadow."""

    live: str
    shadow: str
    count: int


@dataclass(frozen=True)
class ShadowReport:
    """The figures of a version in shadow; `shifts` only where they differ, most first."""

    evaluated: int
    differing: int
    shifts: tuple[Shift, ...]

    @property
    def share(self) -> str:
        """Return how many of a hundred differ, in words."""
        if not self.evaluated:
            return "nothing was asked yet"
        share = 100 * self.differing / self.evaluated
        return f"{share:.1f} % of what was asked" if self.differing else "none so far"


def read_shadow_report(version: PolicyVersion) -> ShadowReport:
    """Return the figures of a version. Two statements."""
    rows = ShadowResult.objects.filter(version=version)
    counts = rows.aggregate(all=Count("pk"), differing=Count("pk", filter=Q(differs=True)))
    shifts = (
        rows.filter(differs=True)
        .values_list("live_outcome", "outcome")
        .annotate(count=Count("pk"))
        .order_by("-count", "live_outcome", "outcome")
    )
    return ShadowReport(counts["all"], counts["differing"], tuple(Shift(*each) for each in shifts))


def read_differences(version: PolicyVersion, after: Position | None) -> Page[ShadowResult]:
    """Return a page of what differs, with the requests, newest first. One statement."""
    rows = (
        ShadowResult.objects.filter(version=version, differs=True)
        .select_related("request__agent")
        .defer("request__payload", "request__trace", "request__sources", "request__reason")
    )
    return read_page(rows, field="evaluated_at", after=after, limit=PAGE_SIZE)
