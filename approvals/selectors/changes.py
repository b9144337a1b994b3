"""What happened to an agent's requests, from the ledger: the agent's event stream."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q

from approvals.enums import Purpose
from approvals.models import ActionRequest
from audit.models import LedgerEvent

# At most this many a reading; the limit on calls keeps an agent far below it.
AT_MOST: Final = 10_000
_KINDS: Final = ("action_request.", "grant.", "execution.", "comment.asked")


@dataclass(frozen=True)
class Change:
    """One event of one request, without any words: what it says is read with the request."""

    event_id: UUID
    type: str
    at: datetime
    request_id: UUID
    status: str


def changes_since(since: datetime, *, agent_id: UUID) -> list[Change]:
    """Return what happened to the agent's requests at `since` or later, oldest first.

    Two statements. The ledger's time is that of the statement, not of the commit: whoever reads
    on from an event has to ask for some seconds before it as well.
    """
    kinds = Q()
    for kind in _KINDS:
        kinds |= Q(type__startswith=kind)
    found = list(
        LedgerEvent.objects.filter(
            kinds,
            occurred_at__gte=since,
            request_id__in=ActionRequest.objects.filter(
                agent=agent_id, purpose=Purpose.ACTION
            ).values("pk"),
        )
        .order_by("occurred_at", "pk")
        .values_list("pk", "type", "occurred_at", "request_id")[:AT_MOST]
    )
    statuses = dict(
        ActionRequest.objects.filter(pk__in={row[3] for row in found}).values_list("pk", "status")
    )
    return [
        Change(ident, kind, at, request_id, statuses[request_id])
        for ident, kind, at, request_id in found
        if request_id is not None
    ]
