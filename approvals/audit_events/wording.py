"""Somebody's words inside of an event: in its one sentence, and in its data."""

from typing import Final

from approvals.enums import NotificationChannel
from approvals.models import ActionRequest, Notification
from audit.actors import Actor, Content, Personal, Words

_SENTENCE: Final = 1_000  # characters
_BY: Final = {
    NotificationChannel.EMAIL: "by e-mail",
    NotificationChannel.SLACK: "in Slack",
    NotificationChannel.TEAMS: "in Microsoft Teams",
    NotificationChannel.PUSH: "to a device",
}


def content(text: str, request: ActionRequest) -> Content:
    """Return what a request says or asks for: it is erased with the request."""
    return Content(text, request.public_id)


def told(text: str, by: Actor, request: ActionRequest) -> Personal:
    """Return what somebody said of a request: a person's words, or part of the request."""
    return Words(text, by.id) if by.kind == "person" else content(text, request)


def words(text: str) -> str:
    """Return the beginning of a text for a summary; the event's data has the whole."""
    return text if len(text) <= _SENTENCE else f"{text[: _SENTENCE - 1]}…"


def by_channel(notification: Notification) -> str:
    """Say within a sentence which way a message goes: "by e-mail"."""
    return _BY[NotificationChannel(notification.channel)]
