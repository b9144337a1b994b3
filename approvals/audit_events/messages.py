"""What was sent to people and systems outside, and what could not be."""

from datetime import UTC

from approvals.audit_events.wording import by_channel, content
from approvals.models import CallbackDelivery, Notification, ReviewLink
from audit.actors import SYSTEM, Subject
from audit.services import record
from govapp.common.ids import public_id
from tenants.models import Membership


def notification_sent(*, notification: Notification) -> None:
    """A person's server took a message over. Whether it was read is not known."""
    _record_notification("notification.sent", notification, "was sent to", {})


def notification_failed(*, notification: Notification, why: str) -> None:
    """A message was given up."""
    _record_notification("notification.failed", notification, "could not be sent to", {"why": why})


def notification_dropped(*, notification: Notification, why: str) -> None:
    """A message was not sent, because nobody needed it any more."""
    _record_notification("notification.dropped", notification, "was not sent to", {"why": why})


def review_link_made(*, link: ReviewLink) -> None:
    """A person got a link of their own to one request; the token is in their message only."""
    member, request = link.member, link.request
    until = link.expires_at.astimezone(UTC)
    record(
        event_type="review_link.made",
        actor=SYSTEM,
        subject=Subject("member", member.public_id, str(member)),
        summary=(
            f"A review link to “{request.summary}” was made for {member},"
            f" valid until {until:%Y-%m-%d %H:%M} UTC."
        ),
        data={
            "link": public_id("lnk", link.pk),
            "payload_digest": link.payload_digest,
            "expires_at": until.isoformat(),
        },
        request_id=link.request_id,
        delegation=request.delegation_chain,
        personal=[content(request.summary, request)],
    )


def callback_delivered(*, delivery: CallbackDelivery) -> None:
    """An endpoint took a callback over."""
    _record_callback("callback.delivered", delivery, "was delivered to", {})


def callback_failed(*, delivery: CallbackDelivery, why: str) -> None:
    """A callback was given up."""
    _record_callback("callback.failed", delivery, "could not be delivered to", {"why": why})


def callback_dropped(*, delivery: CallbackDelivery, why: str) -> None:
    """A callback was not sent, because its endpoint takes none any more."""
    _record_callback("callback.dropped", delivery, "was not delivered to", {"why": why})


def callback_replayed(*, actor: Membership, delivery: CallbackDelivery, former: str) -> None:
    """Somebody had a callback sent once more."""
    endpoint = delivery.endpoint
    record(
        event_type="callback.replayed",
        actor=actor.as_actor(),
        subject=Subject("callback_endpoint", endpoint.public_id, endpoint.url),
        summary=(
            f"{actor} had {delivery.event_type} of “{delivery.request.summary}” sent to"
            f" {endpoint.url} once more; it was {former} before."
        ),
        data={"event_type": delivery.event_type, "former_status": former},
        request_id=delivery.request_id,
        delegation=delivery.request.delegation_chain,
        personal=[content(delivery.request.summary, delivery.request)],
    )


def _record_notification(
    event_type: str, notification: Notification, words: str, data: dict[str, str]
) -> None:
    member = notification.member
    what = notification.get_kind_display()
    request = notification.request
    about = f" about “{request.summary}”" if request else ""
    record(
        event_type=event_type,
        actor=SYSTEM,
        subject=Subject("member", member.public_id, str(member)),
        summary=f"“{what}”{about} {words} {member} {by_channel(notification)}.",
        data={
            "kind": notification.kind,
            "channel": notification.channel,
            "dedup_key": notification.dedup_key,
            "attempts": notification.attempts,
            **data,
        },
        request_id=notification.request_id,
        delegation=request.delegation_chain if request else (),
        personal=[content(request.summary, request)] if request else (),
    )


def _record_callback(
    event_type: str, delivery: CallbackDelivery, words: str, data: dict[str, str]
) -> None:
    endpoint = delivery.endpoint
    record(
        event_type=event_type,
        actor=SYSTEM,
        subject=Subject("callback_endpoint", endpoint.public_id, endpoint.url),
        summary=(
            f"{delivery.event_type} of “{delivery.request.summary}” {words} {endpoint.url}"
            f" (attempt {delivery.attempts})."
        ),
        data={
            "event_type": delivery.event_type,
            "attempts": delivery.attempts,
            "response_status": delivery.response_status,
            **data,
        },
        request_id=delivery.request_id,
        delegation=delivery.request.delegation_chain,
        personal=[content(delivery.request.summary, delivery.request)],
    )
