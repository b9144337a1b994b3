"""Somebody takes their approval back while the request still waits."""

from datetime import datetime
from uuid import UUID

from approvals.audit_events import changes as events
from approvals.enums import Verdict, VoidedBecause
from approvals.models import ActionRequest, Vote
from approvals.selectors.board import load_board, may_take_back
from approvals.services.lifecycle import tell_whoever_waits
from approvals.services.locking import ended, lock_request
from govapp.common import clock
from govapp.common.errors import Conflict, FieldError, Invalid, NotFound
from govapp.common.writing import unit_of_work, update
from tenants.models import Membership

MOST_CHARACTERS = 2_000
COMPLETED = "A stage was completed with your approval; it can no longer be taken back."


def withdraw_vote(*, member: Membership, request_id: UUID, reason: str = "") -> ActionRequest:
    """Take back one's own approval while nothing was completed with it; return the request.

    The vote stays as a record and does not count; its voter may vote again. Denials and returns
    end a request and stay. Raises `Invalid`, `NotFound` when there is no vote of theirs, and
    `Conflict` when the request has ended or a stage was completed with it. What was approved is
    withdrawn by `services.execution.revoke_grant` while a rule holds the permission back.
    """
    reason = _checked(reason)
    with unit_of_work():
        request = lock_request(request_id)
        if not request.is_pending:
            raise Conflict(ended(request), code="already_decided")
        board = load_board(request)
        vote = next((each for each in board.votes if each.member_id == member.pk), None)
        if vote is None or vote.verdict != Verdict.APPROVE:
            raise NotFound("You have no approval on this request.")
        if not may_take_back(board, vote):
            raise Conflict(COMPLETED, code="stage_completed")
        vote.request = request
        void_vote(vote, because=VoidedBecause.WITHDRAWN, actor=member, reason=reason)
        tell_whoever_waits(request)
    return request


def void_vote(
    vote: Vote,
    *,
    because: VoidedBecause,
    actor: Membership,
    reason: str,
    now: datetime | None = None,
) -> None:
    """Let a vote count no more. The caller holds the request's lock."""
    vote.voided_at = now or clock.now()
    vote.voided_because = because
    update(vote, "voided_at", "voided_because")
    events.record_vote_voided(vote=vote, actor=actor, reason=reason, now=vote.voided_at)


def _checked(reason: str) -> str:
    reason = reason.strip()
    if len(reason) > MOST_CHARACTERS or "\0" in reason:
        detail = f"Write at most {MOST_CHARACTERS} characters."
        raise Invalid(detail, errors=[FieldError("/reason", detail)])
    return reason
