"""How a message leaves: one function for each channel.

Each takes the claimed row and the message, outside of any transaction and with no tenant bound
(open a `tenant_transaction(row.tenant_id)` to read), and raises `failures.DeliveryFailure` when
another attempt makes sense, `PermanentFailure` when none does: then the person's next channel is
tried. What it returns is kept on the row as `content["receipt"]`, such as where a chat message
is, so that it can be changed later.
"""

from collections.abc import Callable, Mapping
from typing import Final

from approvals.enums import NotificationChannel
from approvals.messages import Message
from approvals.models import Notification
from approvals.transports import email, push, slack, teams

Receipt = Mapping[str, str] | None
Transport = Callable[[Notification, Message], Receipt]

TRANSPORTS: Final[dict[NotificationChannel, Transport]] = {
    NotificationChannel.EMAIL: email.send,
    NotificationChannel.SLACK: slack.send,
    NotificationChannel.TEAMS: teams.send,
    NotificationChannel.PUSH: push.send,
}
