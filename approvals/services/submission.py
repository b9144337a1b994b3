"""An agent asks; the policy answers; what is demanded is frozen. One transaction."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import transaction

from approvals.digests import canonical_json, payload_digest
from approvals.enums import RequestStatus
from approvals.facts import Submission, facts_of
from approvals.models import ActionCategory, ActionRequest, CallbackEndpoint, PolicyVersion
from approvals.payload_check import find_payload_errors
from approvals.policies import (
    ALLOW,
    DENY,
    REQUIRE_APPROVAL,
    Evaluation,
    PolicyInvalid,
    RuleTrace,
    evaluate,
)
from approvals.rules import may_cancel
from approvals.selectors.board import Board, keep_in_hand
from approvals.selectors.policies import compiled
from approvals.selectors.situation import read_situation
from approvals.services.lifecycle import move
from approvals.services.locking import ended, lock_request
from approvals.services.stages import first_deadline, open_requirements
from audit.actors import SYSTEM
from govapp.common import clock
from govapp.common.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from govapp.common.ids import public_id
from govapp.common.writing import unit_of_work
from tenants.enums import AgentStatus
from tenants.models import Agent, Membership

__all__ = ["Submission", "cancel_action", "preview_action", "submit_action"]

_STATUS_OF: Final = {
    ALLOW: RequestStatus.ALLOWED,
    DENY: RequestStatus.BLOCKED,
    REQUIRE_APPROVAL: RequestStatus.PENDING,
}
_SUPERSEDABLE: Final = frozenset(
    {
        RequestStatus.RETURNED,
        RequestStatus.DENIED,
        RequestStatus.EXPIRED,
        RequestStatus.CANCELLED,
        RequestStatus.BLOCKED,
    }
)
_LONGEST: Final = {
    "category": 100,
    "summary": 500,
    "reason": 10_000,
    "environment": 50,
    "on_behalf_of": 200,
    "traceparent": 60,
}


@dataclass(frozen=True)
class _Judgement:
    """What was read and decided about one submission."""

    evaluation: Evaluation
    because: str
    refusals: tuple[str, ...]
    category: ActionCategory | None
    version: PolicyVersion | None
    now: datetime


def submit_action(*, agent: Agent, submission: Submission) -> ActionRequest:
    """Submit an action for `agent` and return the request as the policy leaves it.

    Whatever is wrong with the tenant's side (unknown or archived category, no usable policy,
    paused agent, payload against its schema) ends in `blocked`, with the sentence that says so,
    and never in `allowed` (domain page, section 3). Raises `Invalid` for what cannot be stored.
    """
    _check(submission)
    with unit_of_work():
        judged = _judge(agent, submission)
        _check_references(agent, submission)
        request = _build(agent, submission, judged)
        to = _outcome(judged)
        if to == RequestStatus.PENDING:
            request.deadline_at = first_deadline(evaluation=judged.evaluation, now=judged.now)
        actor = agent.as_actor() if to == RequestStatus.PENDING else SYSTEM
        move(request=request, to=to, actor=actor, reason=judged.because, now=judged.now)
        if to == RequestStatus.PENDING:
            board = open_requirements(request=request, evaluation=judged.evaluation, now=judged.now)
        else:
            board = Board(request, [], [])
    keep_in_hand(board)
    return request


def preview_action(*, agent: Agent, submission: Submission) -> Evaluation:
    """Return what would happen to a submission, and write nothing."""
    _check(submission)
    canonical_json(submission.payload)
    with transaction.atomic():
        judged = _judge(agent, submission)
        _check_references(agent, submission)
    if _outcome(judged) == _STATUS_OF.get(judged.evaluation.outcome) and not judged.refusals:
        return judged.evaluation
    return _denial(judged.because, judged.evaluation)


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


def _judge(agent: Agent, submission: Submission) -> _Judgement:
    found = read_situation(agent_id=agent.pk, category_key=submission.category)
    now, category, version = found.now, found.category, found.version
    refusals = []
    usable = category if category and not category.is_archived else None
    if category is None:
        refusals.append(f"The category {submission.category} is not known here.")
    elif usable is None:
        refusals.append(f"The category {submission.category} is archived.")
    if found.agent_status != AgentStatus.ACTIVE:
        refusals.append(f"The agent {agent.name} is {found.agent_status or 'unknown'}.")
    errors = find_payload_errors(usable.payload_schema, submission.payload) if usable else ()
    if errors:
        refusals.append(f"The payload does not fit its schema: {'; '.join(errors)}.")
    facts = facts_of(
        agent=agent,
        agent_status=found.agent_status or "",
        submission=submission,
        category=usable,
        payload_errors=errors,
        time_zone=found.time_zone,
        now=now,
    )
    try:
        policy = compiled(version) if version else None
    except PolicyInvalid:
        policy = None
    if policy is None:
        refusals.append("There is no live policy." if version is None else _UNUSABLE)
        evaluation = _denial(" ".join(refusals), None)
    else:
        evaluation = evaluate(policy, facts)
    because = " ".join(refusals) or evaluation.because
    return _Judgement(evaluation, because, tuple(refusals), category, version, now)


_UNUSABLE: Final = "The live policy cannot be used."


def _outcome(judged: _Judgement) -> RequestStatus:
    """Anything that is not plainly allowed or plainly demanding approval is blocked."""
    status = _STATUS_OF.get(judged.evaluation.outcome, RequestStatus.BLOCKED)
    demands = bool(judged.evaluation.requirements)
    if judged.refusals or (status == RequestStatus.PENDING and not demands):
        return RequestStatus.BLOCKED
    return status


def _denial(because: str, former: Evaluation | None) -> Evaluation:
    def trace(every: bool) -> tuple[RuleTrace, ...]:
        if former is None:
            return ()
        return former.rules if every else former.considered

    return Evaluation(DENY, because, (), False, trace)


def _build(agent: Agent, submission: Submission, judged: _Judgement) -> ActionRequest:
    version = judged.version
    digest = payload_digest(
        category=submission.category,
        payload=submission.payload,
        agent=agent.public_id,
        tenant=public_id("tn", agent.tenant_id),
        environment=submission.environment,
        policy_version=version.number if version else None,
    )
    return ActionRequest(
        agent=agent,
        owner_at_submission_id=agent.owner_id,
        category_key=submission.category,
        category=judged.category,
        summary=submission.summary,
        payload=submission.payload,
        payload_digest=digest,
        reason=submission.reason,
        sources=list(submission.sources),
        confidence=submission.confidence,
        environment=submission.environment,
        estimated_cost=submission.estimated_cost,
        on_behalf_of=submission.on_behalf_of,
        traceparent=submission.traceparent,
        supersedes_id=submission.supersedes,
        callback_endpoint_id=submission.callback_endpoint,
        policy_version=version,
        trace=judged.evaluation.to_dict() | {"refusals": list(judged.refusals)},
        because=judged.because,
        submitted_at=judged.now,
    )


def _check(submission: Submission) -> None:
    """What no policy can make storable. The edge has checked types; services are safe alone."""
    errors = [
        FieldError(f"/{name}", f"Write at most {longest} characters.")
        for name, longest in _LONGEST.items()
        if len(getattr(submission, name)) > longest
    ]
    errors += [
        FieldError(f"/{name}", "Remove the null character.")
        for name in _LONGEST
        if "\0" in getattr(submission, name)
    ]
    errors += [
        FieldError(f"/{name}", "This is needed.")
        for name in ("category", "summary", "environment")
        if not getattr(submission, name).strip()
    ]
    if submission.summary.strip() and submission.summary.splitlines() != [submission.summary]:
        # Lists, subjects of mails and the record show it as one line; a second one could pose
        # as something that we say.
        errors.append(FieldError("/summary", "Write one line."))
    confidence = submission.confidence
    if confidence is not None and not Decimal(0) <= confidence <= Decimal(1):
        errors.append(FieldError("/confidence", "Write a number from 0 to 1."))
    if errors:
        raise Invalid("The submission is not valid.", errors=errors)


def _check_references(agent: Agent, submission: Submission) -> None:
    """What it names has to exist in this tenant and be this agent's."""
    if submission.supersedes is not None:
        former = ActionRequest.objects.filter(
            pk=submission.supersedes, agent=agent, status__in=_SUPERSEDABLE
        )
        if not former.exists():
            detail = "Name a request of this agent that ended without permission."
            raise Invalid(detail, errors=[FieldError("/supersedes", detail)])
    if submission.callback_endpoint is not None:
        endpoint = CallbackEndpoint.objects.filter(pk=submission.callback_endpoint, is_enabled=True)
        if not endpoint.exists():
            detail = "Name a callback endpoint that is registered and enabled."
            raise Invalid(detail, errors=[FieldError("/callback", detail)])
