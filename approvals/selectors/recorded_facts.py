"""Facts of requests that are older than the keeping of facts, put together from the tables."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from approvals.facts import zone_of
from approvals.leash import sentences_of
from approvals.models import ActionCategory
from approvals.policies import Facts
from govapp.common.tenancy import require_tenant_id
from tenants.models import Agent, Tenant

_decode = msgspec.json.Decoder().decode


class RecordedRow(NamedTuple):
    """One request in raw columns, JSON as text."""

    ident: UUID
    submitted_at: str  # as PostgreSQL writes it: only its place in the order matters
    status: str
    because: str
    category_key: str
    facts: str | None
    payload: str
    obligations: str
    agent_id: UUID
    owner_id: UUID | None
    on_behalf_of: str
    rest: str | None  # of a request without stored facts
    trace: str | None  # what it says of what held a request that does not keep it by itself


class OldFacts:
    """Facts of requests that are older than their keeping, from what the tables say now."""

    def __init__(self) -> None:
        self._agents: dict[UUID, Agent] | None = None
        self._categories: Mapping[UUID, ActionCategory] = {}
        self._zone = zone_of("UTC")

    def facts(self, row: RecordedRow, payload: Mapping[str, object]) -> Facts:
        """Put together what can be known; what a run or a target did before cannot."""
        if self._agents is None:
            self._agents = {each.pk: each for each in Agent.objects.all()}
            self._categories = {each.pk: each for each in ActionCategory.objects.all()}
            self._zone = zone_of(Tenant.objects.get(pk=require_tenant_id()).time_zone)
        agent = self._agents[row.agent_id]
        submitted_at = datetime.fromisoformat(row.submitted_at)
        rest: dict[str, Any] = _decode(row.rest or "{}")
        refusals = sentences_of(rest["refusals"] or ())
        category = self._categories.get(UUID(rest["category_id"])) if rest["category_id"] else None
        confidence = rest["confidence"]
        return Facts(
            category=row.category_key,
            category_known=category is not None and not _said(refusals, "The category "),
            category_risk=category.risk if category else "critical",
            category_reversible=category.is_reversible if category else False,
            payload=payload,
            environment=rest["environment"],
            agent_name=agent.name,
            agent_labels=frozenset(agent.labels),
            agent_tier=agent.trust_tier,
            agent_age_days=max((submitted_at - agent.created_at).days, 0),
            agent_known=not _said(refusals, "The agent "),
            confidence=None if confidence is None else Decimal(confidence),
            estimated_cost=rest["cost"],
            on_behalf_of=row.on_behalf_of or None,
            local_time=submitted_at.astimezone(self._zone),
            payload_errors=_said(refusals, "The payload "),
            integration=rest["integration"],
            category_cost_class=category.cost_class if category else "",
        )


def _said(refusals: tuple[str, ...], beginning: str) -> tuple[str, ...]:
    """Which of the sentences that refused it begin so; submission writes them."""
    return tuple(each for each in refusals if each.startswith(beginning))
