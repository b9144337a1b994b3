"""People decide: one vote, bound to what was seen, counted under the request's lock."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from approvals.audit_events import requests as events
from approvals.enums import RequestStatus, Verdict, VoteChannel
from approvals.models import ActionRequest, Vote
from approvals.obligations import obligations_of
from approvals.rules import is_due
from approvals.selectors.approvers import NOT_AN_APPROVER, Word, judge
from approvals.selectors.board import Board, load_board
from approvals.selectors.people import Person, find_person, looking_once
from approvals.services.lifecycle import move, tell_whoever_waits
from approvals.services.locking import ended, lock_request
from approvals.services.stages import advance_board
from approvals.services.standing_in import choose_word, right_of
from govapp.common import clock
from govapp.common.errors import Conflict, DomainError, FieldError, Forbidden, Invalid, Stale
from govapp.common.writing import insert, unit_of_work
from tenants.models import Membership
from tenants.services.second_factor import CodeRefused, spend_code

_ENDS_AS: Final = {
    Verdict.DENY: RequestStatus.DENIED,
    Verdict.RETURN: RequestStatus.RETURNED,
}
_REASON_CHARACTERS: Final = 4_000
SECOND_FACTOR: Final = "totp"
STEP_UP_BY_LINK: Final = "Log in to decide: a rule asks for a code of your authenticator app."


@dataclass(frozen=True)
class _Ballot:
    """What the person sent, with what they had seen."""

    verdict: Verdict
    payload_digest: str
    request_version: int
    reason: str
    channel: VoteChannel
    seconds_viewed: int | None
    code: str
    stands_for: UUID | None


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
    code: str = "",
    stands_for: Membership | None = None,
) -> ActionRequest:
    """Cast one person's vote and return the request as it stands afterwards.

    Under one row lock: status, deadline by the database's clock, rights and separation of duties
    as they are at this moment, and that the person saw what is there (domain page, section 5).
    Where a rule asks for step-up, `code` is used up: what the voter's authenticator app shows.
    `stands_for` is whose word it is: the member, somebody away whose stand-in they are, or None
    for their own where they have a seat and else for the only one for whom they may vote.
    Raises `Invalid` (a denial or return without a reason), `CodeRefused`, `NotFound`, `Forbidden`
    (why, in words), `Stale` (it changed while they were reading), `Conflict` (it has ended and
    how, the deadline has passed, or this person has voted). A refused vote is recorded as well.
    """
    ballot = _Ballot(
        Verdict(verdict),
        payload_digest,
        request_version,
        reason.strip(),
        VoteChannel(channel),
        seconds_viewed,
        code,
        stands_for.pk if stands_for else None,
    )
    _check_reason(ballot)
    try:
        with unit_of_work(), looking_once():
            return _cast(member, request_id, ballot)
    except (Forbidden, Stale, Conflict, CodeRefused) as refusal:
        _record_refusal(member, request_id, ballot, refusal)
        raise


def _cast(member: Membership, request_id: UUID, ballot: _Ballot) -> ActionRequest:
    request = lock_request(request_id)
    if not request.is_pending:
        raise Conflict(ended(request), code="already_decided")
    board, person = load_board(request), None
    # Read after the lock: whoever waited for it is judged by the time at which they got it.
    now = board.read_at or clock.now()
    if request.category_id:
        person = find_person(request.category_id, member.pk)
    if person is None:
        raise Forbidden(NOT_AN_APPROVER)
    word = choose_word(judge(board, person), person, ballot.stands_for)
    _check_time(request, now)
    _check_seen(request, ballot)
    # Last, so that a code is not used up for a vote that does not count anyway.
    factor = _step_up(request, person.member, ballot)
    vote = _write(board, person, word, ballot, factor, now)
    _count(board, vote, person.member, now)
    return request


def _write(
    board: Board,
    person: Person,
    word: Word,
    ballot: _Ballot,
    factor: str | None,
    now: datetime,
) -> Vote:
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


def _count(board: Board, vote: Vote, member: Membership, now: datetime) -> None:
    request, actor = board.request, member.as_actor()
    if vote.verdict != Verdict.APPROVE:
        to = _ENDS_AS[Verdict(vote.verdict)]
        move(request=request, to=to, actor=actor, reason=vote.reason, now=now)
    elif advance_board(board=board, now=now):
        reason = vote.reason or "every approval that the rules demand was given"
        move(request=request, to=RequestStatus.APPROVED, actor=actor, reason=reason, now=now)
    else:
        tell_whoever_waits(request)


def _check_reason(ballot: _Ballot) -> None:
    errors = []
    if ballot.verdict != Verdict.APPROVE and not ballot.reason:
        errors.append(FieldError("/reason", "Say why, so that the agent's people can act on it."))
    if len(ballot.reason) > _REASON_CHARACTERS:
        errors.append(FieldError("/reason", f"Write at most {_REASON_CHARACTERS} characters."))
    if errors:
        raise Invalid(errors[0].detail, errors=errors)


def _check_time(request: ActionRequest, now: datetime) -> None:
    """A late sweeper cannot let a late vote in: the clock decides, not the timer."""
    deadline = request.deadline_at
    if deadline is None:
        raise Conflict("No stage of this request is open.", code="nothing_open")
    if is_due(deadline, now):
        at = deadline.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
        raise Conflict(
            f"The time to decide ended at {at}; a request that nobody decided in time expires.",
            code="deadline_passed",
        )


def _check_seen(request: ActionRequest, ballot: _Ballot) -> None:
    seen = (ballot.payload_digest, ballot.request_version)
    if seen != (request.payload_digest, request.version):
        raise Stale("This changed while you were reading. Look at it again, then decide.")


def _step_up(request: ActionRequest, member: Membership, ballot: _Ballot) -> str | None:
    """Use up the voter's code where a rule asks for one; return which factor that was.

    Every verdict counts alike: a denial is a decision in somebody's name as well.
    """
    if not obligations_of(request).step_up:
        return None
    if ballot.channel != VoteChannel.PAGE:
        raise Forbidden(STEP_UP_BY_LINK)
    spend_code(user=member.user, code=ballot.code)
    return SECOND_FACTOR


def _record_refusal(
    member: Membership, request_id: UUID, ballot: _Ballot, refusal: DomainError
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
