"""How far agents are trusted: lowered at once by what they did, raised only by a person."""

from typing import Final
from uuid import UUID

from django.db import connection, transaction

from govapp.common import clock
from govapp.common.errors import Conflict, FieldError, Invalid
from tenants import rules
from tenants.audit_events import trust as events
from tenants.enums import AgentStatus
from tenants.models import Agent, Loosening, Membership, TrustAssessment, TrustStandards
from tenants.selectors.trust import standards_of_tenant
from tenants.services.checks import fault
from tenants.services.loosenings import (
    CHANGED,
    ask_loosening,
    clean_reason,
    lock_leash,
    register_maker,
    require_governor,
)
from tenants.trust import TIERS, Conduct, Standards, faults_of, is_looser, tier_of

_STANDARDS: Final = "trust_standards"


def lock_conduct(agent_id: UUID) -> None:
    """One look at an agent's conduct at a time, until the transaction ends.

    No lock of its row: counting takes longer than its submissions and permissions should wait.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"conduct:{agent_id}"]
        )


def hold_agent(agent_id: UUID) -> Agent:
    """Return an agent, locked against whoever else changes it; submissions do not wait for that."""
    return Agent.objects.select_for_update(of=("self",), no_key=True).get(pk=agent_id)


def assess_conduct(*, agent: Agent, conduct: Conduct) -> TrustAssessment:
    """Keep what an agent's conduct is worth; the caller holds the agent (`hold_agent`).

    Its tier goes down at once where conduct leaves less, and never up: that is proposed.
    """
    judged = tier_of(conduct, standards_of_tenant())
    found = TrustAssessment.objects.filter(agent=agent).first() or TrustAssessment(agent=agent)
    was_proposed = found.tier if found.tier and _is_above(found.tier, agent.trust_tier) else None
    found.tier, found.ceiling = judged.tier, judged.ceiling
    found.because, found.conduct = list(judged.because), conduct.to_dict()
    found.assessed_at = clock.now()
    found.save()
    if agent.status == AgentStatus.RETIRED:
        return found
    if _is_above(agent.trust_tier, judged.ceiling):
        former, agent.trust_tier = agent.trust_tier, judged.ceiling
        agent.save(update_fields=["trust_tier"])
        events.trust_lowered(actor=None, agent=agent, former=former, reason="", found=found)
    elif _is_above(judged.tier, agent.trust_tier) and judged.tier != was_proposed:
        events.trust_proposed(agent=agent, found=found)
    return found


@transaction.atomic
def raise_trust(*, actor: Membership, agent: Agent, to: str, reason: str) -> Agent:
    """Trust an agent more, up to what its conduct has earned.

    Raises `Forbidden` (needs `owner` or `compliance`), `Invalid`, and `Conflict` when its conduct
    has not earned that, or it is trusted so far already.
    """
    require_governor(actor)
    reason = clean_reason(reason)
    agent = hold_agent(agent.pk)
    found = TrustAssessment.objects.filter(agent=agent).first()
    if to not in TIERS:
        raise fault("to", f"There is no trust tier {to}.")
    if agent.status == AgentStatus.RETIRED:
        raise Conflict(f"{agent.name} is retired, for good.", code="retired")
    if found is None or _is_above(to, found.tier):
        raise Conflict(f"What {agent.name} did has not earned it the tier {to}.", code="not_earned")
    if not _is_above(to, agent.trust_tier):
        raise Conflict(f"{agent.name} has the tier {agent.trust_tier} already.")
    former, agent.trust_tier = agent.trust_tier, to
    agent.save(update_fields=["trust_tier"])
    events.trust_raised(actor=actor, agent=agent, former=former, reason=reason, found=found)
    return agent


@transaction.atomic
def lower_trust(*, actor: Membership, agent: Agent, to: str, reason: str) -> Agent:
    """Trust an agent less, at once. Raises `Forbidden` (as pausing it), `Invalid`, `Conflict`."""
    rules.require(
        rules.may_pause_agent(actor, agent),
        "Only an owner, compliance or the owner of the agent can lower its tier.",
    )
    reason = clean_reason(reason)
    agent = hold_agent(agent.pk)
    if to not in TIERS:
        raise fault("to", f"There is no trust tier {to}.")
    if not _is_above(agent.trust_tier, to):
        raise Conflict(f"{agent.name} has the tier {agent.trust_tier} already.")
    former, agent.trust_tier = agent.trust_tier, to
    agent.save(update_fields=["trust_tier"])
    found = TrustAssessment.objects.filter(agent=agent).first()
    events.trust_lowered(actor=actor, agent=agent, former=former, reason=reason, found=found)
    return agent


@transaction.atomic
def set_standards(*, actor: Membership, standards: Standards, reason: str) -> Loosening | None:
    """Say what each tier asks for. What asks for less somewhere waits for a second person.

    Returns what waits, None when it holds already. Raises `Forbidden` (needs `owner` or
    `compliance`), `Invalid` with every fault, and `Conflict` while another change waits.
    """
    require_governor(actor)
    reason = clean_reason(reason)
    if faults := list(faults_of(standards)):
        raise Invalid(
            faults[0][1],
            errors=[FieldError(f"/{name.replace('.', '_')}", said) for name, said in faults],
        )
    lock_leash()
    before = standards_of_tenant()
    if standards == before:
        return None
    if not is_looser(before, standards):
        _write_standards(actor, actor, standards, reason)
        return None
    return ask_loosening(
        actor=actor,
        kind=_STANDARDS,
        ref="",
        change={"before": before.to_dict(), "after": standards.to_dict()},
        sentence="Tiers of trust ask for less: " + _changed(before, standards) + ".",
        reason=reason,
    )


@register_maker(_STANDARDS)
def _make_standards(loosening: Loosening, confirmed_by: Membership) -> None:
    if standards_of_tenant().to_dict() != loosening.change["before"]:
        raise Conflict(CHANGED, code="overtaken")
    after = Standards.of(loosening.change["after"])
    _write_standards(confirmed_by, loosening.asked_by, after, loosening.reason)


def _write_standards(
    actor: Membership, set_by: Membership, standards: Standards, reason: str
) -> None:
    former = standards_of_tenant()
    row = TrustStandards.objects.first() or TrustStandards()
    row.document, row.reason = standards.to_dict(), reason
    row.set_by, row.set_at = set_by, clock.now()
    row.save()
    events.standards_set(actor=actor, standards=row, former=former.to_dict())
    if standards.window_days == former.window_days:
        _judge_again()


def _judge_again() -> None:
    """Hold what is known of every agent against the new standards, by id: one order of locks."""
    known = TrustAssessment.objects.exclude(agent__status=AgentStatus.RETIRED)
    for agent_id in list(known.order_by("agent_id").values_list("agent_id", flat=True)):
        agent = hold_agent(agent_id)
        conduct = TrustAssessment.objects.get(agent=agent).conduct  # as it is under the lock
        assess_conduct(agent=agent, conduct=Conduct.of(conduct))


def _changed(before: Standards, after: Standards) -> str:
    """Return the numbers that differ: "high failed from 5 to 8"."""
    old, new = _flat(before), _flat(after)
    return ", ".join(
        f"{name} from {old[name]} to {new[name]}" for name in old if old[name] != new[name]
    )


def _flat(standards: Standards) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, value in standards.to_dict().items():
        if isinstance(value, dict):
            found |= {f"{name} {each.replace('_', ' ')}": n for each, n in value.items()}
        else:
            found[name.replace("_", " ")] = value
    return found


def _is_above(tier: str, other: str) -> bool:
    return TIERS.index(tier) > TIERS.index(other)
