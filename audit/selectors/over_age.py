"""Which events are over age: what one batch of a pruning looks at, and what it can take."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Final, NamedTuple
from uuid import UUID

from django.db import connection

from audit.prune import NEVER_LIKE
from audit.selectors.pruned import runs_of
from govapp.common.tenancy import require_tenant_id

MOST_RUNS: Final = 500
"""Ranges in one event, which has at most 60,000 bytes."""


_OVER_AGE: Final = """
SELECT l.index, e.occurred_at, e.id, e.request_id FROM audit_ledgerevent e
JOIN audit_ledgerleaf l ON l.tenant_id = e.tenant_id AND l.event_id = e.id
WHERE e.tenant_id = %s AND e.occurred_at < %s AND (e.occurred_at, e.id) > (%s, %s)
  AND l.index < %s AND NOT e.type LIKE ANY(%s)
"""
_CANDIDATES: Final = f"{_OVER_AGE} ORDER BY e.occurred_at, e.id LIMIT %s"
_OF_REQUESTS: Final = f"{_OVER_AGE} AND e.request_id = ANY(%s)"
_NOBODY: Final = UUID(int=0)


class Place(NamedTuple):
    """Where the last window of candidates ended."""

    at: datetime
    id: UUID


@dataclass(frozen=True, order=True)
class Going:
    """An event that may go: its index, and the request that it belongs to."""

    index: int
    at: datetime
    id: UUID
    request_id: UUID | None


START: Final = Place(datetime.fromisoformat("0001-01-02T00:00:00+00:00"), _NOBODY)


def candidates(before: datetime, place: Place, size: int, batch: int) -> list[Going]:
    """Return the next ones after a place, oldest first, of those in the tree of this size."""
    return _over_age(_CANDIDATES, before, place, size, batch)


def rest_of_requests(
    before: datetime, end: Place, size: int, window: Sequence[Going]
) -> list[Going]:
    """What is over age, comes after the window, and belongs to requests that are in it."""
    requests = {each.request_id for each in window if each.request_id}
    return _over_age(_OF_REQUESTS, before, end, size, list(requests)) if requests else []


def _over_age(
    query: str, before: datetime, place: Place, size: int, last: int | list[UUID]
) -> list[Going]:
    with connection.cursor() as cursor:
        cursor.execute(query, [require_tenant_id(), before, *place, size, NEVER_LIKE, last])
        return [Going(*row) for row in cursor.fetchall()]


def choose(free: Sequence[Going]) -> tuple[list[range], list[Going]]:
    """Return as much of this as one event can name, in the order of the indexes.

    Requests go whole: a hold that is placed between two batches finds all of one by any event.
    """
    parts: dict[UUID, list[Going]] = {}
    for each in free:
        parts.setdefault(each.request_id or each.id, []).append(each)
    most = len(parts)
    while True:
        going = sorted(chain.from_iterable(islice(parts.values(), most)))
        runs = runs_of([each.index for each in going])
        if len(runs) <= MOST_RUNS:
            return runs, going
        if most == 1:  # one request alone is too scattered
            return runs[:MOST_RUNS], going[: sum(map(len, runs[:MOST_RUNS]))]
        most = max(1, most * MOST_RUNS // len(runs))
