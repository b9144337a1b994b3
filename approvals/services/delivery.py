"""Sending what the outboxes hold: callbacks here, people's messages in `sending.py`."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import zip_longest
from typing import Any, Final
from uuid import UUID

import structlog

from approvals.audit_events import messages as events
from approvals.doors import due_callbacks, due_notifications
from approvals.enums import DeliveryStatus
from approvals.models import CallbackDelivery
from approvals.services.notifications import alert_compliance
from approvals.services.outbox import LEASE, judge, try_to_send
from approvals.services.sending import hand_on, send_notification
from approvals.transports.failures import DeliveryFailure
from approvals.transports.webhook import Callback, send_callback
from govapp.common import clock
from govapp.common.ids import public_id
from govapp.common.sealing import unseal
from govapp.common.tenancy import tenant_transaction
from govapp.common.unavailable import drop_lost_connections, is_away

log = structlog.get_logger(__name__)

_Send = Callable[..., bool]

GRACE: Final = timedelta(seconds=3)
CALLBACK_DELAYS: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 60, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
)
_ROUND_SECONDS: Final = 5.0
# By then the workers have done with the hints before, or there are none.
_HINTS_EVERY_SECONDS: Final = 60.0


@dataclass
class _Hints:
    """When this process may hint again at what its rounds leave over."""

    next_at: float = 0.0


_hints = _Hints()


def deliver_callback(
    *, tenant_id: UUID, delivery_id: UUID, grace: timedelta = timedelta(0)
) -> bool:
    """Deliver one callback if it is due; return whether it was tried. Never raises a failure."""
    with tenant_transaction(tenant_id):
        now = clock.now()
        rows = CallbackDelivery.objects.select_related("endpoint", "request")
        row = (
            rows.select_for_update(of=("self",), skip_locked=True)
            .filter(pk=delivery_id, status=DeliveryStatus.QUEUED, next_attempt_at__lte=now - grace)
            .first()
        )
        if row is None:
            return False
        if not row.endpoint.is_enabled:
            row.status = DeliveryStatus.DROPPED
            row.save(update_fields=["status"])
            events.callback_dropped(delivery=row, why="The endpoint is switched off.")
            return False
        row.attempts += 1
        row.next_attempt_at = now + LEASE
        row.save(update_fields=["attempts", "next_attempt_at"])

    def send() -> None:
        row.response_status = send_callback(_callback(row, now), now=now)

    failure = try_to_send(send, attempts=row.attempts, most=len(CALLBACK_DELAYS) + 1)
    with tenant_transaction(tenant_id):
        _settle_callback(row, failure)
    return True


def deliver_due(*, at_most: int = 100, grace: timedelta = GRACE) -> int:
    """Send what is overdue by `grace`, in all tenants, oldest first; return how many were tried.

    The sweeper's part: Celery sends first, this finds what it lost. Messages and callbacks take
    turns, and every round tries at least one of each: a mail server that answers nothing delays
    no callback. After about five seconds the round ends, so that beat's backup comes to an end;
    the messages that it leaves over are handed to the workers.
    """
    due = due_notifications.call(at_most)
    mails: list[_Send] = [
        partial(send_notification, tenant_id=row["tenant_id"], notification_id=row["id"])
        for row in due
    ]
    callbacks: list[_Send] = [
        partial(deliver_callback, tenant_id=row["tenant_id"], delivery_id=row["id"])
        for row in due_callbacks.call(at_most)
    ]
    tried, ends = 0, time.monotonic() + _ROUND_SECONDS
    for place, pair in enumerate(zip_longest(callbacks, mails)):
        if tried >= at_most or time.monotonic() >= ends:
            _hand_on(due[place:])
            break
        tried += sum(_tried(send, grace) for send in pair if send is not None)
    return tried


def _hand_on(left: Sequence[Mapping[str, Any]]) -> None:
    """Let several send what one does not come to, without piling up hints that nobody takes."""
    if not left or time.monotonic() < _hints.next_at:
        return
    _hints.next_at = time.monotonic() + _HINTS_EVERY_SECONDS
    by_tenant: dict[UUID, list[UUID]] = {}
    for row in left:
        by_tenant.setdefault(row["tenant_id"], []).append(row["id"])
    for tenant_id, idents in by_tenant.items():
        hand_on(tenant_id=tenant_id, notification_ids=idents)


def _tried(send: _Send, grace: timedelta) -> bool:
    try:
        return send(grace=grace)
    except Exception as error:
        if is_away(error):
            log.warning("delivery.database_away", error=type(error).__name__)
            drop_lost_connections()  # or all that is due would fail after this one
        else:
            log.exception("delivery.fault")
        return False


def _settle_callback(row: CallbackDelivery, failure: DeliveryFailure | None) -> None:
    """Write how the claimed attempt went; nothing when the claim was lost to somebody else."""
    now = clock.now()
    outcome = judge(failure, attempts=row.attempts, delays=CALLBACK_DELAYS, now=now)
    if failure is not None:
        row.response_status = failure.status
    fields: dict[str, object] = {
        "status": outcome.status,
        "last_error": outcome.why,
        "response_status": row.response_status,
    }
    if outcome.status == DeliveryStatus.SENT:
        fields["sent_at"] = now
    if outcome.next_attempt_at is not None:
        fields["next_attempt_at"] = outcome.next_attempt_at
    mine = CallbackDelivery.objects.filter(
        pk=row.pk, status=DeliveryStatus.QUEUED, attempts=row.attempts
    )
    if not mine.update(**fields):
        return
    if outcome.status == DeliveryStatus.SENT:
        events.callback_delivered(delivery=row)
    elif outcome.status == DeliveryStatus.FAILED:
        events.callback_failed(delivery=row, why=outcome.why)
        alert_compliance(
            request=row.request,
            subject="A callback could not be delivered",
            text=f"{row.event_type} to {row.endpoint.url}: {outcome.why}",
            dedup_key=f"callback-failed:{row.pk}",
        )


def _callback(row: CallbackDelivery, now: datetime) -> Callback:
    endpoint = row.endpoint
    keys = [unseal(bytes(endpoint.secret_sealed)).decode()]
    until = endpoint.former_secret_until
    if endpoint.former_secret_sealed is not None and until is not None and now < until:
        keys.append(unseal(bytes(endpoint.former_secret_sealed)).decode())
    return Callback(ident=public_id("msg", row.pk), url=endpoint.url, body=row.body, secrets=keys)
