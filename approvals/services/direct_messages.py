"""A message to one person that is about no request: it takes the same way as all others."""

from approvals.enums import NotificationChannel, NotificationKind
from approvals.models import Notification
from govapp.common.queue import enqueue_on_commit
from govapp.common.writing import insert
from tenants.models import Membership


def queue_direct(
    *, member: Membership, channel: NotificationChannel, subject: str, text: str, dedup_key: str
) -> Notification:
    """Queue a message to a person on exactly this channel, and on no other when that fails."""
    row = Notification(
        member=member,
        kind=NotificationKind.ALERT,
        channel=channel,
        content={"subject": subject, "text": text, "only_here": True},
        dedup_key=dedup_key[:120],
    )
    insert(row, skip_conflicts=True)
    enqueue_on_commit(
        "approvals.send_notification", tenant_id=row.tenant_id, notification_id=row.pk
    )
    return row
