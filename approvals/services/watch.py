"""The watchman: looks every minute for what must not exist (domain page, section 6).

Silence is only healthy when somebody has looked. What is found is kept until it is found no more,
compliance is alerted once, and `/metrics` counts it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import structlog

from approvals.audit_events import findings as events
from approvals.doors import tenants_to_watch
from approvals.models import ActionRequest, Finding
from approvals.selectors.board import load_board
from approvals.selectors.health import QUORUM_UNREACHABLE, SUBJECTS, Fault, find_faults
from approvals.services import notifications
from approvals.services.locking import try_to_lock
from approvals.services.reach_watch import look_after_integrations, renew_checks
from approvals.services.stages import secure_quorum
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction

log = structlog.get_logger(__name__)


def watch() -> list[Fault]:
    """Look at every tenant in which anything could be wrong; return all that is.

    A tenant that cannot be looked at is logged and does not hide the others. Raises
    `WatchIncomplete` at the end when there was one: then silence is not healthy.
    """
    found: list[Fault] = []
    failed = 0
    for row in tenants_to_watch.call():
        try:
            found += watch_tenant(row["tenant_id"])
        except Exception:
            failed += 1
            log.exception("watch.tenant_failed", tenant=str(row["tenant_id"]))
    for fault in found:
        log.warning("watch.found", kind=fault.kind, key=fault.key)
    if failed:
        raise WatchIncomplete(f"{failed} tenants could not be looked at.")
    return found


class WatchIncomplete(RuntimeError):
    """Some tenants could not be looked at; what was found in the others is kept."""


def watch_tenant(tenant_id: UUID) -> list[Fault]:
    """Look at one tenant, keep what is found, and alert its compliance members to what is new."""
    ended_by = renew_checks(tenant_id)
    with tenant_transaction(tenant_id):
        now = clock.now()
        look_after_integrations(now, ended_by=ended_by)
        found = list(find_faults(tenant_id, now))
        new = _keep(found, now)
        requests = ActionRequest.objects.in_bulk(
            [fault.request_id for fault in new if fault.request_id]
        )
        for alert in _alerts(new):
            notifications.alert_compliance(
                request=requests.get(alert.request_id) if alert.request_id else None,
                subject=SUBJECTS[alert.kind],
                text=alert.text,
                dedup_key=f"watch:{alert.key}",
            )
    for fault in found:
        if fault.kind == QUORUM_UNREACHABLE and fault.request_id:
            _add_fallback(tenant_id, fault.request_id)
    return found


def _alerts(new: Sequence[Fault]) -> list[Fault]:
    """Return what to alert to: of one kind the first, and how many more there are.

    When the sweepers stop, thousands of timers are late at once; one alert says it.
    """
    by_kind: dict[str, list[Fault]] = {}
    for fault in new:
        if fault.kind != QUORUM_UNREACHABLE:  # told with what was done about it
            by_kind.setdefault(fault.kind, []).append(fault)
    return [
        first if not others else replace(first, text=f"{first.text} And {len(others)} more.")
        for first, *others in by_kind.values()
    ]


def _keep(found: Sequence[Fault], now: datetime) -> list[Fault]:
    """Keep what is found, close what is found no more; return what was not known before."""
    known = {row.key: row for row in Finding.objects.filter(cleared_at=None)}
    present = {fault.key: fault for fault in found}
    Finding.objects.filter(pk__in=[known[key].pk for key in present if key in known]).update(
        last_seen_at=now
    )
    for key, row in known.items():
        if key not in present:
            row.cleared_at = now
            row.save(update_fields=["cleared_at"])
            events.finding_cleared(finding=row)
    new = [fault for key, fault in present.items() if key not in known]
    for fault in new:
        row, is_new = Finding.objects.get_or_create(
            key=fault.key,
            cleared_at=None,
            defaults={
                "kind": fault.kind,
                "text": fault.text,
                "request_id": fault.request_id,
                "found_at": now,
                "last_seen_at": now,
            },
        )
        if is_new:  # two may look at the same time
            events.finding_opened(finding=row)
    return new


def _add_fallback(tenant_id: UUID, request_id: UUID) -> None:
    """Add the fallback group and alert compliance, each once.

    In a transaction of its own, because it takes the request's lock first. A request that
    somebody holds at this moment is looked at again in the next round.
    """
    with tenant_transaction(tenant_id):
        request = try_to_lock(request_id)
        if request is not None and request.is_pending:
            secure_quorum(board=load_board(request), now=clock.now())
