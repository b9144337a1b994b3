"""For how long the bound tenant keeps its record, and what would go.

This floor knows no tenants: `settings.AUDIT_RETENTION_OF_TENANT` says it. No time set means that
nothing ever goes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.utils.module_loading import import_string

from audit.models import LedgerEvent, LedgerLeaf
from audit.prune import NEVER_PRUNED
from audit.selectors.events import start_of_day
from govapp.common.tenancy import require_tenant_id

COUNTED: Final = 100_000
"""More than so many are estimated: nothing on a page grows with the ledger."""


@dataclass(frozen=True)
class Minimum:
    """What somebody asks for: no record is younger than so many days when it goes."""

    days: int
    why: str


@dataclass(frozen=True)
class Retention:
    """What the tenant has said. `days` is None when it never said how long."""

    days: int | None = None
    zone: str = "UTC"
    prunes_daily: bool = False
    needs_second_person: bool = True
    minimums: tuple[Minimum, ...] = ()

    def before(self, now: datetime) -> datetime | None:
        """Return the midnight before which events are over age; None: nothing ever is."""
        if self.days is None:
            return None
        days = max([self.days, *(each.days for each in self.minimums)])
        return start_of_day((now - timedelta(days=days)).astimezone(ZoneInfo(self.zone)).date(),
                            self.zone)  # fmt: skip


@dataclass(frozen=True)
class Going:
    """Which events are older than an instant: how many, and the first and the last of them."""

    count: int
    is_estimate: bool
    first_index: int | None
    last_index: int | None
    first_at: datetime | None
    last_at: datetime | None


def retention_of_tenant() -> Retention:
    """Return what the bound tenant has set."""
    found: Retention = import_string(settings.AUDIT_RETENTION_OF_TENANT)()
    return found


def older_than(before: datetime) -> Going:
    """Return what would go of before an instant. A few queries that do not grow with the record."""
    stays = reduce(or_, (Q(type__startswith=each) for each in NEVER_PRUNED))
    rows = LedgerEvent.objects.filter(~stays, ~_has_younger(before), occurred_at__lt=before)
    first = rows.order_by("occurred_at", "id").values_list("pk", "occurred_at").first()
    last = rows.order_by("-occurred_at", "-id").values_list("pk", "occurred_at").first()
    if first is None or last is None:
        return Going(0, False, None, None, None, None)
    index = dict(
        LedgerLeaf.objects.filter(event_id__in=[first[0], last[0]]).values_list("event_id", "index")
    )
    counted = rows.order_by()[: COUNTED + 1].count()
    is_large = counted > COUNTED
    count = _estimate(before) if is_large else counted
    return Going(count, is_large, index.get(first[0]), index.get(last[0]), first[1], last[1])


def _has_younger(before: datetime) -> Q:
    """Of what belongs to a request or a run, all stays as long as some of it is younger."""
    younger = LedgerEvent.objects.filter(occurred_at__gte=before)
    of_request = Exists(younger.filter(request_id=OuterRef("request_id")))
    of_run = Exists(younger.filter(subject_type="run", subject_id=OuterRef("subject_id")))
    return Q(of_request) | (Q(subject_type="run") & Q(of_run))


def _estimate(before: datetime) -> int:
    """What the planner expects, from its statistics."""
    with connection.cursor() as cursor:
        cursor.execute(
            "EXPLAIN (FORMAT JSON) SELECT FROM audit_ledgerevent"
            " WHERE tenant_id = %s AND occurred_at < %s",
            [require_tenant_id(), before],
        )
        ((plan,),) = cursor.fetchall()
    return max(COUNTED, int(plan[0]["Plan"]["Plan Rows"]))
