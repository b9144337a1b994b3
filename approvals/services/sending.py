"""Sending one person's messages: claim and commit, send, then mark.

What was held for somebody leaves together: one digest for everything that is due on a channel.
"""

import time
from collections.abc import Iterable, Sequence, Set
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import F, Q, QuerySet

from approvals.audit_events import messages as events
from approvals.enums import DeliveryStatus, HeldFor, NotificationChannel, NotificationKind
from approvals.models import Notification, Vote
from approvals.selectors.contacts import ASKING
from approvals.services.messages import compose, compose_digest
from approvals.services.notifications import alert_compliance
from approvals.services.outbox import LEASE, Outcome, judge, try_to_send
from approvals.services.rerouting import next_channel, try_next_channel
from approvals.transports import TRANSPORTS, Receipt
from approvals.transports.failures import PermanentFailure
from govapp.common import clock
from govapp.common.queue import enqueue_on_commit
from govapp.common.tenancy import tenant_transaction

NOTIFICATION_DELAYS: Final = tuple(
    timedelta(seconds=seconds) for seconds in (10, 40, 160, 640, 2560, 3600, 3600)
)
# Where the person has another channel, that one is better than hours of trying.
REROUTE_DELAYS: Final = NOTIFICATION_DELAYS[:3]
_TASK_SECONDS: Final = 30.0
_IN_A_DIGEST: Final = 50
# What one worker sends in its time, even where each message takes a tenth of a second.
_PER_HINT: Final = 250


def send_notification(
    *, tenant_id: UUID, notification_id: UUID, grace: timedelta = timedelta(0)
) -> bool:
    """Send one message if it is due, and what was held with it; return whether it was tried.

    Raises no failure.
    """
    with tenant_transaction(tenant_id):
        rows = _claim(notification_id, clock.now(), grace)
    if not rows:
        return False
    receipt: Receipt = None

    def send() -> None:
        nonlocal receipt
        with tenant_transaction(tenant_id):
            message = compose(rows[0]) if len(rows) == 1 else compose_digest(rows)
        transport = TRANSPORTS.get(NotificationChannel(rows[0].channel))
        if transport is None:
            raise PermanentFailure("Nothing is sent on this channel here.")
        receipt = transport(rows[0], message)

    attempts = min(row.attempts for row in rows)
    failure = try_to_send(send, attempts=attempts, most=len(NOTIFICATION_DELAYS) + 1)
    with tenant_transaction(tenant_id):
        delays = NOTIFICATION_DELAYS
        if failure is not None and next_channel(rows[0]) is not None:
            delays = REROUTE_DELAYS
        now = clock.now()
        outcome = judge(failure, attempts=attempts, delays=delays, now=now)
        for row in rows:
            _settle(row, outcome, receipt, now)
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


def send_notifications_of(*, tenant_id: UUID, at: datetime) -> int:
    """Send the messages that became due at this instant; return how many were tried here.

    Whoever wrote thousands of them gave one hint. What is more than one worker does in its time
    is handed on to others, a hint for so many each.
    """
    with tenant_transaction(tenant_id):
        queued = Notification.objects.filter(status=DeliveryStatus.QUEUED, next_attempt_at=at)
        idents = list(queued.order_by("pk").values_list("pk", flat=True))
        hand_on(tenant_id=tenant_id, notification_ids=idents[_PER_HINT:])
    return send_notifications(tenant_id=tenant_id, notification_ids=idents[:_PER_HINT])


def hand_on(*, tenant_id: UUID, notification_ids: Sequence[UUID]) -> None:
    """Hint at these messages, so many in each hint as one worker sends in its time."""
    for first in range(0, len(notification_ids), _PER_HINT):
        enqueue_on_commit(
            "approvals.send_notifications",
            tenant_id=tenant_id,
            notification_ids=",".join(map(str, notification_ids[first : first + _PER_HINT])),
        )


def _claim(notification_id: UUID, now: datetime, grace: timedelta) -> list[Notification]:
    """Claim the row and what was held with it; return those that somebody still needs."""
    due = _due(now - grace)
    row = due.filter(pk=notification_id).first()
    if row is None:
        return []
    rows = [row]
    if row.held_for != HeldFor.NOTHING:
        held = due.filter(member=row.member_id, channel=row.channel)
        rows = list(held.exclude(held_for=HeldFor.NOTHING).order_by("pk")[:_IN_A_DIGEST])
    needed = []
    voted, repeated = _voted_on(rows), _repeated(rows)
    for each in rows:
        if moot := _why_moot(each, voted) or repeated.get(each.pk, ""):
            each.status = DeliveryStatus.DROPPED
            each.save(update_fields=["status"])
            events.notification_dropped(notification=each, why=moot)
        else:
            each.attempts += 1
            needed.append(each)
    Notification.objects.filter(pk__in=[each.pk for each in needed]).update(
        attempts=F("attempts") + 1, next_attempt_at=now + LEASE
    )
    return needed


def _due(at: datetime) -> QuerySet[Notification]:
    rows = Notification.objects.select_related(
        "member__user", "request__agent", "request__category"
    )
    return rows.select_for_update(of=("self",), skip_locked=True).filter(
        status=DeliveryStatus.QUEUED, next_attempt_at__lte=at
    )


def _why_moot(row: Notification, voted: Set[UUID]) -> str:
    """Say why nobody needs this any more, or ""; nor does who has left hear anything."""
    if not row.member.is_active:
        return "The person is no active member any more."
    if row.kind not in ASKING:
        return ""
    if row.request is None or not row.request.is_pending:
        return "The request has ended."
    return "The person has voted meanwhile." if row.request_id in voted else ""


def _voted_on(rows: Sequence[Notification]) -> set[UUID]:
    """Return which requests the rows' person has had their say on. One statement, or none."""
    asked = [row.request_id for row in rows if row.kind in ASKING and row.request_id]
    if not asked:
        return set()
    member = rows[0].member_id
    votes = Vote.objects.filter(Q(member=member) | Q(stands_for=member), voided_at=None)
    return set(votes.filter(request__in=asked).values_list("request_id", flat=True))


def _repeated(rows: Sequence[Notification]) -> dict[UUID, str]:
    """Return which questions a later one about the same request repeats: a digest asks once."""
    latest = {row.request_id: row.pk for row in rows if row.kind in ASKING}
    return {
        row.pk: "A later message asks the same."
        for row in rows
        if row.kind in ASKING and latest[row.request_id] != row.pk
    }


def _settle(row: Notification, outcome: Outcome, receipt: Receipt, now: datetime) -> None:
    """Write how the claimed attempt went; nothing when the claim was lost to somebody else."""
    fields: dict[str, object] = {"status": outcome.status, "last_error": outcome.why}
    if outcome.status == DeliveryStatus.SENT:
        fields["sent_at"] = now
        if receipt:
            fields["content"] = {**row.content, "receipt": dict(receipt)}
    if outcome.next_attempt_at is not None:
        fields["next_attempt_at"] = outcome.next_attempt_at
    mine = Notification.objects.filter(
        pk=row.pk, status=DeliveryStatus.QUEUED, attempts=row.attempts
    )
    if not mine.update(**fields):
        return
    if outcome.status == DeliveryStatus.SENT:
        events.notification_sent(notification=row)
    elif outcome.status == DeliveryStatus.FAILED:
        _give_up(row, outcome.why)


def _give_up(row: Notification, why: str) -> None:
    """Try the person's next channel; alert compliance when there is none left."""
    events.notification_failed(notification=row, why=why)
    if try_next_channel(row=row) is None and row.kind != NotificationKind.ALERT:
        alert_compliance(
            request=row.request,
            subject=f"A message could not be sent to {row.member}",
            text=f"{row.get_kind_display()}, given up after {row.attempts}: {why}",
            dedup_key=f"notification-failed:{row.pk}",
        )
