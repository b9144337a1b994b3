"""From what an agent submitted and what the tenant's tables say to the engine's facts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from approvals.digests import canonical_json
from approvals.models import ActionCategory
from approvals.policies import Facts
from approvals.policies.decimals import read_decimal
from approvals.selectors.history import History
from tenants.enums import AgentStatus
from tenants.models import Agent
from tenants.office_hours import OfficeHours


@dataclass(frozen=True)
class Submission:
    """What an agent sends in to have an action decided (design: API page)."""

    category: str
    summary: str
    payload: dict[str, Any]
    reason: str = ""
    sources: tuple[Any, ...] | list[Any] = ()
    confidence: Decimal | None = None
    environment: str = "production"
    integration: str = ""  # the system that it is done on
    run: str = ""  # the task that it belongs to, as the agent names it, or its id
    step: str = ""  # the step of that run whose output it acts on, by the agent's key
    # The delegation that it comes under: its token, or its public id where that is known already.
    delegation: str = ""
    estimated_cost: Mapping[str, Any] | None = None
    on_behalf_of: str = ""
    traceparent: str = ""
    supersedes: UUID | None = None
    callback_endpoint: UUID | None = None
    undoes: UUID | None = None  # only `services.undoing` says so


def facts_of(
    *,
    agent: Agent,
    agent_status: str,
    submission: Submission,
    category: ActionCategory | None,
    payload_errors: tuple[str, ...],
    time_zone: str,
    now: datetime,
    office: OfficeHours | None = None,
    history: History | None = None,
    guardrail_findings: frozenset[str] | None = None,
    run_labels: frozenset[str] | None = None,
    delegation_depth: int = 0,
) -> Facts:
    """Return the facts of one submission. `now` is the database's time.

    Without `office` and `history` a rule that looks at them cannot be evaluated.
    """
    local_time, past = now.astimezone(zone_of(time_zone)), history or History()
    return Facts(
        category=submission.category,
        category_known=category is not None,
        category_risk=category.risk if category else "critical",
        category_reversible=category.is_reversible if category else False,
        payload=submission.payload,
        environment=submission.environment,
        agent_name=agent.name,
        agent_labels=frozenset(agent.labels),
        agent_tier=agent.trust_tier,
        agent_age_days=max((now - agent.created_at).days, 0),
        agent_known=agent_status == AgentStatus.ACTIVE,
        confidence=submission.confidence,
        estimated_cost=submission.estimated_cost,
        on_behalf_of=submission.on_behalf_of or None,
        local_time=local_time,
        payload_errors=payload_errors,
        integration=submission.integration,
        category_cost_class=category.cost_class if category else "",
        business_hours=office.is_open(local_time) if office else None,
        run_counts=past.run_counts,
        first_for_target=past.first_for_target,
        amount_ratio=past.amount_ratio,
        requests_last_hour=past.requests_last_hour,
        requests_last_day=past.requests_last_day,
        guardrail_findings=guardrail_findings,
        run_labels=run_labels,
        delegation_depth=delegation_depth,
    )


def target_digest(category: ActionCategory | None, payload: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) of what the category's target field holds, "" when of nothing.

    Of its canonical JSON (RFC 8785), so that the text "7" and the number 7 are two targets.
    """
    target = value_at(payload, category.target_field) if category else None
    return "" if target is None else sha256(canonical_json(target)).hexdigest()


def attempt_digest(submission: Submission) -> str:
    """Return the SHA-256 (hex) of what is tried, whichever version of the policy decides on it."""
    tried = {"category": submission.category, "payload": submission.payload}
    return sha256(canonical_json(tried)).hexdigest()


def amount_of(category: ActionCategory | None, payload: Mapping[str, Any]) -> Decimal | None:
    """Return the number in the category's amount field, None when there is none."""
    return read_decimal(value_at(payload, category.amount_field)) if category else None


def value_at(payload: Mapping[str, Any], path: str) -> Any:
    """Return what a dotted path leads to, as rules read it; None when it leads to nothing."""
    value: Any = payload if path else None
    for segment in path.split("."):
        value = value.get(segment) if isinstance(value, Mapping) else None
    return value


def zone_of(name: str) -> tzinfo:
    """Return the tenant's time zone; UTC when its name is not known on this machine."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
