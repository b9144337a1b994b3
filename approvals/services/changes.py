"""Approving with changes: the action becomes another one, and everything about it is asked anew.

Design: domain page, section 5; what an edit does to requirements: docs/decisions/0014.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from approvals.audit_events import changes as events
from approvals.changing import FieldChange
from approvals.enums import RequestStatus, StageStatus, Verdict, VoidedBecause, VoteChannel
from approvals.guarding import without_masked_words
from approvals.models import ActionRequest, RequestRevision, Requirement, RequirementStage
from approvals.obligations import obligations_of, strictest
from approvals.selectors.approvers import (
    asked_by,
    describe_reserved,
    givers,
    seats_ahead,
    standing_of,
)
from approvals.selectors.board import Board
from approvals.selectors.people import Person, load_people, looking_once
from approvals.selectors.stage_clock import StageClock
from approvals.services import notifications
from approvals.services.changed_action import ChangedAction, ProposedChange, judge_change
from approvals.services.reserving import reserve_changed
from approvals.services.revisions import revise_request
from approvals.services.schedule import close_timers
from approvals.services.stages import begin_stages, freeze_requirements
from approvals.services.step_up import changed_act
from approvals.services.submission import digest_of
from approvals.services.votes import (
    Ballot,
    Voter,
    admit_voter,
    check_reason,
    check_time,
    count_vote,
    record_refusal,
    take_second_factor,
    write_vote,
)
from approvals.services.withdrawals import void_vote
from govapp.common.errors import Conflict, Forbidden, Stale
from govapp.common.writing import unit_of_work
from tenants.models import Membership
from tenants.services.second_factor import CodeRefused, Proof

# Each change begins a new deadline: without an end to them, a request would have none.
MOST_REVISIONS: Final = 10
STILL_DEMANDED: Final = (
    "It was changed while it was approved. The rules would allow it as it is now; what was demanded"
    " before the change stays demanded."
)


@dataclass(frozen=True)
class ChangePreview:
    """What a change would come to. Nothing has been written."""

    payload: dict[str, Any]
    summary: str
    changes: tuple[FieldChange, ...]
    # One for each rule that would demand something.
    sentences: tuple[str, ...]
    stays_demanded: bool  # the rules would allow it; what was demanded stays so
    step_up: bool
    act: str  # what a passkey is asked for


def approve_with_changes(
    *,
    member: Membership,
    request_id: UUID,
    changes: Mapping[str, Any],
    payload_digest: str,
    request_version: int,
    summary: str = "",
    reason: str = "",
    channel: VoteChannel = VoteChannel.PAGE,
    seconds_viewed: int | None = None,
    proof: Proof | None = None,
    stands_for: Membership | None = None,
) -> ActionRequest:
    """Change fields of a pending request's payload, approve that, and return the request.

    `changes` are JSON values by dotted path; `payload_digest` and `request_version` are of what
    the person saw before the change. The changed action is judged by the policy that is live, as
    if it were submitted now; every vote on the former one falls away. Where the rules would
    simply allow it, what was demanded before stays demanded.

    Raises what `cast_vote` does, `Invalid` for fields that the category does not let anybody
    change, for values that do not fit its schema and when nothing differs, `Conflict` when the
    rules would block the changed action, and `Forbidden` when none of its seats is the voter's.
    Then nothing has changed.
    """
    channel = VoteChannel(channel)
    ballot = Ballot(
        Verdict.APPROVE,
        payload_digest,
        request_version,
        reason.strip(),
        channel,
        seconds_viewed,
        proof,
        stands_for.pk if stands_for else None,
    )
    check_reason(ballot)
    try:
        with unit_of_work(), looking_once():
            return _approve(member, request_id, ProposedChange(changes, summary.strip()), ballot)
    except (Forbidden, Stale, Conflict, CodeRefused) as refusal:
        record_refusal(member, request_id, ballot, refusal)
        raise


def preview_changes(
    *, member: Membership, request_id: UUID, change: ProposedChange
) -> ChangePreview:
    """Say what a change would come to; write nothing. Raises as `approve_with_changes`."""
    request = ActionRequest.objects.select_related("agent", "category").get(pk=request_id)
    standing = standing_of(request, member)
    if not standing.may_vote:
        raise Forbidden(standing.why)
    _check_count(request)
    requirements = list(
        Requirement.objects.filter(request=request, replaced_at=None).order_by("rule_id")
    )
    changed = judge_change(request, requirements, change, is_binding=False)
    return ChangePreview(
        payload=changed.submission.payload,
        summary=changed.submission.summary,
        changes=changed.changes,
        sentences=tuple(each.sentence for each in changed.specs),
        stays_demanded=changed.judged.status == RequestStatus.ALLOWED,
        step_up=strictest(obligations_of(request), changed.obligations).step_up,
        act=changed_act(changed.submission.payload, changed.submission.summary),
    )


def _approve(
    member: Membership, request_id: UUID, change: ProposedChange, ballot: Ballot
) -> ActionRequest:
    voter = admit_voter(member, request_id, ballot)
    request, attached = voter.board.request, obligations_of(voter.board.request)
    _check_count(request)
    changed = judge_change(request, voter.board.requirements, change, is_binding=True)
    # Judging may have waited for another submission of the agent.
    check_time(request, changed.judged.now)
    reserve_changed(request, changed.submission, changed.judged)
    fallen = _replace(voter, changed)
    hours = StageClock(changed.judged.office)
    board = freeze_requirements(
        request=request, specs=changed.specs, now=changed.judged.now, clock=hours
    )
    seats = seats_ahead(board, voter.word)
    if not seats:
        raise Forbidden(f"As changed, {describe_reserved(board)}. Nothing has been changed.")
    # Last, so that a code is not used up for a vote that does not count anyway.
    stricter = strictest(attached, changed.obligations)
    act = changed_act(changed.submission.payload, changed.submission.summary)
    factor = take_second_factor(request, stricter, member, ballot, act)
    seen = replace(ballot, payload_digest=request.payload_digest, request_version=request.version)
    word = replace(voter.word, seat_keys=seats)
    vote = write_vote(board, voter.person, word, seen, factor, changed.judged.now)
    count_vote(board, vote, voter.person.member, changed.judged.now)
    if request.is_pending:
        _ask(board, voter, fallen, changed, hours)
    # Whoever was told of it as it was submitted is not told twice.
    notifications.notify_informed(request=request, references=changed.obligations.notify)
    return request


def _check_count(request: ActionRequest) -> None:
    made = RequestRevision.objects.filter(request=request, changed_by__isnull=False).count()
    if made >= MOST_REVISIONS:
        raise Conflict(
            f"It has been changed {made} times, and each change took a new deadline. Approve it as"
            " it is, deny it, or send it back.",
            code="too_many_changes",
        )


def _replace(voter: Voter, changed: ChangedAction) -> set[UUID]:
    """Write the changed action, close what the former one demanded; return whose votes fell away.

    Statement by statement, none of them gathered: a revision is there before the columns that it
    lets change, and what is unique among what counts makes room first.
    """
    request, judged, member = voter.board.request, changed.judged, voter.person.member
    allowed = judged.status == RequestStatus.ALLOWED
    written = without_masked_words(changed.submission, judged.guarded)
    former = revise_request(
        request,
        member=member,
        changes=changed.changes,
        now=judged.now,
        summary=written.summary,
        payload=changed.submission.payload,
        payload_digest=digest_of(request.agent, changed.submission, judged.version),
        policy_version=judged.version,
        trace=judged.to_trace() | {"refusals": []},
        facts=judged.to_facts(),
        obligations=changed.obligations.to_dict(),
        target_digest=judged.target_digest,
        because=STILL_DEMANDED if allowed else judged.because,
    )
    events.record_changed(
        request=request,
        member=member,
        former=former,
        changes=changed.changes,
        outcome=judged.evaluation.outcome,
        now=judged.now,
    )
    demanded = Requirement.objects.filter(request=request, replaced_at=None)
    RequirementStage.objects.filter(
        requirement__in=demanded, status__in=[StageStatus.WAITING, StageStatus.OPEN]
    ).update(status=StageStatus.CLOSED)
    demanded.update(replaced_at=judged.now)
    close_timers(request=request, now=judged.now)
    for vote in voter.board.votes:
        vote.request = request
        void_vote(vote, because=VoidedBecause.CHANGED, actor=member, reason="")
    return {vote.member_id for vote in voter.board.votes}


def _ask(
    board: Board, voter: Voter, fallen: set[UUID], changed: ChangedAction, hours: StageClock
) -> None:
    """Ask whoever has to agree to the changed action; tell the others whose votes fell away."""
    request, editor = board.request, voter.person.member
    news = {"changed_by": editor.user.name}
    begin_stages(board=board, now=changed.judged.now, clock=hours, content=news)
    people, used_up = _people(request), board.used_up
    asked = {
        member.pk
        for stage in board.open_stages
        for member in asked_by(givers(stage, people, used_up))
    }
    notifications.notify_changed(
        request=request, members=sorted(fallen - asked), by=editor.user.name
    )


def _people(request: ActionRequest) -> list[Person]:
    return load_people(request.category_id) if request.category_id else []
