"""Deciding in Slack: the same vote as by a link, where no login is asked for.

A button carries what it decides, signed: the request, whom it was sent to, and the digest and
version of what the message showed. It works only where the whole payload stood in the message.
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.core import signing

from approvals.enums import Verdict, VoteChannel
from approvals.guarding import shown_payload
from approvals.messages import Fact
from approvals.models import ActionRequest, ChatAccount
from approvals.selectors.approvers import standing_of
from approvals.selectors.payload_brief import brief_payload
from approvals.selectors.payload_shown import find_all_hidden
from approvals.services.links import votes_without_login
from approvals.services.locking import lock_request
from approvals.services.votes import cast_vote
from govapp.common.errors import DomainError, Forbidden, NotFound, Stale
from tenants.models import Membership, Tenant

NOT_YOURS: Final = "These buttons were for somebody else. Nothing was decided."
UNREADABLE: Final = "This button is not from Govapp. Nothing was decided."
LOG_IN: Final = "This cannot be decided in Slack any more; open it in Govapp."
_SALT: Final = "approvals.chat_votes"


@dataclass(frozen=True)
class ChatBallot:
    """What the two buttons of one message carry, and the payload that has to stand above them."""

    approve: str
    deny: str
    payload: tuple[Fact, ...]


@dataclass(frozen=True)
class PressedBallot:
    """What a pressed button carried."""

    request_id: UUID
    member_id: UUID
    verdict: Verdict
    payload_digest: str
    request_version: int


def chat_ballot(request: ActionRequest, member: Membership) -> ChatBallot | None:
    """Return the buttons for this person, or None where the message only leads to the page.

    That is: unless low risk may be decided without a login, the person may vote now in one name
    only, and the whole payload can be read in the message, with nothing hidden in it.
    """
    if not request.is_pending or not _is_open_to_chat(request):
        return None
    # Where there is a choice, in whose name has to be said on the page.
    if len(standing_of(request, member).words) != 1:
        return None
    display = request.category.display if request.category else {}
    brief = brief_payload(shown_payload(request.payload, request.trace), display)
    if not brief.is_whole or find_all_hidden([request.payload, request.summary, request.reason]):
        return None
    return ChatBallot(
        approve=_sign(request, member, Verdict.APPROVE),
        deny=_sign(request, member, Verdict.DENY),
        payload=tuple(Fact(each.term, each.value) for each in brief.fields),
    )


def read_ballot(value: str) -> PressedBallot:
    """Return what a button carried. Raises `Forbidden`."""
    try:
        kept = signing.loads(value, salt=_SALT)
    except signing.BadSignature as error:
        raise Forbidden(UNREADABLE) from error
    return PressedBallot(
        request_id=UUID(kept["request"]),
        member_id=UUID(kept["member"]),
        verdict=Verdict(kept["verdict"]),
        payload_digest=kept["digest"],
        request_version=kept["version"],
    )


def check_ballot(ballot: PressedBallot, account: ChatAccount) -> ActionRequest:
    """Return the request that this person's button is about, before a reason is asked for.

    Raises `Forbidden`, `NotFound` and `Stale`.
    """
    if ballot.member_id != account.member_id:
        raise Forbidden(NOT_YOURS)
    rows = ActionRequest.objects.select_related("category", "agent__owner__user")
    request = rows.filter(pk=ballot.request_id).first()
    if request is None:
        raise NotFound("There is no such request.")
    if request.is_pending:
        if ballot.payload_digest != request.payload_digest:
            raise Stale("This has changed since the message was sent; open it in Govapp.")
        if not _is_open_to_chat(request):
            raise Forbidden(LOG_IN)
    return request


def vote_in_chat(
    *, account: ChatAccount, ballot: PressedBallot, reason: str = ""
) -> ActionRequest | DomainError:
    """Cast the vote of the account's person. The caller has a transaction open.

    A refusal is returned and not raised, so that the record of a refused vote is committed.
    """
    try:
        lock_request(ballot.request_id)
        check_ballot(ballot, account)
        return cast_vote(
            member=account.member,
            request_id=ballot.request_id,
            verdict=ballot.verdict,
            payload_digest=ballot.payload_digest,
            request_version=ballot.request_version,
            reason=reason,
            channel=VoteChannel.SLACK,
        )
    except DomainError as refusal:
        return refusal


def _is_open_to_chat(request: ActionRequest) -> bool:
    return votes_without_login(Tenant.objects.get(pk=request.tenant_id), request)


def _sign(request: ActionRequest, member: Membership, verdict: Verdict) -> str:
    kept: dict[str, Any] = {
        "request": str(request.pk),
        "member": str(member.pk),
        "verdict": verdict.value,
        "digest": request.payload_digest,
        "version": request.version,
    }
    return signing.dumps(kept, salt=_SALT)
