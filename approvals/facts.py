"""From what an agent submitted and what the tenant's tables say to the engine's facts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from approvals.models import ActionCategory
from approvals.policies import Facts
from tenants.enums import AgentStatus
from tenants.models import Agent


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
    estimated_cost: Mapping[str, Any] | None = None
    on_behalf_of: str = ""
    traceparent: str = ""
    supersedes: UUID | None = None
    callback_endpoint: UUID | None = None


def facts_of(
    *,
    agent: Agent,
    agent_status: str,
    submission: Submission,
    category: ActionCategory | None,
    payload_errors: tuple[str, ...],
    time_zone: str,
    now: datetime,
) -> Facts:
    """Return the facts of one submission. `now` is the database's time."""
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
        local_time=now.astimezone(zone_of(time_zone)),
        payload_errors=payload_errors,
    )


def zone_of(name: str) -> tzinfo:
    """Return the tenant's time zone; UTC when its name is not known on this machine."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
