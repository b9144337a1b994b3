"""An agent asks; the policy answers; what is demanded is frozen. One transaction."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import transaction

from approvals.delegating.links import chain_of, owners_of
from approvals.digests import canonical_json, payload_digest
from approvals.enums import Purpose, RequestStatus
from approvals.facts import Submission
from approvals.guarding import without_masked_words
from approvals.holders.delegation import is_of_chain, wanted_money
from approvals.leash import counts_as_try
from approvals.models import ActionRequest, CallbackEndpoint, PolicyVersion, ShadowResult
from approvals.policies import Evaluation, Policy
from approvals.rules import may_cancel
from approvals.selectors.board import Board, keep_in_hand
from approvals.selectors.stage_clock import StageClock
from approvals.services import notifications
from approvals.services.delegated_spend import reserve_spend
from approvals.services.delegations import note_refused_use
from approvals.services.judging import Judgement, judge_submission
from approvals.services.lifecycle import move
from approvals.services.locking import ended, lock_request
from approvals.services.reserving import holds_until, judge_and_reserve
from approvals.services.runs import Joined, count_request, join_run
from approvals.services.shadowing import Shadowed
from approvals.services.stages import first_deadline, open_requirements
from approvals.submission_check import check_submission
from audit.actors import SYSTEM
from govapp.common import clock
from govapp.common.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from govapp.common.ids import new_id, public_id
from govapp.common.writing import insert, unit_of_work
from tenants.models import Agent, Membership

__all__ = [
    "Submission", "cancel_action", "digest_of", "preview_action", "preview_under", "submit_action",
]  # fmt: skip

_SUPERSEDABLE: Final = frozenset(
    {
        RequestStatus.RETURNED,
        RequestStatus.DENIED,
        RequestStatus.EXPIRED,
        RequestStatus.CANCELLED,
        RequestStatus.BLOCKED,
    }
)


def submit_action(
    *,
    agent: Agent,
    submission: Submission,
    purpose: Purpose = Purpose.ACTION,
    agents_side: Iterable[UUID] = (),
) -> ActionRequest:
    """Submit an action for `agent` and return the request as the policy leaves it.

    A drill or canary is judged and asked about alike; only `services.exercises` submits those.
    `agents_side` are members who are on the agent's side besides its owners (`rules`).

    Whatever is wrong with the tenant's side (unknown or archived category, no usable policy,
    paused agent, payload against its schema) ends in `blocked`, with the sentence that says so,
    and never in `allowed` (domain page, section 3). Raises `Invalid` for what cannot be stored.
    """
    check_submission(submission)
    with unit_of_work():
        # First: what flows through the run stands still from here on.
        joined = join_run(agent=agent, submission=submission)
        _check_references(agent, submission)
        ident = new_id()
        judged, is_reserved = judge_and_reserve(
            agent, submission, holder=public_id("ar", ident), purpose=purpose
        )
        written = without_masked_words(submission, judged.guarded)
        request, to = _build(agent, written, judged, purpose, joined), judged.status
        request.pk, request.has_reservation = ident, is_reserved
        on_side = (*request.delegation_owners, *agents_side)
        request.delegation_owners = list(dict.fromkeys(on_side))
        stages = StageClock(judged.office)
        if to == RequestStatus.PENDING:
            request.deadline_at = first_deadline(
                evaluation=judged.evaluation, now=judged.now, clock=stages
            )
        is_asked = to == RequestStatus.PENDING and purpose == Purpose.ACTION
        actor = agent.as_actor() if is_asked else SYSTEM
        move(request=request, to=to, actor=actor, reason=judged.because, now=judged.now)
        if joined is not None:
            count_request(run=joined.run, request=request)
        _note_delegation(request, submission, judged)
        if to == RequestStatus.PENDING:
            board = open_requirements(
                request=request, evaluation=judged.evaluation, now=judged.now, clock=stages
            )
        else:
            board = Board(request, [], [])
        notifications.notify_informed(
            request=request, references=judged.evaluation.obligations.notify
        )
        # What is no action says nothing about how agents would fare under other rules.
        if judged.shadowed is not None and purpose == Purpose.ACTION:
            _note_shadow(request, judged.as_evaluation(), judged.shadowed)
    keep_in_hand(board)
    return request


def preview_action(*, agent: Agent, submission: Submission) -> Evaluation:
    """Return what would happen to a submission, and write nothing. Raises as `submit_action`."""
    return _preview(agent, submission, None)


def preview_under(policy: Policy, *, agent: Agent, submission: Submission) -> Evaluation:
    """As `preview_action`, as if this policy were live: a draft, or another version."""
    return _preview(agent, submission, policy)


def _preview(agent: Agent, submission: Submission, under: Policy | None) -> Evaluation:
    check_submission(submission)
    canonical_json(submission.payload)
    with transaction.atomic():
        if under is None:  # other rules are tried on what was asked long ago, too
            join_run(agent=agent, submission=submission, is_binding=False)
        judged = judge_submission(agent, submission, is_binding=False, under=under)
        _check_references(agent, submission)
    return judged.as_evaluation()


def cancel_action(
    *, actor: Agent | Membership, request_id: UUID, reason: str = ""
) -> ActionRequest:
    """Withdraw a pending request: its agent, the agent's owner, or compliance.

    Raises `NotFound` (also to an agent for another agent's request), `Forbidden`, and `Conflict`
    with the way it ended.
    """
    with transaction.atomic():
        request = lock_request(request_id)
        if not may_cancel(actor, request):
            if isinstance(actor, Agent):
                raise NotFound("There is no such request.")
            raise Forbidden("Only the agent, its owner and compliance may cancel this request.")
        if not request.is_pending:
            raise Conflict(ended(request), code="already_decided")
        move(
            request=request,
            to=RequestStatus.CANCELLED,
            actor=actor.as_actor(),
            reason=reason.strip(),
            now=clock.now(),
        )
    return request


def digest_of(agent: Agent, submission: Submission, version: PolicyVersion | None) -> str:
    """Return what an approval of this submission is bound to (`approvals.digests`)."""
    return payload_digest(
        category=submission.category,
        payload=submission.payload,
        agent=agent.public_id,
        tenant=public_id("tn", agent.tenant_id),
        environment=submission.environment,
        policy_version=version.number if version else None,
        integration=submission.integration,
    )


def _build(
    agent: Agent,
    submission: Submission,
    judged: Judgement,
    purpose: Purpose,
    joined: Joined | None,
) -> ActionRequest:
    version = judged.version
    return ActionRequest(
        purpose=purpose,
        agent=agent,
        owner_at_submission_id=agent.owner_id,
        category_key=submission.category,
        category=judged.category,
        summary=submission.summary,
        payload=submission.payload,
        payload_digest=digest_of(agent, submission, version),
        reason=submission.reason,
        sources=list(submission.sources),
        confidence=submission.confidence,
        environment=submission.environment,
        integration=submission.integration,
        run_key=submission.run,
        run=joined.run if joined else None,
        step=joined.step if joined else None,
        delegation=judged.claim.delegation if judged.claim and judged.chain else None,
        delegation_chain=chain_of(judged.chain),
        delegation_owners=owners_of(judged.chain),
        target_digest=judged.target_digest,
        attempt_digest=judged.attempt_digest if counts_as_try(judged.refusals) else "",
        estimated_cost=submission.estimated_cost,
        on_behalf_of=submission.on_behalf_of,
        traceparent=submission.traceparent,
        supersedes_id=submission.supersedes,
        undoes_id=submission.undoes,
        callback_endpoint_id=submission.callback_endpoint,
        policy_version=version,
        trace=judged.to_trace(),
        facts=judged.to_facts(),
        obligations=judged.evaluation.obligations.to_dict(),
        because=judged.because,
        submitted_at=judged.now,
    )


def _note_delegation(request: ActionRequest, submission: Submission, judged: Judgement) -> None:
    """Take what it wants from the budgets of its chain, or record that the chain refuses it."""
    claim = judged.claim
    if claim is None:
        return
    if request.status == RequestStatus.BLOCKED:
        why = next((each for each in judged.held.refusals if is_of_chain(each)), None)
        if why is not None:
            note_refused_use(
                claim, by=request.agent, code=why.code, why=why.sentence, request=request
            )
    else:
        reserve_spend(
            request=request,
            links=judged.chain,
            money=wanted_money(judged.category, submission.payload, submission.estimated_cost),
            expires_at=holds_until(judged),
        )


def _note_shadow(request: ActionRequest, live: Evaluation, shadowed: Shadowed) -> None:
    """Keep what the version in shadow would have done: written with the request, or not at all."""
    insert(
        ShadowResult(
            request=request,
            version=shadowed.version,
            live_outcome=live.outcome,
            outcome=shadowed.outcome,
            differs=shadowed.differs,
            because=shadowed.because,
        )
    )


def _check_references(agent: Agent, submission: Submission) -> None:
    """What it names has to exist in this tenant and be this agent's."""
    if submission.supersedes is not None:
        former = ActionRequest.objects.filter(
            pk=submission.supersedes,
            agent=agent,
            purpose=Purpose.ACTION,
            status__in=_SUPERSEDABLE,
        )
        if not former.exists():
            detail = "Name a request of this agent that ended without permission."
            raise Invalid(detail, errors=[FieldError("/supersedes", detail)])
    if submission.callback_endpoint is not None:
        endpoint = CallbackEndpoint.objects.filter(pk=submission.callback_endpoint, is_enabled=True)
        if not endpoint.exists():
            detail = "Name a callback endpoint that is registered and enabled."
            raise Invalid(detail, errors=[FieldError("/callback", detail)])
