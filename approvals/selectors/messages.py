"""What became of messages to people: of one request, and of the whole company."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from approvals.enums import DeliveryStatus, HeldFor, NotificationKind
from approvals.models import ActionRequest, MessageTemplate, Notification
from govapp.common.api.pagination import Page, Position, read_page

LOG_SIZE: Final = 50
_HELD: Final = {HeldFor.QUIET_HOURS: "quiet hours", HeldFor.DIGEST: "a digest"}
STATES: Final = {
    "sent": "Sent",
    "waiting": "Waiting",
    "failed": "Given up",
    "dropped": "No longer needed",
}
_STATUS_OF: Final = {
    "sent": DeliveryStatus.SENT,
    "waiting": DeliveryStatus.QUEUED,
    "failed": DeliveryStatus.FAILED,
    "dropped": DeliveryStatus.DROPPED,
}


@dataclass(frozen=True)
class Delivery:
    """One message as a page shows it. `next_channel` is where it went when it was given up."""

    row: Notification
    next_channel: str = ""

    @property
    def held_for(self) -> str:
        """Why it waits although nothing is wrong, in words, or ""."""
        is_waiting = self.row.status == DeliveryStatus.QUEUED
        return _HELD.get(HeldFor(self.row.held_for), "") if is_waiting else ""

    @property
    def is_tried_again(self) -> bool:
        """Whether it did not get through and is tried again."""
        return self.row.status == DeliveryStatus.QUEUED and bool(self.row.last_error)


def deliveries_of(request: ActionRequest) -> list[Delivery]:
    """Return every message about a request, oldest first. One statement."""
    rows = Notification.objects.filter(request=request).select_related("member__user")
    return with_next(list(rows.order_by("created_at", "pk")))


def message_log(after: Position | None, *, state: str = "") -> Page[Notification]:
    """Return a page of the company's messages, newest first; `state` as in `STATES`."""
    rows = _log()
    if state in _STATUS_OF:
        rows = rows.filter(status=_STATUS_OF[state])
    return read_page(rows, field="created_at", after=after, limit=LOG_SIZE)


def next_channels(rows: Sequence[Notification]) -> dict[UUID, str]:
    """Return for those that were given up which channel came next. One statement."""
    following = Notification.objects.filter(instead_of__in=[row.pk for row in rows])
    return {row.instead_of_id: row.get_channel_display() for row in following if row.instead_of_id}


def with_next(rows: Sequence[Notification]) -> list[Delivery]:
    """Return rows that are all there is, with what came after each; no statement."""
    after = {row.instead_of_id: row.get_channel_display() for row in rows if row.instead_of_id}
    return [Delivery(row, after.get(row.pk, "")) for row in rows]


def templates() -> list[tuple[NotificationKind, MessageTemplate | None]]:
    """Return each kind of message with the company's words, if there are any. One statement."""
    found = {row.kind: row for row in MessageTemplate.objects.select_related("updated_by__user")}
    return [(kind, found.get(kind.value)) for kind in NotificationKind]


def template_of(kind: NotificationKind) -> MessageTemplate | None:
    """Return the company's words in messages of this kind, if there are any."""
    return MessageTemplate.objects.filter(kind=kind).first()


def _log() -> QuerySet[Notification]:
    rows = Notification.objects.select_related("member__user", "request")
    return rows.defer("request__payload", "request__trace", "request__facts", "request__sources")
