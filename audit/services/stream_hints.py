"""Hints at streams that have something to send: light, for whoever makes the record grow."""

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from audit.models import AuditStream
from audit.selectors.streams import SENDING
from govapp.common.clock import Now
from govapp.common.queue import enqueue_on_commit


def hint_streams() -> None:
    """Hint at the bound tenant's streams that nobody is sending: the record has just grown."""
    rows = nobodys(AuditStream.objects.filter(next_at__lte=Now()), Now())
    for stream_id, tenant_id in rows.values_list("pk", "tenant_id"):
        enqueue_on_commit("audit.deliver_stream", stream_id=stream_id, tenant_id=tenant_id)


def nobodys(rows: QuerySet[AuditStream], now: object) -> QuerySet[AuditStream]:
    """Return of these the streams that may send and that nobody has taken.

    Those of a suspended tenant wait where they stand until it is resumed.
    """
    nobody = Q(lease_until=None) | Q(lease_until__lte=now)
    suspended = RawSQL(settings.AUDIT_SUSPENDED_SQL, [])  # noqa: S611 - ours, in the settings
    return rows.filter(nobody, ~Q(tenant_id__in=suspended), removed_at=None, state__in=SENDING)
