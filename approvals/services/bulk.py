"""Several decisions with one press: only where the requests are of one kind and one rule.

Design: domain page, section 5: the same category, the same rule, at most low risk; each vote is
still recorded on its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from approvals.enums import Risk, Verdict, VoteChannel
from approvals.models import ActionRequest
from approvals.obligations import obligations_of
from approvals.selectors.board import Board
from approvals.services.votes import cast_vote
from govapp.common.errors import DomainError, Invalid
from tenants.models import Membership

MOST_AT_ONCE: Final = 50


@dataclass(frozen=True)
class BulkBallot:
    """One of several decisions: which request, and what of it was shown."""

    request_id: UUID
    payload_digest: str
    request_version: int
    seconds_viewed: int | None = None
    stands_for: Membership | None = None  # as in `cast_vote`


@dataclass(frozen=True)
class BulkResult:
    """What became of one of them. `refused` says why it does not count, or is empty."""

    request_id: UUID
    refused: str = ""


def why_not_together(boards: Sequence[Board]) -> str:
    """Say why these requests cannot be decided together; "" when they can."""
    requests = [board.request for board in boards]
    if not requests:
        return "Select the requests first."
    if len(requests) > MOST_AT_ONCE:
        return f"Select at most {MOST_AT_ONCE} at once."
    if not all(_is_low(request) for request in requests):
        return "Only requests of low risk can be decided together; open the others one by one."
    if any(obligations_of(request).step_up for request in requests):
        return "A rule asks for a second factor: open these one by one."
    if len({request.category_id for request in requests}) > 1:
        return "These are different kinds of action; select requests of one kind."
    rules = {tuple(each.rule_id for each in board.requirements) for board in boards}
    if len(rules) > 1:
        return "Different rules ask for these approvals; select requests of one rule."
    return ""


def vote_in_bulk(
    *, member: Membership, ballots: Sequence[BulkBallot], boards: Sequence[Board],
    verdict: Verdict, reason: str = "",
) -> list[BulkResult]:  # fmt: skip
    """Cast a vote on each of these requests, in their order; return what became of each.

    Call it outside of a transaction: each vote has its own, and one that is refused (it was
    decided meanwhile, it changed, the time is over) stops no other. Raises `Invalid` when they
    cannot be decided together, and for sending back, which needs a remark for each.
    """
    refusal = why_not_together(boards)
    if refusal or verdict == Verdict.RETURN:
        raise Invalid(refusal or "Send requests back one by one, each with its remark.")
    return [_cast(member, ballot, verdict, reason) for ballot in ballots]


def _cast(member: Membership, ballot: BulkBallot, verdict: Verdict, reason: str) -> BulkResult:
    try:
        cast_vote(
            member=member,
            request_id=ballot.request_id,
            verdict=verdict,
            payload_digest=ballot.payload_digest,
            request_version=ballot.request_version,
            reason=reason,
            channel=VoteChannel.INBOX,
            seconds_viewed=ballot.seconds_viewed,
            stands_for=ballot.stands_for,
        )
    except DomainError as refused:
        return BulkResult(ballot.request_id, refused.detail)
    return BulkResult(ballot.request_id)


def _is_low(request: ActionRequest) -> bool:
    return request.category is not None and request.category.risk == Risk.LOW
