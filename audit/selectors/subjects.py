"""What the record holds of a subject: what an erasure would take away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from audit.models import LedgerDisclosure, LedgerSubject


@dataclass(frozen=True)
class Held:
    """In how many events a subject is named or quoted, and since when it is erased (or None)."""

    events: int
    erased_at: datetime | None


def what_is_held(refs: Sequence[str]) -> Held:
    """Return what can still be read of subjects. Two queries."""
    readable = LedgerDisclosure.objects.filter(
        subject_key__ref__in=refs, subject_key__key_sealed__isnull=False
    )
    events = readable.aggregate(count=Count("event_id", distinct=True))["count"]
    erased = LedgerSubject.objects.filter(ref__in=refs, erased_at__isnull=False)
    return Held(events, erased.order_by("-erased_at").values_list("erased_at", flat=True).first())
