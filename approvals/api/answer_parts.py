"""What answers about requests are made of: typed structs, and how a trace reads in them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, cast

import msgspec
from msgspec import UNSET, Meta, UnsetType

from approvals.enums import ExecutionState, RequestStatus
from approvals.policies.obligations import EvaluatedObligations
from approvals.selectors.trace import read_trace

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
    reasons: Annotated[
        list[str] | UnsetType, Meta(description="Codes of what no rule can allow; when blocked.")
    ] = UNSET
    passes_at: Annotated[
        datetime | UnsetType,
        Meta(description="When the same may pass: of what is throttled, or was tried too often."),
    ] = UNSET


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


class FieldChangeResult(msgspec.Struct):
    """A field of the payload that an approver changed, by its dotted path."""

    field: str
    before: Any
    after: Any


def traced(trace: Mapping[str, Any]) -> tuple[list[RuleTraceResult], int]:
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


def rules_of(trace: Mapping[str, Any]) -> list[RuleResult]:
    """Return the rules that took part; the policy's default when none did."""
    found = [
        RuleResult(rule["rule_id"], rule["outcome"], rule["because"])
        for rule in trace.get("rules", ())
        if rule["verdict"] != "not_matched"
    ]
    if not found and trace.get("used_default"):
        return [RuleResult("default", trace["outcome"], trace["because"])]
    return found


def notes_of(attached: EvaluatedObligations) -> list[Note]:
    """Return what the rules attach."""
    return [Note(rule, text) for rule, text in attached.notes]
