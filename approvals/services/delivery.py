"""Sending what the outbox holds: claim and commit, send, then mark.

A claim moves `next_attempt_at` into the future, which is its lease: whoever dies in between
leaves a row that is due again, and the receiver recognises the second copy by its id. Nothing
is locked while the network is used, and a mark counts only for the claim that it belongs to.
"""

import secrets
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from itertools import zip_longest
from typing import Final
from uuid import UUID

import structlog

from approvals.audit_events import messages as events
from approvals.doors import due_callbacks, due_notifications
from approvals.enums import DeliveryStatus, NotificationKind
from approvals.models import CallbackDelivery, Notification
from approvals.services.mails import compose_mail
from approvals.services.notifications import alert_compliance
from approvals.transports.email import send_mail
from approvals.transports.failures import DeliveryFailure, PermanentFailure
from approvals.transports.webhook import Callback, send_callback
from govapp.common import clock
from govapp.common.ids import public_id
from govapp.common.sealing import unseal
from govapp.common.tenancy import tenant_transaction

log = structlog.get_logger(__name__)

_Row = Notification | CallbackDelivery
_Send = Callable[..., bool]

LEASE: Final = timedelta(minutes=2)
GRACE: Final = timedelta(seconds=3)
NOTIFICATION_DELAYS: Final = tuple(
    timedelta(seconds=seconds) for seconds in (10, 40, 160, 640, 2560, 3600, 3600)
)
CALLBACK_DELAYS: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 60, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
)
_JITTER: Final = 0.2
_ROUND_SECONDS: Final = 5.0
_TASK_SECONDS: Final = 30.0
_STILL_PENDING: Final = frozenset(
    {NotificationKind.REQUESTED, NotificationKind.REMINDER, NotificationKind.ESCALATED}
)


def send_notification(
    *, tenant_id: UUID, notification_id: UUID, grace: timedelta = timedelta(0)
) -> bool:
    """Send one message if it is due; return whether it was tried. Raises no failure."""
    with tenant_transaction(tenant_id):
        now = clock.now()
        rows = Notification.objects.select_related("member__user", "request__agent")
        row = (
            rows.select_for_update(of=("self",), skip_locked=True)
            .filter(
                pk=notification_id, status=DeliveryStatus.QUEUED, next_attempt_at__lte=now - grace
            )
            .first()
        )
        if row is None:
            return False
        if moot := _why_moot(row):
            row.status = DeliveryStatus.DROPPED
            row.save(update_fields=["status"])
            events.notification_dropped(notification=row, why=moot)
            return False
        _claim(row, now)

    def send() -> None:
        with tenant_transaction(tenant_id):
            mail = compose_mail(row)
        send_mail(mail)

    failure = _attempt(row, send, NOTIFICATION_DELAYS)
    with tenant_transaction(tenant_id):
        _settle_notification(row, failure)
    return True


def send_notifications(*, tenant_id: UUID, notification_ids: Iterable[UUID]) -> int:
    """Send those of them that are due, for half a minute at the most; return how many were tried.

    The sweep finds what is left: a slow mail server must not hold a worker until it is killed.
    """
    tried, ends = 0, time.monotonic() + _TASK_SECONDS
    for ident in notification_ids:
        if time.monotonic() >= ends:
            break
        tried += send_notification(tenant_id=tenant_id, notification_id=ident)
    return tried


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
        _claim(row, now)

    def send() -> None:
        row.response_status = send_callback(_callback(row, now), now=now)

    failure = _attempt(row, send, CALLBACK_DELAYS)
    with tenant_transaction(tenant_id):
        _settle_callback(row, failure)
    return True


def deliver_due(*, at_most: int = 100, grace: timedelta = GRACE) -> int:
    """Send what is overdue by `grace`, in all tenants, oldest first; return how many were tried.

    The sweeper's part: Celery sends first, this finds what it lost. Messages and callbacks take
    turns, and every round tries at least one of each: a mail server that answers nothing delays
    no callback. After about five seconds the round ends, so that beat's backup comes to an end.
    """
    mails: list[_Send] = [
        partial(send_notification, tenant_id=row["tenant_id"], notification_id=row["id"])
        for row in due_notifications.call(at_most)
    ]
    callbacks: list[_Send] = [
        partial(deliver_callback, tenant_id=row["tenant_id"], delivery_id=row["id"])
        for row in due_callbacks.call(at_most)
    ]
    tried, ends = 0, time.monotonic() + _ROUND_SECONDS
    for pair in zip_longest(callbacks, mails):
        if tried >= at_most or time.monotonic() >= ends:
            break
        tried += sum(_tried(send, grace) for send in pair if send is not None)
    return tried


def _tried(send: _Send, grace: timedelta) -> bool:
    try:
        return send(grace=grace)
    except Exception:
        log.exception("delivery.fault")
        return False


def _claim(row: _Row, now: datetime) -> None:
    row.attempts += 1
    row.next_attempt_at = now + LEASE
    row.save(update_fields=["attempts", "next_attempt_at"])


def _attempt(
    row: _Row, send: Callable[[], None], delays: tuple[timedelta, ...]
) -> DeliveryFailure | None:
    if row.attempts > len(delays) + 1:
        return PermanentFailure("Every attempt was cut short.")
    try:
        send()
    except DeliveryFailure as failure:
        return failure
    except Exception as error:  # a fault of ours must not leave the row due for ever
        log.exception("delivery.fault")
        return DeliveryFailure(f"A fault of ours: {type(error).__name__}.")
    return None


def _settle_notification(row: Notification, failure: DeliveryFailure | None) -> None:
    status = _settle(row, failure, NOTIFICATION_DELAYS)
    if status == DeliveryStatus.SENT:
        events.notification_sent(notification=row)
    elif status == DeliveryStatus.FAILED and failure is not None:
        events.notification_failed(notification=row, why=failure.why)
        if row.kind != NotificationKind.ALERT:
            alert_compliance(
                request=row.request,
                subject=f"A message could not be sent to {row.member}",
                text=f"{row.get_kind_display()}, given up after {row.attempts}: {failure.why}",
                dedup_key=f"notification-failed:{row.pk}",
            )


def _settle_callback(row: CallbackDelivery, failure: DeliveryFailure | None) -> None:
    if failure is not None:
        row.response_status = failure.status
    status = _settle(row, failure, CALLBACK_DELAYS)
    if status == DeliveryStatus.SENT:
        events.callback_delivered(delivery=row)
    elif status == DeliveryStatus.FAILED and failure is not None:
        events.callback_failed(delivery=row, why=failure.why)
        alert_compliance(
            request=row.request,
            subject="A callback could not be delivered",
            text=f"{row.event_type} to {row.endpoint.url}: {failure.why}",
            dedup_key=f"callback-failed:{row.pk}",
        )


def _settle(
    row: _Row, failure: DeliveryFailure | None, delays: tuple[timedelta, ...]
) -> DeliveryStatus | None:
    """Write how the claimed attempt went; None when the claim was lost to somebody else."""
    now = clock.now()
    fields: dict[str, object] = {"last_error": failure.why if failure else ""}
    if isinstance(row, CallbackDelivery):
        fields["response_status"] = row.response_status
    status = DeliveryStatus.QUEUED
    if failure is None:
        status = DeliveryStatus.SENT
        fields["sent_at"] = now
    elif isinstance(failure, PermanentFailure) or row.attempts > len(delays):
        status = DeliveryStatus.FAILED
    else:
        fields["next_attempt_at"] = now + _jittered(delays[row.attempts - 1])
    mine = {"pk": row.pk, "status": DeliveryStatus.QUEUED, "attempts": row.attempts}
    if isinstance(row, Notification):
        settled = Notification.objects.filter(**mine).update(status=status, **fields)
    else:
        settled = CallbackDelivery.objects.filter(**mine).update(status=status, **fields)
    return status if settled else None


def _jittered(delay: timedelta) -> timedelta:
    """The delay, up to a fifth longer or shorter, so that what failed together spreads out."""
    return delay * (1 + _JITTER * (secrets.randbelow(2001) / 1000 - 1))


def _why_moot(row: Notification) -> str:
    """Say why nobody needs this any more, or ""; nor does who has left hear anything."""
    if not row.member.is_active:
        return "The person is no active member any more."
    if row.kind in _STILL_PENDING and (row.request is None or not row.request.is_pending):
        return "The request has ended."
    return ""


def _callback(row: CallbackDelivery, now: datetime) -> Callback:
    endpoint = row.endpoint
    keys = [unseal(bytes(endpoint.secret_sealed)).decode()]
    until = endpoint.former_secret_until
    if endpoint.former_secret_sealed is not None and until is not None and now < until:
        keys.append(unseal(bytes(endpoint.former_secret_sealed)).decode())
    return Callback(ident=public_id("msg", row.pk), url=endpoint.url, body=row.body, secrets=keys)
