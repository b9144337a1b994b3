"""What a button pressed in Slack does: checked, done, and answered in words.

Slack signs every call with the app's secret, over the body and the time; that proves Slack, and
the workspace is checked besides. Who pressed is a member only when they have been confirmed.
"""

import hashlib
from typing import Final
from uuid import UUID

from django.core.cache import cache
from slack_sdk.signature import Clock, SignatureVerifier

from approvals.chat_presses import APPROVE, CONFIRM_ACCOUNT, DENY, Press, Reply
from approvals.doors import chat_connection_by_id
from approvals.enums import NotificationChannel, Verdict
from approvals.models import ActionRequest, ChatAccount, ChatConnection
from approvals.sensitive import for_message
from approvals.services.chat_accounts import confirm_in_chat
from approvals.services.chat_connections import SlackSecrets, open_slack
from approvals.services.chat_votes import check_ballot, read_ballot, vote_in_chat
from approvals.services.locking import ended
from govapp.common import clock
from govapp.common.errors import Conflict, DomainError, Forbidden, NotFound, Unauthenticated
from govapp.common.ids import InvalidId, parse_public_id
from govapp.common.tenancy import tenant_transaction
from tenants.models import Tenant

UNKNOWN_PERSON: Final = (
    "Govapp does not know who you are here. Ask an owner of the account to say who is who in chat."
)
NO_REASON: Final = "Say why, so that the agent's people can act on it."
_REFUSED: Final = "The signature is not valid."
# Longer than a signature is accepted for, both before and after the clock.
_REMEMBERED_SECONDS: Final = 15 * 60
_DONE: Final = {
    Verdict.APPROVE: "You approved this.",
    Verdict.DENY: "You denied this.",
    Verdict.RETURN: "You sent this back.",
}


class _DatabaseClock(Clock):
    """The one clock there is: a signature's age is not for the host to say."""

    def now(self) -> float:
        return clock.now().timestamp()


def admit_call(
    *, ident: str, body: bytes, timestamp: str, signature: str
) -> tuple[UUID, UUID, SlackSecrets]:
    """Return tenant, connection and secrets of a call that Slack signed, once.

    Raises `NotFound` for a connection that is not there, switched off, or of a suspended account,
    and `Unauthenticated` for a signature that is wrong, older than five minutes, or used before.
    """
    try:
        connection_id = parse_public_id("chat", ident)
    except InvalidId as error:
        raise NotFound(str(error)) from None
    found = chat_connection_by_id.call(connection_id)
    if not found:
        raise NotFound("There is no such connection.")
    tenant_id: UUID = found[0]["tenant_id"]
    with tenant_transaction(tenant_id):
        connection = ChatConnection.objects.filter(pk=connection_id, is_enabled=True).first()
        if connection is None or Tenant.objects.get(pk=tenant_id).is_suspended:
            raise NotFound("There is no such connection.")
        secrets = open_slack(connection)
        _verify(secrets, body, timestamp, signature)
    digest = hashlib.sha256(f"{connection_id}:{signature}".encode()).hexdigest()
    if not cache.add(f"slack-call:{digest}", 1, _REMEMBERED_SECONDS):
        raise Unauthenticated("This call was answered already.")
    return tenant_id, connection_id, secrets


def answer_press(*, tenant_id: UUID, secrets: SlackSecrets, press: Press) -> Reply:
    """Do what was pressed, and say what its person sees. Call it outside of a transaction."""
    if not secrets.team or press.team != secrets.team:
        return Reply("tell", "This workspace is not the one that is connected.")
    with tenant_transaction(tenant_id):
        try:
            if press.action == CONFIRM_ACCOUNT:
                return _confirm(press)
            if press.action in (APPROVE, DENY) or press.is_form:
                return _decide(press, _account_of(press.user))
        except DomainError as refusal:
            return _refused(press, refusal)
    return Reply("nothing")


def _verify(secrets: SlackSecrets, body: bytes, timestamp: str, signature: str) -> None:
    verifier = SignatureVerifier(secrets.signing_secret, _DatabaseClock())
    plain = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12
    try:
        is_valid = plain and signature.isascii() and verifier.is_valid(body, timestamp, signature)
    except UnicodeDecodeError:
        is_valid = False
    if not is_valid:
        raise Unauthenticated(_REFUSED)


def _account_of(address: str) -> ChatAccount:
    rows = ChatAccount.objects.select_related("member__user").filter(
        channel=NotificationChannel.SLACK, address=address, confirmed_at__isnull=False
    )
    account = rows.first()
    if account is None or not account.member.is_active:
        raise Forbidden(UNKNOWN_PERSON)
    return account


def _confirm(press: Press) -> Reply:
    account = confirm_in_chat(value=press.value, address=press.user)
    tenant = Tenant.objects.get(pk=account.tenant_id)
    return Reply("replace", f"You are {account.member} of {tenant.name}.", "Confirmed")


def _decide(press: Press, account: ChatAccount) -> Reply:
    ballot = read_ballot(press.value)
    if (ballot.verdict == Verdict.APPROVE) != (press.action == APPROVE):
        raise Forbidden("This button is not from Govapp. Nothing was decided.")
    request = check_ballot(ballot, account)
    if not request.is_pending:
        return Reply("replace", ended(request), for_message(request.summary))
    if press.action == DENY:
        return Reply("ask", heading=for_message(request.summary), value=press.value)
    if press.is_form and not press.reason.strip():
        return Reply("fault", NO_REASON)
    outcome = vote_in_chat(account=account, ballot=ballot, reason=press.reason)
    if isinstance(outcome, DomainError):
        return _refused(press, outcome, request)
    return Reply("replace", _words(ballot.verdict, outcome), for_message(outcome.summary))


def _refused(press: Press, refusal: DomainError, request: ActionRequest | None = None) -> Reply:
    if press.is_form:
        return Reply("fault", refusal.detail)
    if isinstance(refusal, Conflict) and request is not None and refusal.code != "conflict":
        return Reply("replace", refusal.detail, for_message(request.summary))
    return Reply("tell", refusal.detail)


def _words(verdict: Verdict, decided: ActionRequest) -> str:
    if decided.is_pending:
        return f"{_DONE[verdict]} More people have to agree."
    return f"{_DONE[verdict]} {ended(decided)}"
