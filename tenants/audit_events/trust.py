"""Events about how far agents are trusted."""

from typing import Any

from audit.actors import SYSTEM, Actor, Subject
from audit.services import record
from govapp.common.ids import public_id
from tenants.audit_events.words import agent_subject, said
from tenants.models import Agent, Membership, TrustAssessment, TrustStandards


def trust_lowered(
    *,
    actor: Membership | None,
    agent: Agent,
    former: str,
    reason: str,
    found: TrustAssessment | None,
) -> None:
    """An agent is trusted less: at once when its conduct says so, or because a person says so."""
    if actor is None:
        summary = f"Trust in the agent {agent.name} was lowered from {former} to {agent.trust_tier}"
        summary += " by what it did."
    else:
        summary = (
            f"{actor.user.name} lowered trust in the agent {agent.name} from {former} to"
            f" {agent.trust_tier}."
        )
    _trust("agent.trust_lowered", actor, agent, summary, former, reason, found)


def trust_raised(
    *, actor: Membership, agent: Agent, former: str, reason: str, found: TrustAssessment
) -> None:
    """A person trusts an agent more, after what it did."""
    summary = (
        f"{actor.user.name} raised trust in the agent {agent.name} from {former} to"
        f" {agent.trust_tier}."
    )
    _trust("agent.trust_raised", actor, agent, summary, former, reason, found)


def trust_proposed(*, agent: Agent, found: TrustAssessment) -> None:
    """An agent's conduct has earned it more trust than it has; a person may raise it."""
    summary = (
        f"What the agent {agent.name} did has earned it the tier {found.tier}; it has"
        f" {agent.trust_tier} until a person raises it."
    )
    _trust("agent.trust_proposed", None, agent, summary, agent.trust_tier, "", found, found.tier)


def standards_set(
    *,
    actor: Membership,
    standards: TrustStandards,
    former: dict[str, Any],
) -> None:
    """What each tier asks for is something else from now on."""
    record(
        event_type="trust.standards_set",
        actor=actor.as_actor(),
        subject=Subject("trust_standards", public_id("tst", standards.pk), "Trust standards"),
        summary=f"{actor.user.name} set what each tier of trust asks of an agent.",
        data={
            "before": former,
            "after": standards.document,
            "reason": said(standards.reason, standards.set_by),
            "asked_by": standards.set_by.public_id,
        },
    )


def _trust(
    event_type: str,
    actor: Membership | None,
    agent: Agent,
    summary: str,
    former: str,
    reason: str,
    found: TrustAssessment | None,
    tier: str = "",
) -> None:
    by: Actor = actor.as_actor() if actor else SYSTEM
    record(
        event_type=event_type,
        actor=by,
        subject=agent_subject(agent),
        summary=summary,
        data={
            "name": agent.name,
            "from": former,
            "to": tier or agent.trust_tier,
            "reason": said(reason, actor) if actor else reason,
            "because": list(found.because) if found else [],
            "conduct": dict(found.conduct) if found else {},
        },
    )
