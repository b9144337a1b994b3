"""Asking Slack: which workspace a token opens, and who has a member's e-mail address.

Called by tasks, in no transaction: what Slack says is written afterwards, each in one of its own.
"""

from typing import Final
from uuid import UUID

from approvals.models import ChatAccount, ChatConnection
from approvals.services.chat_accounts import keep_found, sign_question
from approvals.services.chat_connections import (
    SLACK,
    SlackSecrets,
    find_connection,
    note_error,
    note_team,
    open_slack,
)
from approvals.transports.failures import DeliveryFailure, PermanentFailure
from approvals.transports.slack import call
from approvals.transports.slack_blocks import account_blocks
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership, Tenant
from tenants.selectors import active_members

# Slack allows about fifty look-ups a minute; the next press of the button goes on.
AT_MOST: Final = 40
_NOBODY: Final = "users_not_found"


def check_connection(*, tenant_id: UUID, connection_id: UUID) -> None:
    """Ask Slack which workspace the token opens, and keep the answer or what was wrong."""
    with tenant_transaction(tenant_id):
        connection = ChatConnection.objects.filter(pk=connection_id).first()
        secrets = open_slack(connection) if connection else None
    if secrets is None:
        return
    try:
        said = call(secrets, "auth.test")
    except DeliveryFailure as failure:
        with tenant_transaction(tenant_id):
            note_error(connection_id=connection_id, error=failure.why)
        return
    with tenant_transaction(tenant_id):
        note_team(
            connection_id=connection_id,
            asked_with=secrets.bot_token,
            team=str(said.get("team_id", "")),
            team_name=str(said.get("team", "")),
        )


def find_accounts(*, tenant_id: UUID) -> int:
    """Look members up by e-mail address and ask those found; return how many were asked.

    Whoever was found before and has not confirmed is asked again.
    """
    with tenant_transaction(tenant_id):
        connection = find_connection(SLACK)
        if connection is None or not connection.is_enabled:
            return 0
        secrets, company = open_slack(connection), Tenant.objects.get(pk=tenant_id).name
        waiting = list(_unconfirmed())
        known = ChatAccount.objects.filter(channel=SLACK).values("member_id")
        members = list(active_members().exclude(pk__in=known)[:AT_MOST])
    asked = 0
    try:
        for account in waiting:
            asked += _ask(secrets, company, account)
        for member in members:
            account_found = _find(secrets, member)
            if account_found is not None:
                asked += _ask(secrets, company, account_found)
    except DeliveryFailure as failure:  # later, when the button is pressed again
        with tenant_transaction(tenant_id):
            note_error(connection_id=connection.pk, error=failure.why)
    return asked


def _unconfirmed() -> list[ChatAccount]:
    rows = ChatAccount.objects.filter(channel=SLACK, confirmed_at=None)
    return list(rows.select_related("member__user").order_by("created_at")[:AT_MOST])


def _find(secrets: SlackSecrets, member: Membership) -> ChatAccount | None:
    try:
        said = call(secrets, "users.lookupByEmail", as_form=True, email=member.user.email)
    except PermanentFailure as failure:
        if _NOBODY in failure.why:
            return None
        raise
    user = said.get("user") or {}
    if user.get("deleted") or user.get("is_bot") or not user.get("id"):
        return None
    with tenant_transaction(member.tenant_id):
        return keep_found(member=member, address=str(user["id"])[:200])


def _ask(secrets: SlackSecrets, company: str, account: ChatAccount) -> bool:
    try:
        call(
            secrets,
            "chat.postMessage",
            channel=account.address,
            text="Are you this person?",
            blocks=account_blocks(company, str(account.member), sign_question(account)),
        )
    except PermanentFailure:
        return False  # one person who cannot be written to
    return True
