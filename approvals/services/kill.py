"""What follows from a thrown kill switch: what it cancels, in batches, by whoever comes by.

The switch is the work: as long as it is not settled, the sweep finds it. A task is only the hint.
"""

from typing import Final
from uuid import UUID

import structlog

from approvals.enums import RequestStatus
from approvals.selectors.kill import pending_in
from approvals.services.lifecycle import move
from approvals.services.locking import try_to_lock
from govapp.common import clock
from govapp.common.queue import enqueue_on_commit
from govapp.common.tenancy import tenant_transaction
from govapp.common.writing import unit_of_work
from tenants.doors import unsettled_kill_switches
from tenants.enums import KillPending
from tenants.models import KillSwitch
from tenants.services.kill import note_cancelled

log = structlog.get_logger(__name__)

BATCH: Final = 50


def follow_throw(switch: KillSwitch) -> None:
    """Have cancelled what the switch cancels, after its transaction."""
    if switch.pending == KillPending.CANCEL:
        enqueue_on_commit(
            "approvals.cancel_killed", tenant_id=switch.tenant_id, switch_id=switch.pk
        )


def cancel_killed(*, tenant_id: UUID, switch_id: UUID) -> int:
    """Cancel what waits within the scope of a switch; return how much that was.

    Each request in a transaction of its own: what several of them hold in the budgets is never
    locked together, in an order that nobody else keeps. What somebody else holds at this moment is
    left for the next round. Nothing new comes in, for submissions within the scope are refused
    since the switch was thrown.
    """
    cancelled = 0
    passed: list[UUID] = []
    while True:
        with tenant_transaction(tenant_id):
            switch = _lock_unsettled(switch_id)
            if switch is None:
                return cancelled
            due = pending_in(switch).filter(submitted_at__lte=switch.thrown_at)
            rows = due.exclude(pk__in=passed).order_by("submitted_at", "pk")
            batch = list(rows.values_list("pk", flat=True)[:BATCH])
            if not batch:
                note_cancelled(switch=switch, number=0, is_all=not passed)
                return cancelled
        for request_id in batch:
            with tenant_transaction(tenant_id):
                switch = _lock_unsettled(switch_id)
                if switch is None:
                    return cancelled
                number = _cancel(switch, request_id)
                if number is None:
                    passed.append(request_id)
                elif number:
                    note_cancelled(switch=switch, number=number, is_all=False)
            cancelled += number or 0


def sweep(*, at_most: int = 500) -> int:
    """Go on with what switches cancel, in all tenants; return how many requests that was."""
    cancelled = 0
    for row in unsettled_kill_switches.call(at_most):
        try:
            cancelled += cancel_killed(tenant_id=row["tenant_id"], switch_id=row["id"])
        except Exception:
            log.exception("kill.cancelling_failed", switch=str(row["id"]))
    return cancelled


def _lock_unsettled(switch_id: UUID) -> KillSwitch | None:
    rows = KillSwitch.objects.select_for_update(of=("self",), skip_locked=True)
    return (
        rows.select_related("thrown_by__user", "agent")
        .filter(pk=switch_id, settled_at=None, is_drill=False, pending=KillPending.CANCEL)
        .first()
    )


def _cancel(switch: KillSwitch, request_id: UUID) -> int | None:
    """Cancel it if it still waits; return how many that were, None when somebody holds it."""
    with unit_of_work():
        request = try_to_lock(request_id)
        if request is None:
            return None
        if not request.is_pending:
            return 0
        move(
            request=request,
            to=RequestStatus.CANCELLED,
            actor=switch.thrown_by.as_actor(),
            reason=f"The kill switch for {switch.what} was thrown: {switch.reason}",
            now=clock.now(),
        )
        return 1
