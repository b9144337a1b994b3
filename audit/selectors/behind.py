"""The events behind what holds an agent: who stopped it, cut a delegation, set its autonomy."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db.models import Q

from audit.models import LedgerEvent
from audit.selectors.events import EventRow, as_rows

DELEGATIONS: Final = ("delegation.created", "delegation.revoked")
_MOST: Final = 200


def events_behind(
    types: Collection[str],
    links: Collection[str],
    *,
    until: datetime | None = None,
    size: int | None = None,
) -> list[EventRow]:
    """Return events of these types, and those of these delegations, newest first. Two queries.

    Those until an instant, and of the tree of a size, when these are named; 200 at most.
    """
    wanted = Q(type__in=types) | Q(type__in=DELEGATIONS, subject_id__in=links)
    rows = LedgerEvent.objects.filter(wanted)
    if until is not None:
        rows = rows.filter(occurred_at__lte=until)
    if size is not None:
        rows = rows.filter(leaf_rows__index__lt=size)
    newest = rows.order_by("-occurred_at", "-id")[:_MOST]
    return as_rows(newest.values_list("id", "occurred_at", "body"))
