"""What each tier asks for, and what agents' conduct was last found to be worth."""

from dataclasses import dataclass

from tenants.enums import TrustTier
from tenants.models import Agent, TrustAssessment, TrustStandards
from tenants.trust import DEFAULT_STANDARDS, TIERS, Standards


@dataclass(frozen=True)
class TrustShown:
    """How far an agent is trusted, and why; `proposed` is the tier that a person may raise to."""

    tier: TrustTier
    assessment: TrustAssessment | None
    proposed: TrustTier | None
    lower: list[TrustTier]


def standards_row() -> TrustStandards | None:
    """Return what the tenant has set for the tiers, if anything."""
    return TrustStandards.objects.select_related("set_by__user").first()


def standards_of_tenant() -> Standards:
    """Return what each tier asks for here."""
    row = standards_row()
    return Standards.of(row.document) if row else DEFAULT_STANDARDS


def trust_of(agent: Agent) -> TrustShown:
    """Return how far an agent is trusted, with the latest look at its conduct."""
    found = TrustAssessment.objects.filter(agent=agent).first()
    own = TIERS.index(agent.trust_tier)
    is_more = found is not None and TIERS.index(found.tier) > own
    return TrustShown(
        tier=TrustTier(agent.trust_tier),
        assessment=found,
        proposed=TrustTier(found.tier) if found and is_more else None,
        lower=[TrustTier(tier) for tier in TIERS[:own]],
    )


def raisable(shown: TrustShown) -> list[TrustTier]:
    """Return the tiers that a person may raise an agent to, the lowest first."""
    if shown.proposed is None:
        return []
    first, last = TIERS.index(shown.tier) + 1, TIERS.index(shown.proposed) + 1
    return [TrustTier(tier) for tier in TIERS[first:last]]


def proposed_raises() -> list[TrustAssessment]:
    """Return the agents that have earned more trust than they have, by name."""
    rows = TrustAssessment.objects.select_related("agent").exclude(agent__status="retired")
    return [
        row
        for row in rows.order_by("agent__name")
        if TIERS.index(row.tier) > TIERS.index(row.agent.trust_tier)
    ]
