"""Who connected which chat, who is who in it, and which browsers are told. Never a secret."""

from typing import Any
from urllib.parse import urlsplit

from approvals.models import ChatAccount, ChatConnection, PushSubscription
from audit.actors import SYSTEM, Actor, Personal, Subject
from audit.services import record
from tenants.models import Membership


def connection_changed(*, actor: Membership, connection: ChatConnection, what: str) -> None:
    """A way into chat was `created`, `changed`, `enabled`, `disabled` or `removed`."""
    where = connection.get_channel_display()
    _record_connection(
        f"chat_connection.{what}",
        actor.as_actor(),
        connection,
        f"The connection to {where} “{connection.name}” was {what} by {actor}.",
        {"is_enabled": connection.is_enabled},
    )


def connection_verified(*, connection: ChatConnection, team: str, team_name: str) -> None:
    """Slack said which workspace the token opens. What is signed elsewhere is refused."""
    _record_connection(
        "chat_connection.verified",
        SYSTEM,
        connection,
        f"Slack took the token of “{connection.name}”: it opens the workspace {team_name}.",
        {"team": team, "team_name": team_name},
    )


def account_found(*, account: ChatAccount) -> None:
    """An address of chat belongs to a member's e-mail address. Not confirmed by anybody."""
    _record_account(
        "chat_account.found",
        SYSTEM,
        account,
        f"{account.address} in {account.get_channel_display()} has the address of"
        f" {account.member}; this waits to be confirmed.",
    )


def account_entered(*, account: ChatAccount, actor: Membership) -> None:
    """An owner said who somebody is in chat. It counts when they confirm it themselves."""
    _record_account(
        "chat_account.entered",
        actor.as_actor(),
        account,
        f"{actor} said that {account.address} in {account.get_channel_display()} is"
        f" {account.member}; this waits to be confirmed.",
    )


def account_confirmed(*, account: ChatAccount, how: str) -> None:
    """A member is who an address of chat says: by their word here, or by a button there."""
    where = account.get_channel_display()
    place = f" in {where}" if how == "in_chat" else ""
    _record_account(
        "chat_account.confirmed",
        account.member.as_actor(),
        account,
        f"{account.member} confirmed{place} that {account.address} in {where} is {account.member}.",
        how=how,
    )


def account_removed(*, account: ChatAccount, actor: Actor) -> None:
    """A member is told nothing, and decides nothing, under this address any more."""
    _record_account(
        "chat_account.removed",
        actor,
        account,
        f"{account.address} in {account.get_channel_display()} is {account.member} no longer.",
    )


def push_subscribed(*, subscription: PushSubscription) -> None:
    """A member wants to be told in this browser."""
    member = subscription.member
    _record_push(
        "push.subscribed",
        member.as_actor(),
        subscription,
        f"{member} is told on a device: {subscription.device}.",
    )


def push_unsubscribed(*, subscription: PushSubscription, actor: Actor, why: str) -> None:
    """A browser is told nothing any more. `why`: removed, replaced or gone."""
    _record_push(
        "push.unsubscribed",
        actor,
        subscription,
        f"{subscription.member} is told on a device no longer: {subscription.device} ({why}).",
        why=why,
    )


def _record_connection(
    event_type: str, actor: Actor, connection: ChatConnection, summary: str, data: dict[str, Any]
) -> None:
    record(
        event_type=event_type,
        actor=actor,
        subject=Subject("chat_connection", connection.public_id, connection.name),
        summary=summary,
        data={"channel": connection.channel, "name": connection.name, **data},
    )


def _record_account(
    event_type: str, actor: Actor, account: ChatAccount, summary: str, **data: str
) -> None:
    member = account.member
    record(
        event_type=event_type,
        actor=actor,
        subject=Subject("member", member.public_id, str(member)),
        summary=summary,
        data={
            "channel": account.channel,
            "address": Personal(account.address, member.public_id),
            **data,
        },
    )


def _record_push(
    event_type: str, actor: Actor, subscription: PushSubscription, summary: str, **data: str
) -> None:
    # The whole address would let others send to the browser: its host is enough to know it by.
    member = subscription.member
    record(
        event_type=event_type,
        actor=actor,
        subject=Subject("member", member.public_id, str(member)),
        summary=summary,
        data={
            "device": Personal(subscription.device, member.public_id),
            "service": urlsplit(subscription.endpoint).hostname or "",
            **data,
        },
    )
