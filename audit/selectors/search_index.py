"""Reading events for the index that is searched, and how far it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from django.db import connection

from audit.models import LedgerCheckpoint, LedgerEvent, LedgerLeaf, LedgerWords, WordsCursor
from audit.searching import SearchEntry, entry_of
from audit.searching.lexemes import lexemes, mark_of
from audit.selectors.disclosures import disclose
from govapp.common.errors import Conflict
from govapp.common.ids import public_id
from govapp.common.tenancy import require_tenant_id

_UNREADABLE: Final = (ValueError, TypeError, KeyError, msgspec.MsgspecError, InvalidTag)
SUBMITTED: Final = "action_request.submitted"
_COLUMNS: Final = (
    "id", "occurred_at", "type", "actor_kind", "actor_id", "subject_id", "request_id", "body",
)  # fmt: skip
_LAG: Final = """
SELECT coalesce(log.size, 0) - coalesce(done.size, 0), (
  SELECT event.occurred_at FROM audit_ledgerleaf AS leaf JOIN audit_ledgerevent AS event
    ON event.tenant_id = leaf.tenant_id AND event.id = leaf.event_id
  WHERE leaf.tenant_id = log.tenant_id AND leaf.index = coalesce(done.size, 0)
    AND log.size > coalesce(done.size, 0)), govapp_now(), coalesce((
  SELECT max(size) FROM audit_ledgercheckpoint WHERE tenant_id = log.tenant_id), 0)
FROM (SELECT %s::uuid AS tenant_id) AS bound
LEFT JOIN audit_ledgerlog AS log ON log.tenant_id = bound.tenant_id
LEFT JOIN audit_wordscursor AS done ON done.tenant_id = log.tenant_id
"""


@dataclass(frozen=True)
class FoundEvent:
    """An event's columns, as the index needs them."""

    id: UUID
    index: int
    occurred_at: datetime
    type: str
    actor_kind: str
    actor_id: str
    subject_id: str
    request_id: UUID | None
    body: bytes


@dataclass(frozen=True)
class Lag:
    """How many events are not searched yet, and when the first of them was.

    `signed` is the size of the newest checkpoint, 0 without one.
    """

    events: int
    since: datetime | None
    now: datetime
    signed: int


def search_lag() -> Lag:
    """Return how far the index is behind the bound tenant's record. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_LAG, [require_tenant_id()])
        return Lag(*cursor.fetchone())


def indexed_size() -> int:
    """Return below which index everything of the bound tenant can be searched. One query."""
    return WordsCursor.objects.values_list("size", flat=True).first() or 0


def searched_checkpoint(asked_at: datetime) -> int | None:
    """Return the size of the newest checkpoint of which every event can be searched.

    None while that is not one with everything that was signed at this instant. Three queries.
    """
    sizes = LedgerCheckpoint.objects.order_by("-size").values_list("size", flat=True)
    found = sizes.filter(size__lte=indexed_size()).first()
    asked = sizes.filter(signed_at__lte=asked_at).first() or 0
    return found if found is not None and found >= asked else None


def check_searched(size: int) -> None:
    """Raise `Conflict` unless every event of a tree of this size can be searched. One query.

    Asked after a search whose result has to be whole: its index may have been emptied meanwhile.
    """
    if indexed_size() < size:
        raise Conflict("The index of the search was being made again meanwhile; ask once more.")


def events_from(first: int, end: int) -> list[FoundEvent]:
    """Return the events of these leaves, in order; those that were pruned are left out."""
    leaves = LedgerLeaf.objects.filter(index__gte=first, index__lt=end)
    return events_by_id(dict(leaves.values_list("event_id", "index")))


def events_by_id(places: Mapping[UUID, int]) -> list[FoundEvent]:
    """Return events with their places, in the order of those."""
    rows = LedgerEvent.objects.filter(id__in=places).values_list(*_COLUMNS)
    found = [
        FoundEvent(ident, places[ident], at, kind, who, actor, subject, request, bytes(body))
        for ident, at, kind, who, actor, subject, request, body in rows
    ]
    return sorted(found, key=lambda each: each.index)


def entries_of(events: Sequence[FoundEvent]) -> list[SearchEntry]:
    """Return what is searched of each, without what was erased. One query for them all.

    An event that somebody has made unreadable is found by its columns alone: that it was changed
    is for the verification to say, and it must not keep the others from being found.
    """
    try:
        bodies = disclose({each.id: each.body for each in events})
    except _UNREADABLE:
        return [_entry_alone(each) for each in events]
    return [entry_of(bodies[each.id]) for each in events]


def _entry_alone(event: FoundEvent) -> SearchEntry:
    columns = {"id": public_id("ev", event.id), "type": event.type}
    try:
        return entry_of(disclose({event.id: event.body})[event.id])
    except _UNREADABLE:
        return entry_of(columns)


def told_by_submission(requests: Iterable[UUID]) -> dict[UUID | None, tuple[str, str]]:
    """Return category and agent of requests whose submission is indexed. One query."""
    rows = LedgerWords.objects.filter(request_id__in=list(requests), type=SUBMITTED)
    return {
        request_id: (category, agent)
        for request_id, category, agent in rows.values_list("request_id", "category", "agent_id")
    }


def lexemes_of(event: FoundEvent, entry: SearchEntry, *, category: str, agent: str) -> list[str]:
    """Return everything by which the event can be found."""
    values = {
        "type": event.type,
        "kind": event.actor_kind,
        "actor": event.actor_id,
        "subject": event.subject_id,
        "request": event.request_id.hex if event.request_id else "",
        "group": entry.group,
        "category": category,
        "outcome": entry.outcome,
        "agent": agent,
    }
    return lexemes(mark_of(require_tenant_id()), entry.words, values)
