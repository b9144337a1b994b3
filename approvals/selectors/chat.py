"""Who can be reached where: chat connections, accounts, and devices."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from approvals.enums import NotificationChannel
from approvals.models import ChatAccount, ChatConnection, PushSubscription
from govapp.common.errors import NotFound
from govapp.common.ids import InvalidId, parse_public_id
from tenants.models import Membership
from tenants.selectors import active_members

_NOBODY: Final = "There is no such account here."


@dataclass(frozen=True)
class ChatTarget:
    """Where a message for one person goes."""

    connection: ChatConnection
    account: ChatAccount


@dataclass(frozen=True)
class WhoIsWho:
    """One member, with what they are called in each chat."""

    member: Membership
    slack: ChatAccount | None
    teams: ChatAccount | None


def chat_target(member: Membership, channel: NotificationChannel) -> ChatTarget:
    """Return where to reach a member in a chat. Two statements.

    Raises `NotFound`, and says why, when they cannot be: another attempt would not help.
    """
    connection = ChatConnection.objects.filter(channel=channel, is_enabled=True).first()
    name = channel.label
    if connection is None:
        raise NotFound(f"{name} is not connected.")
    account = ChatAccount.objects.filter(
        member=member, channel=channel, confirmed_at__isnull=False
    ).first()
    if account is None:
        raise NotFound(f"Nobody confirmed who this person is in {name}.")
    return ChatTarget(connection, account)


def connections() -> dict[str, ChatConnection]:
    """Return the connections by channel. One statement."""
    rows = ChatConnection.objects.select_related("created_by__user")
    return {row.channel: row for row in rows}


def who_is_who() -> list[WhoIsWho]:
    """Return every active member with their accounts, by name. Two statements."""
    accounts: dict[UUID, dict[str, ChatAccount]] = defaultdict(dict)
    for account in ChatAccount.objects.all():
        accounts[account.member_id][account.channel] = account
    return [
        WhoIsWho(
            member,
            accounts[member.pk].get(NotificationChannel.SLACK),
            accounts[member.pk].get(NotificationChannel.TEAMS),
        )
        for member in active_members()
    ]


def accounts_of(member: Membership) -> QuerySet[ChatAccount]:
    """Return what this member is called in chat. One statement."""
    return ChatAccount.objects.filter(member=member).order_by("channel")


def get_account(public_id: str) -> ChatAccount:
    """Return an account by its public id; raise `NotFound`."""
    try:
        ident = parse_public_id("chac", public_id)
    except InvalidId as error:
        raise NotFound(str(error)) from None
    found = ChatAccount.objects.select_related("member__user").filter(pk=ident).first()
    if found is None:
        raise NotFound(_NOBODY)
    return found


def devices_of(member: Membership) -> QuerySet[PushSubscription]:
    """Return the browsers in which this member is told, oldest first. One statement."""
    return PushSubscription.objects.filter(member=member).order_by("created_at", "pk")


def get_device(member: Membership, public_id: str) -> PushSubscription:
    """Return one of this member's browsers; raise `NotFound`, also for somebody else's."""
    try:
        ident = parse_public_id("push", public_id)
    except InvalidId as error:
        raise NotFound(str(error)) from None
    found = devices_of(member).select_related("member__user").filter(pk=ident).first()
    if found is None:
        raise NotFound("There is no such device here.")
    return found
