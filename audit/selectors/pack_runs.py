"""What goes along when a pack is of one run: the rest of its chain."""

import json
from datetime import timedelta
from typing import Final

from django.db.models import Max, Min, Q

from audit.models import LedgerEvent
from audit.selectors.event_filter import EventFilter

_PREFIX: Final = "run_"
_SLACK: Final = timedelta(hours=1)
"""Two hands write in a run, and each reads the time as it begins."""


def asked_in_run(wanted: EventFilter, size: int) -> set[int]:
    """Return where what was asked for in a run stands, when exactly that run is wanted.

    Those events are of its chain, and about requests: without them nobody could see that the run
    is whole. They are found by its agent and its days, in the record alone.
    """
    if set(wanted.chosen()) != {"subject"} or not wanted.subject.startswith(_PREFIX):
        return set()
    own = LedgerEvent.objects.filter(subject_type="run", subject_id=wanted.subject)
    times = own.aggregate(
        first=Min("occurred_at"), closed=Max("occurred_at", filter=Q(type="run.closed"))
    )
    if times["first"] is None:
        return set()
    agents = own.filter(actor_kind="agent").values("actor_id")
    asked = Q(
        type__endswith=".submitted", actor_id__in=agents, occurred_at__gte=times["first"] - _SLACK
    )
    if times["closed"] is not None:
        asked &= Q(occurred_at__lte=times["closed"] + _SLACK)
    rows = LedgerEvent.objects.filter(asked, leaf_rows__index__lt=size)
    return {
        index
        for index, body in rows.values_list("leaf_rows__index", "body").iterator()
        if is_in_run(bytes(body), wanted.subject)
    }


def is_in_run(body: bytes, run: str) -> bool:
    """Tell whether an event is one of the chain of a run, by its public id."""
    if run.encode() not in body:
        return False
    place = json.loads(body).get("run")
    return isinstance(place, dict) and place.get("id") == run
