"""Searching the record of the bound tenant: pages of what was found, and how it is spread."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL

from audit.models import LedgerWords
from audit.search_doors import SHORT, search_newest, search_oldest, search_summary
from govapp.common.arrays import is_any
from govapp.common.tenancy import require_tenant_id

COUNTED: Final = 5_000
"""Events that facets and days are counted over at most: the newest, where they can be told."""

SHOWN: Final = 8
"""Values of a facet that are shown."""


class Place(NamedTuple):
    """Where an event stands in the order of time."""

    at: datetime
    id: UUID


@dataclass(frozen=True)
class Search:
    """What is looked for: a `tsquery` (empty: everything) and a period."""

    query: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Summary:
    """How often each value occurs, by facet, the most frequent first; and how many on which day.

    Counted over the newest of what was found: 5,000 of them, or as many as there are among the
    nearest lines of the record (`audit.search_doors`). `is_cut` when there are, or may be, more.
    Of what is seldom among the nearest lines, and was often before, it may be any 5,000 of them:
    then `is_newest` does not hold.
    """

    facets: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    days: dict[date, int] = field(default_factory=dict)
    total: int = 0
    is_cut: bool = False
    is_newest: bool = True


def find_events(
    wanted: Search,
    *,
    after: Place | None = None,
    oldest_first: bool = False,
    below: int | None = None,
    limit: int,
) -> list[Place]:
    """Return a page of what was found behind a place. One statement.

    `below` is the size of a tree: of leaves of that tree only.
    """
    door = search_oldest if oldest_first else search_newest
    at, ident = after or (None, None)
    rows = door.call(*_asked(wanted), at, ident, below, limit)
    return [Place(row["occurred_at"], row["id"]) for row in rows]


def found_among(wanted: Search, idents: Iterable[UUID]) -> list[UUID]:
    """Return which of these events a search finds. One statement, which reads these rows alone.

    For whoever goes through the record a part at a time: what is found elsewhere costs nothing.
    """
    asked = Q()
    if wanted.query:
        # Not of Django's own, which would read the query as a text in some language.
        asked &= Q(RawSQL("words @@ %s::tsquery", [wanted.query], BooleanField()))
    if wanted.since is not None:
        asked &= Q(occurred_at__gte=wanted.since)
    if wanted.until is not None:
        asked &= Q(occurred_at__lt=wanted.until)
    rows = LedgerWords.objects.filter(asked, is_any("id", idents))
    return list(rows.values_list("id", flat=True))


def summarise(wanted: Search, *, zone: str) -> Summary:
    """Count the newest of what was found, at a bounded cost. One statement."""
    return read_summary(search_summary.call(*_asked(wanted), zone, COUNTED + 1))


def read_summary(rows: Iterable[Mapping[str, Any]]) -> Summary:
    """Return what the lines of the door say: a facet, a value, and how often it occurs."""
    rows = list(rows)
    is_short = any(row["facet"] == SHORT for row in rows)
    facets: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for row in rows:
        if row["label"]:
            facets[row["facet"]].append((row["label"], row["counted"]))
    days = {date.fromisoformat(day): count for day, count in facets.pop("day", [])}
    total = sum(days.values())
    ordered = {
        name: sorted(values, key=lambda each: (-each[1], each[0]))
        for name, values in facets.items()
    }
    is_full = total > COUNTED
    # Short and yet full: either is by words and in no order, or the newest of a part. Which of
    # them it is the door does not say.
    return Summary(
        ordered,
        days,
        min(total, COUNTED),
        is_cut=is_short or is_full,
        is_newest=not (is_short and is_full),
    )


def _asked(wanted: Search) -> tuple[UUID, str | None, datetime | None, datetime | None]:
    return require_tenant_id(), wanted.query or None, wanted.since, wanted.until
