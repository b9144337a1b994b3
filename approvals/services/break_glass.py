"""One person approves alone, in an emergency: with a right of its own, a reason, a second factor.

It is an approval past the rules, so it is loud: it is marked wherever the request is shown,
everybody concerned is told, and somebody else has to review it (domain page, section 5).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from approvals.audit_events import break_glass as events
from approvals.enums import RequestStatus, Verdict, VoidedBecause, VoteChannel
from approvals.killing import refuse_while_stopped
from approvals.models import ActionRequest, Vote
from approvals.rules import is_due
from approvals.selectors.approvers import missing_on
from approvals.selectors.board import Board, load_board
from approvals.selectors.reviews import break_glass_rights, why_not_alone
from approvals.services.lifecycle import move
from approvals.services.locking import ended, lock_request
from approvals.services.reviews import arm_review, open_review
from approvals.services.step_up import BREAK_GLASS, bound_to
from approvals.services.withdrawals import void_vote
from govapp.common import clock
from govapp.common.errors import Conflict, DomainError, FieldError, Forbidden, Invalid, Stale
from govapp.common.writing import insert, unit_of_work, update
from tenants.models import Membership
from tenants.services.second_factor import CodeRefused, Proof, spend_proof

LEAST_REASON: Final = 20
MOST_REASON: Final = 4_000
_REPLACED: Final = "replaced by an approval alone, in an emergency"


@dataclass(frozen=True)
class _Act:
    """What the person sent, with what they had seen."""

    reason: str
    proof: Proof | None
    payload_digest: str
    request_version: int
    seconds_viewed: int | None


def break_glass(
    *,
    member: Membership,
    request_id: UUID,
    reason: str,
    proof: Proof | None,
    payload_digest: str,
    request_version: int,
    seconds_viewed: int | None = None,
) -> ActionRequest:
    """Approve a pending request alone, and return it.

    Whoever has the right on its category and is not on the agent's side; a vote that they cast
    before is replaced by this one. Raises `Invalid` (a reason of fewer than 20 characters),
    `CodeRefused`, `NotFound`, `Forbidden` (why, in words), `Stale` (it changed while they were
    reading) and `Conflict` (it has ended, a kill switch holds it, or the deadline has passed). A
    refusal is recorded.
    """
    act = _Act(reason.strip(), proof, payload_digest, request_version, seconds_viewed)
    _check_reason(act.reason)
    try:
        with unit_of_work():
            return _approve(member.pk, request_id, act)
    except (Forbidden, Stale, Conflict, CodeRefused) as refusal:
        _record_refusal(member, request_id, refusal)
        raise


def _approve(member_id: UUID, request_id: UUID, act: _Act) -> ActionRequest:
    request = lock_request(request_id)
    if not request.is_pending:
        raise Conflict(ended(request), code="already_decided")
    refuse_while_stopped(request)
    board = load_board(request)
    now = board.read_at or clock.now()
    member = Membership.objects.select_related("user").get(pk=member_id)
    rights = break_glass_rights(request.category_id, member)
    if why := why_not_alone(request, member, rights):
        raise Forbidden(why)
    if is_due(request.deadline_at, now):
        raise Conflict("The time to decide has ended.", code="deadline_passed")
    if (act.payload_digest, act.request_version) != (request.payload_digest, request.version):
        raise Stale("This changed while you were reading. Look at it again, then decide.")
    # Last, so that a proof is not used up for what does not count anyway.
    factor = spend_proof(user=member.user, proof=act.proof, bound_to=bound_to(request, BREAK_GLASS))
    _decide(board, _write(board, member, rights, factor, act, now), now)
    return request


def _write(
    board: Board,
    member: Membership,
    rights: tuple[str, ...],
    factor: str,
    act: _Act,
    now: datetime,
) -> Vote:
    request = board.request
    for own in board.votes:
        if own.member_id == member.pk:
            own.request = request
            void_vote(own, because=VoidedBecause.WITHDRAWN, actor=member, reason=_REPLACED, now=now)
    vote = Vote(
        request=request,
        member=member,
        is_break_glass=True,
        verdict=Verdict.APPROVE,
        reason=act.reason,
        cast_at=now,
        channel=VoteChannel.PAGE,
        payload_digest=act.payload_digest,
        request_version=act.request_version,
        seconds_viewed=act.seconds_viewed,
        # It fills no seat: it counts for itself alone.
        right={
            "right": f"break_glass:{rights[0]}",
            "rights": [f"break_glass:{each}" for each in rights],
            "seats": [],
            "keys": [],
            "is_agents_side": False,
            "second_factor": factor,
        },
    )
    insert(vote)
    return vote


def _decide(board: Board, vote: Vote, now: datetime) -> None:
    request, member, missing = board.request, vote.member, missing_on(board)
    request.is_break_glass = True
    update(request, "is_break_glass")
    review = open_review(vote=vote, now=now)
    events.approved_alone(vote=vote, review=review, missing=missing)
    move(
        request=request,
        to=RequestStatus.APPROVED,
        actor=member.as_actor(),
        reason=f"in an emergency, alone: {vote.reason}",
        now=now,
    )
    # After the move, which closes every timer of the request that was pending.
    arm_review(review=review, now=now)


def _check_reason(reason: str) -> None:
    if len(reason) < LEAST_REASON:
        detail = f"Say in at least {LEAST_REASON} characters why it cannot wait for the others."
        raise Invalid(detail, errors=[FieldError("/reason", detail)])
    if len(reason) > MOST_REASON or "\0" in reason:
        detail = f"Write at most {MOST_REASON} characters."
        raise Invalid(detail, errors=[FieldError("/reason", detail)])


def _record_refusal(member: Membership, request_id: UUID, refusal: DomainError) -> None:
    """In a transaction of its own: what was refused has been rolled back."""
    with transaction.atomic():
        request = ActionRequest.objects.get(pk=request_id)
        events.refused(request=request, member=member, why=refusal.detail, now=clock.now())
