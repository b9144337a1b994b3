"""When a message cannot get through where it was sent: the person's next channel."""

from approvals.audit_events import contacts as events
from approvals.enums import NotificationChannel
from approvals.models import Notification
from approvals.routing import channel_after
from approvals.selectors.contacts import AS_IT_IS, read_wishes
from govapp.common.queue import enqueue_on_commit
from govapp.common.writing import insert


def try_next_channel(*, row: Notification) -> Notification | None:
    """Queue what was given up on the person's next channel; None when all were tried.

    Three statements. What was gathered stays gathered: the new row is due at once and, when it
    is one of several, leaves with them.
    """
    channel = next_channel(row)
    if channel is None:
        return None
    following = Notification(
        request_id=row.request_id,
        member=row.member,
        kind=row.kind,
        channel=channel,
        dedup_key=row.dedup_key,
        content={key: value for key, value in row.content.items() if key != "receipt"},
        held_for=row.held_for,
        instead_of=row,
    )
    insert(following, skip_conflicts=True)
    events.notification_rerouted(notification=following, former=row)
    enqueue_on_commit(
        "approvals.send_notification", tenant_id=row.tenant_id, notification_id=following.pk
    )
    return following


def next_channel(row: Notification) -> NotificationChannel | None:
    """Return where this message goes when it cannot get through where it is. Two statements.

    Nowhere for what was meant for this very channel, such as a test of it.
    """
    if row.content.get("only_here"):
        return None
    tried = Notification.objects.filter(
        tenant_id=row.tenant_id, member=row.member_id, dedup_key=row.dedup_key
    ).values_list("channel", flat=True)
    wishes = read_wishes([row.member_id]).get(row.member_id, AS_IT_IS)
    return channel_after(wishes, tried)
