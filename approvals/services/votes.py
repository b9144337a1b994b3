"""People decide: one vote, bound to what was seen, counted under the request's lock."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from approvals.audit_events import votes as events
from approvals.enums import RequestStatus, Verdict, VoteChannel
from approvals.killing import refuse_while_stopped
from approvals.models import ActionRequest, Vote
from approvals.obligations import obligations_of
from approvals.policies.obligations import EvaluatedObligations
from approvals.rules import is_due
from approvals.selectors.approvers import NOT_AN_APPROVER, Word, judge
from approvals.selectors.board import Board, load_board
from approvals.selectors.people import Person, find_person, looking_once
from approvals.services.fatigue import check_fatigue
from approvals.services.lifecycle import move, tell_whoever_waits
from approvals.services.locking import ended, lock_request
from approvals.services.stages import advance_board
from approvals.services.standing_in import choose_word, right_of
from approvals.services.step_up import spend_step_up
from approvals.services.withdrawals import withdraw_vote
from govapp.common import clock
from govapp.common.errors import Conflict, DomainError, FieldError, Forbidden, Invalid, Stale
from govapp.common.formats import utc_minute
from govapp.common.writing import insert, unit_of_work
from tenants.models import Membership
from tenants.services.second_factor import CodeRefused, Proof

__all__ = [
    "Ballot", "Voter", "admit_voter", "cast_vote", "check_reason", "check_time", "count_vote",
    "record_refusal", "take_second_factor", "withdraw_vote", "write_vote",
]  # fmt: skip

_ENDS_AS: Final = {
    Verdict.DENY: RequestStatus.DENIED,
    Verdict.RETURN: RequestStatus.RETURNED,
}
_REASON_CHARACTERS: Final = 4_000


@dataclass(frozen=True)
class Ballot:
    """What the person sent, with what they had seen."""

    verdict: Verdict
    payload_digest: str
    request_version: int
    reason: str
    channel: VoteChannel
    seconds_viewed: int | None
    proof: Proof | None
    stands_for: UUID | None


@dataclass(frozen=True)
class Voter:
    """Somebody who may vote at this moment, the request locked; `now` is when it was.

    `word` is whose approval the vote is: their own, or that of somebody who is away.
    """

    board: Board
    person: Person
    word: Word
    now: datetime


def cast_vote(
    *,
    member: Membership,
    request_id: UUID,
    verdict: Verdict,
    payload_digest: str,
    request_version: int,
    reason: str = "",
    channel: VoteChannel = VoteChannel.PAGE,
    seconds_viewed: int | None = None,
    proof: Proof | None = None,
    stands_for: Membership | None = None,
) -> ActionRequest:
    """Cast one person's vote and return the request as it stands afterwards.

    Under one row lock: status, deadline by the database's clock, rights and separation of duties
    as they are at this moment, and that the person saw what is there (domain page, section 5).
    Where a rule asks for step-up, `proof` is used up: a code, or a passkey's answer for this act.
    `stands_for` is whose word it is: the member, somebody away whose stand-in they are, or None
    for their own where they have a seat and else for the only one for whom they may vote.
    Raises `Invalid` (a denial or return without a reason), `CodeRefused`, `NotFound`, `Forbidden`
    (why, in words), `Stale` (it changed while they were reading), `Conflict` (it has ended and
    how, a kill switch holds it, the deadline has passed, this person has voted, or it is too soon
    or too often). A refused vote is recorded as well.
    """
    ballot = Ballot(
        Verdict(verdict),
        payload_digest,
        request_version,
        reason.strip(),
        VoteChannel(channel),
        seconds_viewed,
        proof,
        stands_for.pk if stands_for else None,
    )
    check_reason(ballot)
    try:
        with unit_of_work(), looking_once():
            return _cast(member, request_id, ballot)
    except (Forbidden, Stale, Conflict, CodeRefused) as refusal:
        record_refusal(member, request_id, ballot, refusal)
        raise


def _cast(member: Membership, request_id: UUID, ballot: Ballot) -> ActionRequest:
    voter = admit_voter(member, request_id, ballot)
    request, person = voter.board.request, voter.person
    # Last, so that a code is not used up for a vote that does not count anyway.
    factor = take_second_factor(request, obligations_of(request), person.member, ballot)
    vote = write_vote(voter.board, person, voter.word, ballot, factor, voter.now)
    count_vote(voter.board, vote, person.member, voter.now)
    return request


def admit_voter(member: Membership, request_id: UUID, ballot: Ballot) -> Voter:
    """Lock the request and return who votes on what; raises what `cast_vote` does."""
    request = lock_request(request_id)
    if not request.is_pending:
        raise Conflict(ended(request), code="already_decided")
    refuse_while_stopped(request)
    board, person = load_board(request), None
    # Read after the lock: whoever waited for it is judged by the time at which they got it.
    now = board.read_at or clock.now()
    if request.category_id:
        person = find_person(request.category_id, member.pk)
    if person is None:
        raise Forbidden(NOT_AN_APPROVER)
    word = choose_word(judge(board, person), person, ballot.stands_for)
    check_time(request, now)
    _check_seen(request, ballot)
    if ballot.verdict == Verdict.APPROVE:
        seconds = ballot.seconds_viewed
        check_fatigue(request=request, member=person.member, seconds_viewed=seconds, now=now)
    return Voter(board, person, word, now)


def write_vote(
    board: Board,
    person: Person,
    word: Word,
    ballot: Ballot,
    factor: str | None,
    now: datetime,
) -> Vote:
    """Write the vote of somebody who was admitted, and put it on the board."""
    vote = Vote(
        request=board.request,
        member=person.member,
        stands_for=word.person.member if word.by else None,
        verdict=ballot.verdict,
        reason=ballot.reason,
        cast_at=now,
        channel=ballot.channel,
        payload_digest=ballot.payload_digest,
        request_version=ballot.request_version,
        seconds_viewed=ballot.seconds_viewed,
        # The vote keeps what justified it: it counts on after its voter has left.
        right=right_of(board, person, word) | ({"second_factor": factor} if factor else {}),
    )
    insert(vote)
    board.votes.append(vote)
    events.record_vote_cast(vote=vote, member=person.member)
    return vote


def count_vote(board: Board, vote: Vote, member: Membership, now: datetime) -> None:
    """End the request when this vote does; the caller holds its lock."""
    request, actor = board.request, member.as_actor()
    if vote.verdict != Verdict.APPROVE:
        to = _ENDS_AS[Verdict(vote.verdict)]
        move(request=request, to=to, actor=actor, reason=vote.reason, now=now)
    elif advance_board(board=board, now=now):
        reason = vote.reason or "every approval that the rules demand was given"
        move(request=request, to=RequestStatus.APPROVED, actor=actor, reason=reason, now=now)
    else:
        tell_whoever_waits(request)


def check_reason(ballot: Ballot) -> None:
    errors = []
    if ballot.verdict != Verdict.APPROVE and not ballot.reason:
        errors.append(FieldError("/reason", "Say why, so that the agent's people can act on it."))
    if len(ballot.reason) > _REASON_CHARACTERS:
        errors.append(FieldError("/reason", f"Write at most {_REASON_CHARACTERS} characters."))
    if errors:
        raise Invalid(errors[0].detail, errors=errors)


def check_time(request: ActionRequest, now: datetime) -> None:
    """Raise `Conflict` after the deadline: the clock decides, not the timer of a late sweeper."""
    deadline = request.deadline_at
    if deadline is None:
        raise Conflict("No stage of this request is open.", code="nothing_open")
    if is_due(deadline, now):
        at = utc_minute(deadline)
        raise Conflict(
            f"The time to decide ended at {at}; a request that nobody decided in time expires.",
            code="deadline_passed",
        )


def _check_seen(request: ActionRequest, ballot: Ballot) -> None:
    seen = (ballot.payload_digest, ballot.request_version)
    if seen != (request.payload_digest, request.version):
        raise Stale("This changed while you were reading. Look at it again, then decide.")


def take_second_factor(
    request: ActionRequest,
    attached: EvaluatedObligations,
    member: Membership,
    ballot: Ballot,
    act: str = "",
) -> str | None:
    """Use up the voter's proof where a rule asks for one; return which factor that was.

    The proof is bound to what was shown and to the `act`, which is the verdict unless it says
    what the voter made of it before approving.
    """
    return spend_step_up(
        request=request,
        member=member,
        act=act or ballot.verdict,
        channel=ballot.channel,
        proof=ballot.proof,
        attached=attached,
        digest=ballot.payload_digest,
        version=ballot.request_version,
    )


def record_refusal(
    member: Membership, request_id: UUID, ballot: Ballot, refusal: DomainError
) -> None:
    """In a transaction of its own: what was refused has been rolled back."""
    with transaction.atomic():
        request = ActionRequest.objects.get(pk=request_id)
        events.record_vote_refused(
            request=request,
            member=member,
            verdict=ballot.verdict,
            why=refusal.detail,
            now=clock.now(),
        )
