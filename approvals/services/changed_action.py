"""What an action would be after a change, and what the rules that are live say of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from approvals.changing import FieldChange, apply_changes
from approvals.enums import RequestStatus
from approvals.facts import Submission
from approvals.models import ActionRequest, Requirement
from approvals.obligations import obligations_of, strictest
from approvals.policies import Flow, RequirementSpec
from approvals.policies.obligations import EvaluatedObligations
from approvals.services.judging import Judgement, judge_submission
from approvals.submission_check import check_submission
from govapp.common.errors import Conflict, FieldError, Invalid
from govapp.common.ids import public_id

NOTHING_CHANGED: Final = "Nothing is changed; approve it as it is."


@dataclass(frozen=True)
class ProposedChange:
    """What an approver wants it to be: values by dotted path; "" keeps the summary."""

    values: Mapping[str, Any]
    summary: str = ""


@dataclass(frozen=True)
class ChangedAction:
    """The action as it would be, with what the rules that are live say of it."""

    submission: Submission
    changes: tuple[FieldChange, ...]
    judged: Judgement
    specs: tuple[RequirementSpec, ...]
    obligations: EvaluatedObligations


def judge_change(
    request: ActionRequest,
    requirements: list[Requirement],
    change: ProposedChange,
    *,
    is_binding: bool,
) -> ChangedAction:
    """Apply a change to a pending request's action and judge the result as if submitted now.

    `requirements` are those that it has, for when the rules would allow it. Raises `Invalid` and
    `Conflict` as `services.changes.approve_with_changes` does.
    """
    editable = request.category.editable_fields if request.category else []
    payload, made = apply_changes(request.payload, change.values, editable=editable)
    if not made:
        raise Invalid(NOTHING_CHANGED, errors=[FieldError("/changes", NOTHING_CHANGED)])
    submission = _submission(request, payload, change.summary or request.summary)
    check_submission(submission)
    judged = judge_submission(request.agent, submission, is_binding=is_binding, instead_of=request)
    _require_possible(judged)
    specs, attached = judged.evaluation.requirements, judged.evaluation.obligations
    if judged.status == RequestStatus.ALLOWED:
        specs = tuple(_spec_of(each) for each in requirements)
        attached = strictest(obligations_of(request), attached)
    return ChangedAction(submission, made, judged, specs, attached)


def _require_possible(judged: Judgement) -> None:
    if judged.facts.payload_errors:
        errors = [FieldError("/changes", each) for each in judged.facts.payload_errors]
        raise Invalid("As changed, it does not fit its schema.", errors=errors)
    if not (judged.status == RequestStatus.PENDING or judged.status == RequestStatus.ALLOWED):
        raise Conflict(
            f"As changed, the rules block it: {judged.because} Nothing has been changed.",
            code="change_blocked",
        )


def _submission(request: ActionRequest, payload: dict[str, Any], summary: str) -> Submission:
    return Submission(
        category=request.category_key,
        summary=summary,
        payload=payload,
        reason=request.reason,
        sources=request.sources,
        confidence=request.confidence,
        environment=request.environment,
        integration=request.integration,
        run=request.run_key,
        step=request.step.key if request.step else "",
        estimated_cost=request.estimated_cost,
        on_behalf_of=request.on_behalf_of,
        delegation=public_id("dg", request.delegation_id) if request.delegation_id else "",
    )


def _spec_of(requirement: Requirement) -> RequirementSpec:
    return RequirementSpec(
        rule_id=requirement.rule_id,
        sentence=requirement.sentence,
        flow=Flow.from_dict(requirement.flow),
        separation_of_duties=requirement.separation_of_duties,
    )
