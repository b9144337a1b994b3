"""Which events are over age: what one batch of a pruning looks at, and what it can take.

What belongs to one request, or to one run, goes whole or not at all: as long as an event of it is
younger, waits for its place, or is held, all of it stays.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Final, NamedTuple
from uuid import UUID

from django.db import connection

from audit.prune import NEVER_LIKE
from audit.pruners import BESIDE, Kind
from audit.selectors.holds import held_among, held_requests, held_runs
from audit.selectors.pruned import runs_of
from govapp.common.ids import public_id
from govapp.common.tenancy import require_tenant_id

MOST_RUNS: Final = 500
"""Ranges in one event, which has at most 60,000 bytes."""

_OVER_AGE: Final = """
SELECT l.index, e.occurred_at, e.id, e.request_id,
  CASE WHEN e.subject_type = 'run' THEN e.subject_id ELSE '' END
FROM audit_ledgerevent e
JOIN audit_ledgerleaf l ON l.tenant_id = e.tenant_id AND l.event_id = e.id
WHERE e.tenant_id = %(tenant)s AND e.occurred_at < %(before)s
  AND (e.occurred_at, e.id) > (%(at)s, %(id)s)
  AND l.index < %(size)s AND NOT e.type LIKE ANY(%(never)s)
  AND NOT EXISTS (SELECT FROM audit_ledgerevent y WHERE y.tenant_id = e.tenant_id
    AND y.request_id = e.request_id AND y.occurred_at >= %(before)s)
  AND NOT EXISTS (SELECT FROM audit_ledgerevent y WHERE y.tenant_id = e.tenant_id
    AND e.subject_type = 'run' AND y.subject_type = 'run' AND y.subject_id = e.subject_id
    AND y.occurred_at >= %(before)s)
"""
_CANDIDATES: Final = f"{_OVER_AGE} ORDER BY e.occurred_at, e.id LIMIT %(batch)s"
_OF_REQUESTS: Final = f"{_OVER_AGE} AND e.request_id = ANY(%(wanted)s)"
_OF_RUNS: Final = f"{_OVER_AGE} AND e.subject_type = 'run' AND e.subject_id = ANY(%(wanted)s)"
_WAITING: Final = """
SELECT e.request_id, CASE WHEN e.subject_type = 'run' THEN e.subject_id ELSE '' END
FROM audit_ledgerqueueitem q
JOIN audit_ledgerevent e ON e.tenant_id = q.tenant_id AND e.id = q.event_id
WHERE q.tenant_id = %s AND e.occurred_at < %s
"""
_NOBODY: Final = UUID(int=0)


class Place(NamedTuple):
    """Where the last window of candidates ended."""

    at: datetime
    id: UUID


@dataclass(frozen=True, order=True)
class Going:
    """An event that may go: its index, and the request or the run that it belongs to."""

    index: int
    at: datetime
    id: UUID
    request_id: UUID | None
    run: str = ""  # public id; empty for all but the run's own events

    @property
    def part(self) -> UUID | str:
        """What goes with it."""
        return self.request_id or self.run or self.id


START: Final = Place(datetime.fromisoformat("0001-01-02T00:00:00+00:00"), _NOBODY)


def candidates(before: datetime, place: Place, size: int, batch: int) -> list[Going]:
    """Return the next ones after a place, oldest first, of those in the tree of this size."""
    return list(_over_age(_CANDIDATES, before, place, size, batch=batch))


def rest_of_parts(before: datetime, size: int, window: Sequence[Going]) -> list[Going]:
    """What else is over age and belongs to requests or runs that are in a window."""
    found: list[Going] = []
    if requests := {each.request_id for each in window if each.request_id}:
        found += _over_age(_OF_REQUESTS, before, START, size, wanted=list(requests))
    if runs := {each.run for each in window if each.run}:
        found += _over_age(_OF_RUNS, before, START, size, wanted=list(runs))
    known = {each.id for each in window}
    return [each for each in found if each.id not in known]


def free_among(rows: Sequence[Going], before: datetime) -> list[Going]:
    """Return those that nothing keeps, in the order of their indexes.

    What keeps one event of a request or of a run keeps all of it: a hold, an event that waits for
    its place, or that it is not over.
    """
    requests, runs = refs_of(rows, "request"), refs_of(rows, "run")
    asked = {each.request_id for each in rows if each.request_id}
    held = held_among([each.id for each in rows])
    kept: set[UUID | str] = {
        *held_requests(list(asked)),
        *held_runs(list(runs)),
        *_waiting(before),
    }
    for beside in BESIDE:
        refs = requests if beside.kind == "request" else runs
        kept |= {refs[ref] for ref in beside.stays(refs, before)}
    return sorted(each for each in rows if each.id not in held and each.part not in kept)


def refs_of(rows: Collection[Going], kind: Kind) -> dict[str, UUID | str]:
    """Return the requests, or the runs, that events belong to: public id and how rows name it."""
    if kind == "run":
        return {each.run: each.run for each in rows if each.run}
    return {public_id("ar", each.request_id): each.request_id for each in rows if each.request_id}


def _waiting(before: datetime) -> Iterator[UUID | str]:
    """Requests and runs of which something old has no place in the tree yet."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [require_tenant_id(), before])
        for request_id, run in cursor.fetchall():
            if part := request_id or run:
                yield part


def _over_age(
    query: str, before: datetime, place: Place, size: int, **more: int | list[UUID] | list[str]
) -> Iterator[Going]:
    values = {
        "tenant": require_tenant_id(),
        "before": before,
        "at": place.at,
        "id": place.id,
        "size": size,
        "never": NEVER_LIKE,
        **more,
    }
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        yield from (Going(*row) for row in cursor.fetchall())


def choose(free: Sequence[Going]) -> list[Going]:
    """Return as much of this as one event can name, in the order of the indexes.

    Requests and runs go whole. One that alone has more ranges than an event can name is all that
    is returned: it takes several events, in one transaction (`in_parts`).
    """
    parts: dict[UUID | str, list[Going]] = {}
    for each in free:
        parts.setdefault(each.part, []).append(each)
    most = len(parts)
    while True:
        going = sorted(chain.from_iterable(islice(parts.values(), most)))
        ranges = len(runs_of([each.index for each in going]))
        if ranges <= MOST_RUNS or most == 1:
            return going
        most = max(1, most * MOST_RUNS // ranges)


def in_parts(going: Sequence[Going]) -> Iterator[tuple[list[range], list[Going]]]:
    """Yield the ranges of indexes, as many as an event can name, with the events in them."""
    runs, at = runs_of([each.index for each in going]), 0
    for start in range(0, len(runs), MOST_RUNS):
        some = runs[start : start + MOST_RUNS]
        count = sum(map(len, some))
        yield some, list(going[at : at + count])
        at += count
