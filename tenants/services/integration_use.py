"""How integrations are used: counted by agent and hour, and held against what was usual."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from govapp.common.ids import new_id
from govapp.common.tenancy import require_tenant_id
from tenants.audit_events import integrations as events
from tenants.models import Agent, Integration, IntegrationAlert, IntegrationUse
from tenants.selectors import zone_of_tenant
from tenants.unusual import LOOKED_BACK, HourOfUse, find_unusual

_HOUR: Final = timedelta(hours=1)
# The hour that is under way, and the one before: its last minute may not have been counted.
RECOUNTED: Final = 2 * _HOUR
_COUNTED: Final = ("requests", "refused", "succeeded", "failed", "new_targets")
_Pair = tuple[UUID, UUID]


@dataclass(frozen=True)
class Counted:
    """What the requests of one agent on one integration in one hour came to."""

    agent_id: UUID
    integration_id: UUID
    hour: datetime
    requests: int
    refused: int
    succeeded: int
    failed: int
    new_targets: int


def hour_of(moment: datetime) -> datetime:
    """Return the beginning of the hour (UTC) that the moment is in."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def counted_since(now: datetime) -> datetime:
    """Return from which hour on uses are counted anew at this moment."""
    return hour_of(now) - RECOUNTED + _HOUR


def note_call(*, agent_id: UUID, integration: Integration, now: datetime) -> bool:
    """Count one opening of the integration's secret; return whether it is the hour's first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tenants_integrationuse (id, tenant_id, agent_id, integration_id, hour,"
            " requests, refused, succeeded, failed, new_targets, calls)"
            " VALUES (%s, %s, %s, %s, %s, 0, 0, 0, 0, 0, 1)"
            " ON CONFLICT (tenant_id, agent_id, integration_id, hour)"
            " DO UPDATE SET calls = tenants_integrationuse.calls + 1 RETURNING calls",
            [new_id(), require_tenant_id(), agent_id, integration.pk, hour_of(now)],
        )
        (calls,) = cursor.fetchone()
    return bool(calls == 1)


@transaction.atomic
def keep_use(counted: Iterable[Counted], *, now: datetime) -> list[IntegrationAlert]:
    """Keep what was counted anew, and return the alerts that are new.

    Each is in the record (`integration.use_unusual`). One that was found before is not again.
    """
    since = counted_since(now)
    rows = {
        (row.agent_id, row.integration_id, row.hour): row
        for row in IntegrationUse.objects.filter(hour__gte=since)
    }
    new, changed = [], []
    for each in counted:
        key = (each.agent_id, each.integration_id, each.hour)
        values = {name: getattr(each, name) for name in _COUNTED}
        row = rows.get(key)
        if row is None:
            row = rows[key] = IntegrationUse(
                agent_id=each.agent_id, integration_id=each.integration_id, hour=each.hour, **values
            )
            new.append(row)
        elif any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            changed.append(row)
    # A call may have been the hour's first meanwhile: then the row is there, and keeps its count.
    IntegrationUse.objects.bulk_create(
        new,
        update_conflicts=True,
        unique_fields=["tenant_id", "agent", "integration", "hour"],
        update_fields=list(_COUNTED),
    )
    IntegrationUse.objects.bulk_update(changed, _COUNTED)
    return _alerts(list(rows.values()), now)


def _alerts(rows: Sequence[IntegrationUse], now: datetime) -> list[IntegrationAlert]:
    if not rows:
        return []
    before, zone = _before(rows), ZoneInfo(zone_of_tenant())
    known = set(
        IntegrationAlert.objects.filter(hour__gte=min(row.hour for row in rows)).values_list(
            "agent_id", "integration_id", "hour", "kind"
        )
    )
    agents = Agent.objects.in_bulk({row.agent_id for row in rows})
    integrations = Integration.objects.in_bulk({row.integration_id for row in rows})
    found = []
    for row in sorted(rows, key=lambda each: (each.hour, each.agent_id, each.integration_id)):
        past = [
            each for each in before[row.agent_id, row.integration_id]
            if row.hour - LOOKED_BACK <= each.hour < row.hour
        ]  # fmt: skip
        for unusual in find_unusual(_as_hour(row), past, zone=zone):
            if (row.agent_id, row.integration_id, row.hour, unusual.kind) in known:
                continue
            agent, integration = agents[row.agent_id], integrations[row.integration_id]
            alert, is_new = IntegrationAlert.objects.get_or_create(
                agent=agent,
                integration=integration,
                hour=row.hour,
                kind=unusual.kind,
                defaults={
                    "text": f"{agent.name} on {integration.name}: {unusual.words}.",
                    "found_at": now,
                },
            )
            if is_new:  # two may look at the same time
                events.use_unusual(alert=alert)
                found.append(alert)
    return found


def _before(rows: Sequence[IntegrationUse]) -> Mapping[_Pair, list[HourOfUse]]:
    """What the agents of these rows did on their integrations in the weeks before."""
    found: dict[_Pair, list[HourOfUse]] = defaultdict(list)
    past = IntegrationUse.objects.filter(
        agent__in={row.agent_id for row in rows},
        integration__in={row.integration_id for row in rows},
        hour__gte=min(row.hour for row in rows) - LOOKED_BACK,
        hour__lt=max(row.hour for row in rows),
    )
    for each in past:
        found[each.agent_id, each.integration_id].append(_as_hour(each))
    return found


def _as_hour(row: IntegrationUse) -> HourOfUse:
    return HourOfUse(
        hour=row.hour,
        requests=row.requests,
        refused=row.refused,
        failed=row.failed,
        new_targets=row.new_targets,
        calls=row.calls,
    )
