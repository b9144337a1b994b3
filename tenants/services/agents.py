"""Agents: registering, changing, pausing, letting them act again, and retiring them."""

from collections.abc import Iterable
from typing import Any, Final

from django.db import IntegrityError, transaction

from govapp.common import clock
from govapp.common.errors import Conflict, Malformed
from tenants import rules
from tenants.audit_events import agents as events
from tenants.audit_events.words import Change
from tenants.enums import AgentStatus, TrustTier
from tenants.models import Agent, Credential, Membership
from tenants.services.checks import clean_text, fault

MOST_LABELS: Final = 20
_LABELS: Final = {
    "name": "name",
    "description": "description",
    "owner": "owner",
    "labels": "labels",
    "needs_proof": "needs proofs of possession",
}


@transaction.atomic
def register_agent(
    *,
    actor: Membership,
    name: str,
    description: str,
    owner: Membership,
    labels: Iterable[str] = (),
    trust_tier: str = TrustTier.NEW,
    needs_proof: bool = False,
) -> Agent:
    """Make an agent known, owned by an active member, and return it. It has no key yet.

    Raises `Forbidden`, `Invalid`, and `Conflict` when the name is taken.
    """
    _require_owner(actor)
    fields = {
        "name": name,
        "description": description,
        "owner": owner,
        "labels": labels,
        "trust_tier": trust_tier,
        "needs_proof": needs_proof,
    }
    agent = Agent(**{field: _checked(field, value) for field, value in fields.items()})
    try:
        with transaction.atomic():
            agent.save(force_insert=True)
    except IntegrityError:
        raise _name_taken(agent.name) from None
    events.agent_registered(actor=actor, agent=agent)
    return agent


@transaction.atomic
def change_agent(*, actor: Membership, agent: Agent, **fields: Any) -> Agent:
    """Change any of `name`, `description`, `owner`, `labels`, `needs_proof`; return the agent.

    Its tier of trust is lowered and raised by `services.trust`.

    Raises `Forbidden`, `Invalid`, `Malformed` for another field, `Conflict` for a taken name and
    for an agent that is retired.
    """
    _require_owner(actor)
    if unknown := set(fields) - set(_LABELS):
        raise Malformed(f"An agent has no field {sorted(unknown)[0]}.")
    agent = _locked(agent)
    _check_not_retired(agent)
    changes: dict[str, Change] = {}
    for field, value in fields.items():
        value, before = _checked(field, value), getattr(agent, field)
        if value != before:
            changes[field] = Change(_LABELS[field], _word(before), _word(value))
            setattr(agent, field, value)
    if changes:
        try:
            with transaction.atomic():
                agent.save(update_fields=list(changes))
        except IntegrityError:
            raise _name_taken(agent.name) from None
        events.agent_changed(actor=actor, agent=agent, changes=changes)
    return agent


@transaction.atomic
def pause_agent(*, actor: Membership, agent: Agent, reason: str) -> Agent:
    """Refuse the agent's keys from the next request on. Raises `Forbidden`, `Conflict`."""
    rules.require(
        rules.may_pause_agent(actor, agent),
        "Only an owner, compliance or the owner of the agent can pause it.",
    )
    reason = clean_text(reason, field="reason", at_most=300)
    agent = _locked(agent)
    if agent.status != AgentStatus.ACTIVE:
        raise Conflict(f"{agent.name} is not active.", code="not_active")
    agent.status = AgentStatus.PAUSED
    agent.save(update_fields=["status"])
    events.agent_paused(actor=actor, agent=agent, reason=reason)
    return agent


@transaction.atomic
def resume_agent(*, actor: Membership, agent: Agent) -> Agent:
    """Let a paused agent act again. Raises `Forbidden`, `Conflict`."""
    _require_owner(actor)
    agent = _locked(agent)
    if agent.status != AgentStatus.PAUSED:
        raise Conflict(f"{agent.name} is not paused.", code="not_paused")
    agent.status = AgentStatus.ACTIVE
    agent.save(update_fields=["status"])
    events.agent_resumed(actor=actor, agent=agent)
    return agent


@transaction.atomic
def retire_agent(*, actor: Membership, agent: Agent, reason: str) -> Agent:
    """Stop the agent for good: every key is revoked, and nothing lets it act again.

    What it has asked for and nobody has decided stays open; a permission of it cannot be used.
    Raises `Forbidden` unless the actor is an owner, `Invalid`, `Conflict` when it is retired.
    """
    _require_owner(actor)
    reason = clean_text(reason, field="reason", at_most=300)
    agent = _locked(agent)
    _check_not_retired(agent)
    agent.status = AgentStatus.RETIRED
    agent.save(update_fields=["status"])
    keys = Credential.objects.select_for_update(of=("self",)).select_related("agent")
    for credential in keys.filter(agent=agent, revoked_at=None).order_by("created_at", "pk"):
        credential.revoked_at = clock.now()
        credential.save(update_fields=["revoked_at"])
        events.credential_revoked(actor=actor, credential=credential)
    events.agent_retired(actor=actor, agent=agent, reason=reason)
    return agent


def _check_not_retired(agent: Agent) -> None:
    if agent.status == AgentStatus.RETIRED:
        raise Conflict(f"{agent.name} is retired, for good.", code="retired")


def _require_owner(actor: Membership) -> None:
    rules.require(rules.may_manage_agents(actor), "Only an owner can manage agents.")


def _locked(agent: Agent) -> Agent:
    return (
        Agent.objects.select_for_update(of=("self",)).select_related("owner__user").get(pk=agent.pk)
    )


def _name_taken(name: str) -> Conflict:
    return Conflict(f"There is an agent {name} already.", code="name_taken")


def _checked(field: str, value: Any) -> Any:
    match field:
        case "name":
            return clean_text(value, field=field, at_most=100)
        case "description":
            return clean_text(value, field=field, at_most=500, required=False)
        case "owner":
            if not value.is_active:
                raise fault(field, f"{value.user.name} is not active.")
        case "labels":
            return _clean_labels(value)
        case "trust_tier":
            if value not in TrustTier.values:
                raise fault(field, f"There is no trust tier {value}.")
            return TrustTier(value).value
        case "needs_proof":
            return bool(value)
    return value


def _clean_labels(labels: Iterable[str]) -> list[str]:
    cleaned = sorted({clean_text(label, field="labels", at_most=50).lower() for label in labels})
    if len(cleaned) > MOST_LABELS:
        raise fault("labels", f"Use at most {MOST_LABELS} labels.")
    return cleaned


def _word(value: Any) -> str:
    if isinstance(value, Membership):
        return value.user.name
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)
