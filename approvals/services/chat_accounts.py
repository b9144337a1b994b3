"""Who is who in chat. Nobody is told, and nobody decides, under an address not confirmed."""

import re
from typing import Final
from uuid import UUID

from django.core import signing
from django.db import IntegrityError, transaction

from approvals.audit_events import chat as events
from approvals.enums import NotificationChannel
from approvals.models import ChatAccount
from approvals.services.direct_messages import queue_direct
from govapp.common import clock
from govapp.common.errors import Conflict, FieldError, Forbidden, Invalid
from govapp.common.queue import enqueue_on_commit
from govapp.common.tenancy import require_tenant_id
from tenants.models import Membership
from tenants.rules import may_change_settings, require

NOT_OWNER: Final = "Only owners say who is who in chat."
NOT_YOURS: Final = "This question was for somebody else."
NOT_THEM: Final = "Only the person themselves says that this is them."
_SALT: Final = "approvals.chat_accounts"
_FORMS: Final = {
    NotificationChannel.SLACK: (
        re.compile(r"[UW][A-Z0-9]{2,30}"),
        "Write the member ID of Slack, such as U024BE7LH.",
    ),
    NotificationChannel.TEAMS: (
        re.compile(r"[^\s@<>]{1,100}@[^\s@<>]{1,99}"),
        "Write the address with which they log in to Teams.",
    ),
}


def ask_for_accounts(*, actor: Membership) -> None:
    """Look everybody up in Slack by their e-mail address, afterwards, and ask those found."""
    require(may_change_settings(actor), NOT_OWNER)
    enqueue_on_commit("approvals.find_chat_accounts", tenant_id=require_tenant_id())


@transaction.atomic
def keep_found(*, member: Membership, address: str) -> ChatAccount | None:
    """Keep whom Slack has under the member's e-mail address; None when somebody has it already."""
    if ChatAccount.objects.filter(channel=NotificationChannel.SLACK, address=address).exists():
        return None
    account, is_new = ChatAccount.objects.get_or_create(
        member=member, channel=NotificationChannel.SLACK, defaults={"address": address}
    )
    if is_new:
        events.account_found(account=account)
    return account if is_new else None


@transaction.atomic
def enter_account(
    *, actor: Membership, member: Membership, channel: NotificationChannel, address: str
) -> ChatAccount:
    """Say who somebody is in chat. It counts for nothing until they confirm it, and they are told.

    An owner's word would not do: whoever holds the address may vote with it.
    Raises `Forbidden` (needs `owner`) and `Invalid` (its form, or it belongs to somebody else).
    """
    require(may_change_settings(actor), NOT_OWNER)
    form, words = _FORMS[channel]
    address = address.strip()
    if channel == NotificationChannel.TEAMS:
        address = address.lower()
    if not form.fullmatch(address):
        raise Invalid(words, errors=[FieldError("/address", words)])
    account = ChatAccount.objects.filter(member=member, channel=channel).first() or ChatAccount(
        member=member, channel=channel
    )
    account.address, account.confirmed_at = address, None
    try:
        with transaction.atomic():
            account.save()
    except IntegrityError as error:
        taken = "Somebody else has this address already."
        raise Invalid(taken, errors=[FieldError("/address", taken)]) from error
    events.account_entered(account=account, actor=actor)
    if member.pk == actor.pk:
        return _confirmed(account, how="by_themselves")
    _ask_on_page(actor, account)
    return account


@transaction.atomic
def confirm_account(*, actor: Membership, account: ChatAccount) -> ChatAccount:
    """Say, logged in, that this address is oneself. Raises `Forbidden` for anybody else."""
    require(account.member_id == actor.pk, NOT_THEM)
    return _confirmed(account, how="by_themselves") if account.confirmed_at is None else account


@transaction.atomic
def remove_account(*, actor: Membership, account: ChatAccount) -> None:
    """Forget who somebody is in chat: themselves, or an owner. Raises `Forbidden`."""
    require(account.member_id == actor.pk or may_change_settings(actor), NOT_OWNER)
    events.account_removed(account=account, actor=actor.as_actor())
    account.delete()


def sign_question(account: ChatAccount) -> str:
    """Return what the button “This is me” carries."""
    return signing.dumps({"account": str(account.pk), "address": account.address}, salt=_SALT)


@transaction.atomic
def confirm_in_chat(*, value: str, address: str) -> ChatAccount:
    """Confirm an account by the button that was sent to it.

    Raises `Forbidden` for another person's button, and `Conflict` when it is not asked any more.
    """
    try:
        asked = signing.loads(value, salt=_SALT)
    except signing.BadSignature as error:
        raise Forbidden(NOT_YOURS) from error
    if asked["address"] != address:
        raise Forbidden(NOT_YOURS)
    rows = ChatAccount.objects.select_for_update(of=("self",)).select_related("member__user")
    account = rows.filter(pk=UUID(asked["account"]), address=address).first()
    if account is None or not account.member.is_active:
        raise Conflict("Nobody asks this any more.")
    return _confirmed(account, how="in_chat") if account.confirmed_at is None else account


def _confirmed(account: ChatAccount, *, how: str) -> ChatAccount:
    account.confirmed_at = clock.now()
    account.save(update_fields=["confirmed_at"])
    events.account_confirmed(account=account, how=how)
    return account


def _ask_on_page(actor: Membership, account: ChatAccount) -> None:
    where = account.get_channel_display()
    queue_direct(
        member=account.member,
        channel=NotificationChannel.EMAIL,
        subject=f"Are you {account.address} in {where}?",
        text=(
            f"{actor} says that {account.address} in {where} is you. If it is, confirm it on the"
            " page “Devices and chat”; then you can be asked for decisions there. If it is not,"
            " remove it on the same page and tell your security people. Until you confirm it, it"
            " counts for nothing."
        ),
        dedup_key=f"chat-account:{account.pk}:{clock.now().isoformat()}",
    )
