"""How people want to be told, in which words, and where a message went instead."""

from collections.abc import Mapping
from typing import Any, Final

from approvals.audit_events.wording import by_channel, content
from approvals.models import ContactPreference, MessageTemplate, Notification
from audit.actors import SYSTEM, Subject
from audit.services import record
from tenants.models import Membership

_WORDS: Final = {
    "channels": "channels",
    "digest": "digest",
    "digest_at": "hour of the digest",
    "quiet_from": "start of the quiet hours",
    "quiet_until": "end of the quiet hours",
    "time_zone": "time zone",
    "wants_outcomes": "messages about outcomes",
}


def notification_rerouted(*, notification: Notification, former: Notification) -> None:
    """A message that did not get through was queued on the person's next channel."""
    member = notification.member
    about = f" about “{former.request.summary}”" if former.request else ""
    record(
        event_type="notification.rerouted",
        actor=SYSTEM,
        subject=Subject("member", member.public_id, str(member)),
        summary=(
            f"“{notification.get_kind_display()}”{about} goes to {member}"
            f" {by_channel(notification)} instead of {by_channel(former)}."
        ),
        data={
            "kind": notification.kind,
            "channel": notification.channel,
            "instead_of": former.channel,
            "dedup_key": notification.dedup_key,
        },
        request_id=notification.request_id,
        delegation=former.request.delegation_chain if former.request else (),
        personal=[content(former.request.summary, former.request)] if former.request else (),
    )


def contact_preference_changed(
    *, actor: Membership, preference: ContactPreference, before: Mapping[str, Any]
) -> None:
    """A person said how they want to be told. `before` holds what it was, without what stayed."""
    after = {name: _value(getattr(preference, name)) for name in before}
    record(
        event_type="contact_preference.changed",
        actor=actor.as_actor(),
        subject=Subject("member", actor.public_id, str(actor)),
        summary=(
            f"{actor} changed how they want to be told:"
            f" {', '.join(_WORDS[name] for name in before)}."
        ),
        data={
            "before": {name: _value(value) for name, value in before.items()},
            "after": after,
        },
    )


def outcomes_stopped(*, member: Membership) -> None:
    """A person stopped messages about outcomes with the one click of their mail program.

    Whoever holds the mail can do it, so the record does not say that it was the person.
    """
    record(
        event_type="contact_preference.outcomes_stopped",
        actor=SYSTEM,
        subject=Subject("member", member.public_id, str(member)),
        summary=f"{member} gets no more messages about outcomes: stopped from a mail's header.",
        data={},
    )


def message_template_changed(
    *, actor: Membership, template: MessageTemplate, before: Mapping[str, str]
) -> None:
    """The company's own words in the messages of one kind were changed."""
    record(
        event_type="message_template.changed",
        actor=actor.as_actor(),
        subject=Subject("message_template", template.kind, template.get_kind_display()),
        summary=f"{actor} changed the company's words in “{template.get_kind_display()}”.",
        data={
            "kind": template.kind,
            "before": dict(before),
            "after": {name: getattr(template, name) for name in before},
        },
    )


def _value(value: Any) -> Any:
    return value if isinstance(value, bool | str | list) or value is None else str(value)
