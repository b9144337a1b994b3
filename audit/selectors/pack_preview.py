"""What will be in a pack, before anybody makes it: quickly, however large the record is."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db.models import Q

from audit.models import LedgerEvent, Report, ReportStatus
from audit.packs.contents import REDACTABLE
from audit.selectors.events import EventFilter, parse_day, select_events, start_of_day
from audit.selectors.pack_rows import told_of, with_bodies
from audit.selectors.packs import PERIOD, Chosen, pruned_places, signed_checkpoint
from audit.selectors.reports import ReportRow, as_rows
from govapp.common.ids import parse_public_id

LOOKED_AT: Final = 1_000
"""So many events are opened to say what they hold; of more, it is said that there are more."""
MOST_COUNTED: Final = 10_000
MOST_REPORTS: Final = 50


@dataclass(frozen=True)
class Values:
    """Personal values of one kind among the events that were looked at."""

    kind: str
    count: int
    is_left_out: bool


@dataclass(frozen=True)
class PackPreview:
    """What a pack of the record as it is now would hold.

    `first` and `last` are indices of a complete period, None for a selection. `looked_at` is how
    many events the counts of values are of: the first ones, when there are more.
    """

    size: int
    events: int
    has_more: bool
    first: int | None
    last: int | None
    looked_at: int
    values: tuple[Values, ...]
    erased: int
    pruned: int

    @property
    def is_complete(self) -> bool:
        return self.first is not None

    @property
    def is_part(self) -> bool:
        """Whether there are more events than were looked at."""
        return self.has_more or self.events > self.looked_at

    @property
    def earlier(self) -> int:
        return self.first or 0

    @property
    def later(self) -> int:
        return 0 if self.last is None else self.size - 1 - self.last


def preview_pack(wanted: EventFilter, chosen: Chosen) -> PackPreview:
    """Say what would go along. Seven queries at most, whose cost does not grow with the record.

    Raises `Malformed` for a filter that makes no sense and for values that cannot be left out, and
    `Conflict` when nothing is signed yet.
    """
    checkpoint = signed_checkpoint()
    span = _span(wanted, checkpoint.size) if set(wanted.chosen()) <= PERIOD else None
    if span is not None:
        some = Q(index__gte=span.start, index__lt=min(span.stop, span.start + LOOKED_AT))
        count, has_more = len(span), False
    else:
        events = select_events(wanted).filter(leaf_rows__index__lt=checkpoint.size)
        count = events.values("pk")[: MOST_COUNTED + 1].count()
        count, has_more = min(count, MOST_COUNTED), count > MOST_COUNTED
        newest = events.order_by("-occurred_at", "-id").values_list("pk", flat=True)[:LOOKED_AT]
        some = Q(event_id__in=list(newest))
    rows = with_bodies(some, "event_id")
    found = [(ident, None if body is None else bytes(body)) for ident, body in rows]
    kept = [(ident, body) for ident, body in found if body is not None]
    told = Counter(
        "erased" if value.withheld == "erased" else value.kind
        for value in told_of(kept, chosen.redact)
    )
    return PackPreview(
        size=checkpoint.size,
        events=count,
        has_more=has_more,
        first=span.start if span else None,
        last=span.stop - 1 if span else None,
        looked_at=len(found),
        values=tuple(Values(kind, told[kind], kind in chosen.redact) for kind in REDACTABLE),
        erased=told["erased"],
        pruned=len(found) - len(kept),
    )


def _span(wanted: EventFilter, size: int) -> range | None:
    """Return the indices of a period by its first and last event, None when there is none.

    What was pruned of it counts: its hashes go along. An event that waited for its place may stand
    a little outside: the pack itself looks at each.
    """
    if not wanted.chosen():
        return range(size)
    placed = LedgerEvent.objects.filter(wanted.condition(), leaf_rows__index__lt=size)
    indices = placed.values_list("leaf_rows__index", flat=True)
    first = indices.order_by("occurred_at", "id").first()
    last = indices.order_by("-occurred_at", "-id").first()
    places = [each for each in (first, last, *pruned_places(wanted)) if each is not None]
    return range(min(places), max(places) + 1) if places else None


def reports_for(wanted: EventFilter) -> list[ReportRow]:
    """Return the finished reports that a pack may take along: of the filter's days or request.

    One query, never the files themselves. The filter is one that `preview_pack` has understood.
    """
    fitting = Q(request_id__isnull=True)
    if wanted.since:
        since = start_of_day(parse_day(wanted.since), wanted.zone)
        fitting &= Q(period_end__gt=since)
    if wanted.until:
        until = start_of_day(parse_day(wanted.until) + timedelta(days=1), wanted.zone)
        fitting &= Q(period_start__lt=until)
    if wanted.request:
        fitting |= Q(request_id=parse_public_id("ar", wanted.request))
    ready = Report.objects.filter(fitting, status=ReportStatus.READY, content__isnull=False)
    return as_rows(ready.order_by("-requested_at", "-id")[:MOST_REPORTS])
