"""What agents get: the action request, as it stands."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from django.conf import settings
from msgspec import UNSET, Meta, UnsetType

from approvals.api.answer_parts import (
    Decision,
    Digest,
    Execution,
    FieldChangeResult,
    Links,
    Note,
    RequirementState,
    RuleResult,
    RuleTraceResult,
    Status,
    notes_of,
    rules_of,
    traced,
)
from approvals.api.delegation_links import DelegationLink, links_answer
from approvals.api.guardrails import GuardrailResult, results_of
from approvals.changing import difference
from approvals.enums import RequestStatus
from approvals.leash import codes_of, passes_at
from approvals.models import ActionRequest, Requirement
from approvals.obligations import grant_not_before, obligations_of
from approvals.selectors.approvers import missing_of
from approvals.selectors.board import Board, boards_in_hand
from approvals.selectors.chains import successors_of
from approvals.selectors.revisions import read_revisions
from approvals.selectors.undoing import undone_by
from govapp.common.ids import public_id


class PolicyResult(msgspec.Struct, omit_defaults=True):
    """The version that decided (null: there was none), and its rules that took part.

    The trace of every rule is given with a single request and not in lists: those that took part
    first, at most 200 of them, with how many there are in all.
    """

    version: int | None
    rules: list[RuleResult]
    trace: list[RuleTraceResult] | None = None
    trace_total: int | None = None


class ActionRequestAnswer(msgspec.Struct, kw_only=True):
    """An action that an agent submitted, as it stands now.

    What superseded it and what approvers changed of it is given with a single request and not in
    lists. A permission is bound to `payload_digest`: where it differs from `submitted_digest`, act
    on `payload`.
    """

    id: str
    status: Status
    category: str
    summary: str
    payload_digest: Digest
    environment: str
    integration: str
    run: str
    delegation: Annotated[
        list[DelegationLink],
        Meta(description="Who handed the task to whom, the first link first; empty: nobody did."),
    ]
    submitted_at: datetime
    deadline_at: datetime | None
    decided_at: datetime | None
    policy: PolicyResult
    requirements: list[RequirementState]
    notes: list[Note]
    decision: Decision | None
    grant_not_before: Annotated[
        datetime | None,
        Meta(description="A rule holds the permission back until then; null when none does."),
    ]
    execution: Execution
    supersedes: str | None
    links: Links
    undoes: Annotated[
        str | UnsetType, Meta(description="The executed request that this one takes back.")
    ] = UNSET
    undone_by: Annotated[
        list[str] | UnsetType,
        Meta(description="The requests that take this one back, where it was executed."),
    ] = UNSET
    guardrails: Annotated[
        list[GuardrailResult] | UnsetType,
        Meta(description="What the guardrails found; left out when they found nothing."),
    ] = UNSET
    warnings: Annotated[
        list[str] | UnsetType,
        Meta(description="What budgets say although it goes on; left out when they say nothing."),
    ] = UNSET
    superseded_by: list[str] | UnsetType = UNSET
    changes: Annotated[
        list[FieldChangeResult] | UnsetType,
        Meta(description="What approvers changed, in all; empty when it is as submitted."),
    ] = UNSET
    submitted_digest: Annotated[
        Digest | UnsetType, Meta(description="Of the payload that was submitted.")
    ] = UNSET
    payload: Annotated[
        dict[str, Any] | UnsetType,
        Meta(description="What is decided on: only where it is not what was submitted."),
    ] = UNSET


class ActionRequestPage(msgspec.Struct):
    """A page of a list, newest first."""

    data: list[ActionRequestAnswer]
    next_cursor: str | None
    has_more: bool


def answer_for(
    request: ActionRequest, *, tenant_slug: str, with_trace: bool = False
) -> ActionRequestAnswer:
    """Return one request as agents see it, and `with_trace` all that is left out in lists.

    Then two statements, the second to look for changes in one that is not as it was submitted.
    """
    answer = answers_for([request], tenant_slug=tenant_slug)[0]
    if with_trace:
        answer.policy.trace, answer.policy.trace_total = traced(request.trace)
        answer.superseded_by = successors_of(request)
        answer.undone_by = undone_by(request) or UNSET
        _tell_changes(answer, request)
    return answer


def answers_for(
    requests: Sequence[ActionRequest], *, tenant_slug: str
) -> list[ActionRequestAnswer]:
    """Return requests as agents see them. No statement for those from `selectors.requests`."""
    return [_answer(board, tenant_slug) for board in boards_in_hand(requests)]


def path_of(request: ActionRequest) -> str:
    """Return the request's address in the API."""
    return f"/api/v1/action-requests/{request.public_id}"


def _tell_changes(answer: ActionRequestAnswer, request: ActionRequest) -> None:
    answer.changes, answer.submitted_digest = [], request.payload_digest
    if revisions := read_revisions(request):
        first, last = revisions[0], revisions[-1]
        touched = {change["field"] for each in revisions for change in each.changes}
        changed = difference(first.payload, last.payload, sorted(touched))
        answer.changes = [FieldChangeResult(**each.to_dict()) for each in changed]
        answer.submitted_digest, answer.payload = first.payload_digest, last.payload


def _answer(board: Board, tenant_slug: str) -> ActionRequestAnswer:
    request = board.request
    version = request.policy_version
    return ActionRequestAnswer(
        id=request.public_id,
        status=request.status,
        category=request.category_key,
        summary=request.summary,
        payload_digest=request.payload_digest,
        environment=request.environment,
        integration=request.integration,
        run=request.run_key,
        delegation=links_answer(request.delegation_chain),
        submitted_at=request.submitted_at,
        deadline_at=request.deadline_at,
        decided_at=request.decided_at,
        policy=PolicyResult(version.number if version else None, rules_of(request.trace)),
        requirements=[_requirement(each, board) for each in board.requirements],
        notes=notes_of(obligations_of(request)),
        grant_not_before=grant_not_before(request),
        decision=_decision(request),
        execution=Execution(
            state=request.execution_state,
            note=request.execution_note,
            cost=request.execution_cost,
            reported_at=request.execution_reported_at,
        ),
        supersedes=public_id("ar", request.supersedes_id) if request.supersedes_id else None,
        undoes=public_id("ar", request.undoes_id) if request.undoes_id else UNSET,
        links=_links(request, tenant_slug),
        guardrails=results_of(request.trace) or UNSET,
        warnings=list(request.trace.get("warnings", ())) or UNSET,
    )


def _requirement(requirement: Requirement, board: Board) -> RequirementState:
    request = board.request
    satisfied = requirement.satisfied_at is not None or request.status == RequestStatus.APPROVED
    return RequirementState(
        rule=requirement.rule_id,
        satisfied=satisfied,
        missing=missing_of(board, requirement) if request.is_pending and not satisfied else "",
    )


def _decision(request: ActionRequest) -> Decision | None:
    if request.is_pending:
        return None
    return Decision(
        outcome=request.status,
        reason=request.decision_reason or request.because,
        by=request.decided_by_name,
        reasons=codes_of(request.trace.get("refusals", ())) or UNSET,
        passes_at=passes_at(request.trace.get("refusals", ())) or UNSET,
    )


def _links(request: ActionRequest, tenant_slug: str) -> Links:
    base = settings.BASE_URL
    return Links(
        self=f"{base}{path_of(request)}",
        review=f"{base}/t/{tenant_slug}/requests/{request.public_id}/",
        events=f"{base}/api/v1/action-requests/events",
    )
