"""The record as it is searched: filled behind the sequencer, and emptied with whoever is erased.

One writer at a time for each tenant, under the lock of its cursor: so nobody puts back what an
erasure takes out at the same moment. Everything here can be made again from the events.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final
from uuid import UUID

import structlog
from django.db import DataError, connection

from audit.models import LedgerDisclosure, LedgerLog, LedgerWords, WordsCursor
from audit.search_doors import tenants_to_index
from audit.searching import SearchEntry
from audit.selectors.search_index import (
    FoundEvent,
    entries_of,
    events_by_id,
    events_from,
    lexemes_of,
    told_by_submission,
)
from govapp.common import clock
from govapp.common.arrays import text_array, time_array, uuid_array
from govapp.common.tenancy import require_tenant_id, tenant_transaction

log = structlog.get_logger(__name__)

BATCH: Final = 500
"""Events in one transaction: short, so that the sequencer beside it waits for nothing."""

_INSERT: Final = """
INSERT INTO audit_ledgerwords (tenant_id, id, index, occurred_at, type, "group", actor_kind,
  actor_id, category, outcome, agent_id, request_id, words)
SELECT %s, line.id, line.index, line.occurred_at, line.type, line."group", line.actor_kind,
  line.actor_id, line.category, line.outcome, line.agent_id, line.request_id,
  array_to_tsvector(string_to_array(line.words, E'\n'))
FROM unnest(%s::uuid[], %s::bigint[], %s::timestamptz[], %s::text[], %s::text[], %s::text[],
  %s::text[], %s::text[], %s::text[], %s::text[], %s::uuid[], %s::text[])
  AS line (id, index, occurred_at, type, "group", actor_kind, actor_id, category, outcome,
  agent_id, request_id, words)
"""


@dataclass(frozen=True)
class _Line:
    event: FoundEvent
    entry: SearchEntry
    category: str
    agent: str


def index_all(*, at_most: int = 1_000) -> int:
    """Index one batch of each tenant that has leaves to index; return how many there were."""
    count = 0
    for row in tenants_to_index.call(at_most):
        try:
            count += index_tenant(tenant_id=row["tenant_id"])
        except DataError as error:
            # What cannot be indexed of one tenant must stop neither the others nor the sequencer.
            # Its message may quote the words themselves: only its kind is logged.
            log.error(  # noqa: TRY400
                "search.not_indexed",
                tenant=str(row["tenant_id"]),
                reason=type(error).__name__,
            )
    return count


def index_waiting(*, seconds: float = 2.0) -> int:
    """Index for so long at most, or until nothing waits; return how many events."""
    end, count = monotonic() + seconds, 0
    while monotonic() < end and (done := index_all()):
        count += done
    return count


def index_tenant(*, tenant_id: UUID, batch: int = BATCH) -> int:
    """Index at most `batch` leaves of one tenant, in their order; return how many.

    0 means that nothing waits, or that somebody else is indexing this tenant.
    """
    with tenant_transaction(tenant_id):
        cursor = _locked_cursor(skip=True)
        if cursor is None:
            return 0
        size = LedgerLog.objects.values_list("size", flat=True).first() or 0
        upto = min(size, cursor.size + batch)
        count = upto - cursor.size
        if count <= 0:
            return 0
        _write(events_from(cursor.size, upto))
        cursor.size, cursor.indexed_at = upto, clock.now()
        cursor.save(update_fields=["size", "indexed_at"])
        return count


def rebuild_index(*, tenant_id: UUID) -> None:
    """Forget what is indexed of a tenant: the next batches make it again from the events."""
    with tenant_transaction(tenant_id):
        cursor = _locked_cursor()
        LedgerWords.objects.all().delete()
        if cursor is not None:
            cursor.size = 0
            cursor.save(update_fields=["size"])


def forget_subject(ref: str) -> int:
    """Index the events that named or quoted a subject again; return how many.

    Called in the transaction that destroyed the subject's keys: what is read now has "[erased]"
    in the places of its texts.
    """
    _locked_cursor()
    named = LedgerDisclosure.objects.filter(subject_key__ref=ref)
    wanted = LedgerWords.objects.filter(id__in=named.values("event_id"))
    found = list(wanted.order_by("index").values_list("id", flat=True))
    for start in range(0, len(found), BATCH):
        _write_again(found[start : start + BATCH])
    return len(found)


def forget_events(ids: Iterable[UUID]) -> int:
    """Take events out of what is searched, before or after they are pruned; return how many.

    Whoever indexes at this moment is waited for: what it writes goes too.
    """
    _locked_cursor()
    gone, _ = LedgerWords.objects.filter(id__in=list(ids)).delete()
    return gone


def _locked_cursor(*, skip: bool = False) -> WordsCursor | None:
    """Lock and return the bound tenant's cursor, made when there is none; None when it is taken."""
    locking = WordsCursor.objects.select_for_update(skip_locked=skip)
    found = locking.first()
    if found is None and not WordsCursor.objects.exists():
        # Two may meet a new tenant at once: the second waits here, and uses the first's.
        WordsCursor.objects.bulk_create([WordsCursor()], ignore_conflicts=True)
        found = locking.first()
    return found


def _write_again(ids: Sequence[UUID]) -> None:
    places = dict(LedgerWords.objects.filter(id__in=ids).values_list("id", "index"))
    LedgerWords.objects.filter(id__in=ids).delete()
    _write(events_by_id(places))


def _write(events: Sequence[FoundEvent]) -> None:
    lines = _lines(events)
    if not lines:
        return
    found = [each.event for each in lines]
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                require_tenant_id(),
                uuid_array(each.id for each in found),
                [each.index for each in found],
                time_array(each.occurred_at for each in found),
                text_array(each.type for each in found),
                text_array(each.entry.group for each in lines),
                text_array(each.actor_kind for each in found),
                text_array(each.actor_id for each in found),
                text_array(each.category for each in lines),
                text_array(each.entry.outcome for each in lines),
                text_array(each.agent for each in lines),
                [each.request_id for each in found],
                text_array("\n".join(_lexemes(each)) for each in lines),
            ],
        )


def _lexemes(line: _Line) -> list[str]:
    return lexemes_of(
        line.event,
        line.entry,
        category=line.category,
        agent=line.agent,
    )


def _lines(events: Sequence[FoundEvent]) -> list[_Line]:
    """Each event with its entry; an event of a request has the category and agent of that."""
    entries = entries_of(events)
    told = told_by_submission({each.request_id for each in events if each.request_id})
    lines = []
    for event, entry in zip(events, entries, strict=True):
        category, agent = told.get(event.request_id, ("", ""))
        line = _Line(event, entry, entry.category or category, entry.agent or agent)
        if event.type == "action_request.submitted" and event.request_id:
            told[event.request_id] = (line.category, line.agent)
        lines.append(line)
    return lines
