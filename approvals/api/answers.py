"""What agents get: the action request and its neighbours, as typed structs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, cast

import msgspec
from django.conf import settings
from msgspec import Meta

from approvals.enums import ExecutionState, RequestStatus
from approvals.models import ActionRequest, Requirement
from approvals.obligations import grant_not_before, obligations_of
from approvals.policies import Evaluation
from approvals.policies.obligations import EvaluatedObligations
from approvals.selectors.approvers import missing_of
from approvals.selectors.board import Board, boards_in_hand
from approvals.selectors.trace import read_trace
from approvals.services.execution import IssuedGrant
from govapp.common.ids import public_id

MOST_TRACED: Final = 200
Outcome = Literal["allow", "deny", "require_approval"]
Status = Annotated[str, Meta(extra_json_schema={"enum": RequestStatus.values})]
State = Annotated[str, Meta(extra_json_schema={"enum": ExecutionState.values})]
Digest = Annotated[
    str, Meta(description="SHA-256 over the canonical JSON (RFC 8785) of what is approved.")
]


class RuleResult(msgspec.Struct):
    """A rule that took part, and why."""

    id: str
    outcome: Outcome
    because: str


class Note(msgspec.Struct):
    """What a rule attaches, for whoever acts on it and for whoever decides."""

    rule: str
    text: str


class RuleTraceResult(msgspec.Struct):
    """How one rule fared: its outcome, whether it matched, why, and the values that it saw."""

    id: str
    outcome: Outcome
    verdict: Literal["matched", "not_matched", "unevaluable"]
    because: str
    values: dict[str, str]


class PreviewedPolicy(msgspec.Struct):
    """The trace of every rule: those that took part first, at most 200, and how many in all."""

    trace: list[RuleTraceResult]
    trace_total: int


class PolicyResult(msgspec.Struct, omit_defaults=True):
    """The version that decided (null: there was none), and its rules that took part.

    The trace of every rule is given with a single request and not in lists: those that took part
    first, at most 200 of them, with how many there are in all.
    """

    version: int | None
    rules: list[RuleResult]
    trace: list[RuleTraceResult] | None = None
    trace_total: int | None = None


class RequirementState(msgspec.Struct):
    """What one rule demands, and what is still missing, in words."""

    rule: str
    satisfied: bool
    missing: str


class Decision(msgspec.Struct):
    """How it ended. `by` is empty when no person decided."""

    outcome: Status
    reason: str
    by: str


class Execution(msgspec.Struct, omit_defaults=True):
    """What became of the permission."""

    state: State
    note: str = ""
    cost: dict[str, Any] | None = None
    reported_at: datetime | None = None


class Links(msgspec.Struct):
    """Where to look: the request, its page for people, the agent's event stream."""

    self: str
    review: str
    events: str


class ActionRequestAnswer(msgspec.Struct, kw_only=True):
    """An action that an agent submitted, as it stands now."""

    id: str
    status: Status
    category: str
    summary: str
    payload_digest: Digest
    environment: str
    integration: str
    run: str
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


class ActionRequestPage(msgspec.Struct):
    """A page of a list, newest first."""

    data: list[ActionRequestAnswer]
    next_cursor: str | None
    has_more: bool


class PreviewedRequirement(msgspec.Struct):
    """What one rule would demand."""

    rule: str
    sentence: str


class Preview(msgspec.Struct):
    """What would happen. Nothing has been written."""

    outcome: Outcome
    because: str
    rules: list[RuleResult]
    policy: PreviewedPolicy
    requirements: list[PreviewedRequirement]
    notes: list[Note]
    step_up: Annotated[bool, Meta(description="Whether approvers are asked for a second factor.")]
    login: Annotated[
        bool, Meta(description="Whether approvers have to log in, whatever the channel.")
    ]
    grant_delay_seconds: Annotated[
        int, Meta(description="For how long the permission would be held back.")
    ]


class GrantAnswer(msgspec.Struct):
    """The signed permission: verify it with the keys at `jwks`, act, redeem it."""

    token: str
    jti: str
    expires_at: datetime
    jwks: str


class RedemptionAnswer(msgspec.Struct):
    """The permission is used now, by this call and by no other."""

    request: str
    jti: str
    payload_digest: Digest
    redeemed_at: datetime | None


class Key(msgspec.Struct):
    """A public Ed25519 key (RFC 8037)."""

    kty: str
    crv: str
    x: str
    kid: str
    alg: str
    use: str


class KeySet(msgspec.Struct):
    """The public keys of grants (RFC 7517)."""

    keys: list[Key]


def answer_for(
    request: ActionRequest, *, tenant_slug: str, with_trace: bool = False
) -> ActionRequestAnswer:
    """Return one request as agents see it, and `with_trace` how every rule fared."""
    answer = answers_for([request], tenant_slug=tenant_slug)[0]
    if with_trace:
        answer.policy.trace, answer.policy.trace_total = _trace(request.trace)
    return answer


def answers_for(
    requests: Sequence[ActionRequest], *, tenant_slug: str
) -> list[ActionRequestAnswer]:
    """Return requests as agents see them. No statement for those from `selectors.requests`."""
    return [_answer(board, tenant_slug) for board in boards_in_hand(requests)]


def preview_for(evaluation: Evaluation) -> Preview:
    """Return what a submission would lead to."""
    attached, whole = evaluation.obligations, evaluation.to_dict()
    return Preview(
        outcome=evaluation.outcome,
        because=evaluation.because,
        rules=_rules(whole),
        policy=PreviewedPolicy(*_trace(whole)),
        requirements=[
            PreviewedRequirement(each.rule_id, each.sentence) for each in evaluation.requirements
        ],
        notes=_notes(attached),
        step_up=attached.step_up,
        login=attached.login,
        grant_delay_seconds=round(attached.delay.total_seconds()) if attached.delay else 0,
    )


def grant_for(grant: IssuedGrant) -> GrantAnswer:
    """Return a permission that was just issued."""
    return GrantAnswer(
        token=grant.token,
        jti=str(grant.jti),
        expires_at=grant.expires_at,
        jwks=f"{settings.BASE_URL}/.well-known/jwks.json",
    )


def path_of(request: ActionRequest) -> str:
    """Return the request's address in the API."""
    return f"/api/v1/action-requests/{request.public_id}"


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
        submitted_at=request.submitted_at,
        deadline_at=request.deadline_at,
        decided_at=request.decided_at,
        policy=PolicyResult(version.number if version else None, _rules(request.trace)),
        requirements=[_requirement(each, board) for each in board.requirements],
        notes=_notes(obligations_of(request)),
        grant_not_before=grant_not_before(request),
        decision=_decision(request),
        execution=Execution(
            state=request.execution_state,
            note=request.execution_note,
            cost=request.execution_cost,
            reported_at=request.execution_reported_at,
        ),
        supersedes=public_id("ar", request.supersedes_id) if request.supersedes_id else None,
        links=_links(request, tenant_slug),
    )


def _notes(attached: EvaluatedObligations) -> list[Note]:
    return [Note(rule, text) for rule, text in attached.notes]


def _requirement(requirement: Requirement, board: Board) -> RequirementState:
    request = board.request
    satisfied = requirement.satisfied_at is not None or request.status == RequestStatus.APPROVED
    return RequirementState(
        rule=requirement.rule_id,
        satisfied=satisfied,
        missing=missing_of(board, requirement) if request.is_pending and not satisfied else "",
    )


def _trace(trace: Mapping[str, Any]) -> tuple[list[RuleTraceResult], int]:
    """Return how the rules fared, as the request's page shows it, and how many there are."""
    lines = read_trace(trace)
    shown = [
        RuleTraceResult(
            line.rule_id,
            cast("Outcome", line.outcome),
            cast("Any", line.verdict),
            line.because,
            dict(line.values),
        )
        for line in lines[:MOST_TRACED]
    ]
    return shown, len(lines)


def _rules(trace: Mapping[str, Any]) -> list[RuleResult]:
    """Return the rules that took part; the policy's default when none did."""
    found = [
        RuleResult(rule["rule_id"], rule["outcome"], rule["because"])
        for rule in trace.get("rules", ())
        if rule["verdict"] != "not_matched"
    ]
    if not found and trace.get("used_default"):
        return [RuleResult("default", trace["outcome"], trace["because"])]
    return found


def _decision(request: ActionRequest) -> Decision | None:
    if request.is_pending:
        return None
    return Decision(
        outcome=request.status,
        reason=request.decision_reason or request.because,
        by=request.decided_by_name,
    )


def _links(request: ActionRequest, tenant_slug: str) -> Links:
    base = settings.BASE_URL
    return Links(
        self=f"{base}{path_of(request)}",
        review=f"{base}/t/{tenant_slug}/requests/{request.public_id}/",
        events=f"{base}/api/v1/action-requests/events",
    )
