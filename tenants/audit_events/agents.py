"""Events about agents and their keys. A key's secret and hash never reach the record."""

from collections.abc import Mapping

from audit.services import record
from tenants.audit_events.keys import key_facts
from tenants.audit_events.words import (
    Change,
    agent_subject,
    changes_data,
    changes_sentence,
    credential_subject,
    name_of,
    said,
)
from tenants.models import Agent, Credential, Membership


def agent_registered(*, actor: Membership, agent: Agent) -> None:
    record(
        event_type="agent.registered",
        actor=actor.as_actor(),
        subject=agent_subject(agent),
        summary=(
            f"{actor.user.name} registered the agent {agent.name},"
            f" owned by {agent.owner.user.name}."
        ),
        data={
            "name": agent.name,
            "description": agent.description,
            "owner": agent.owner.public_id,
            "owner_name": name_of(agent.owner),
            "trust_tier": agent.trust_tier,
            "labels": list(agent.labels),
            "needs_proof": agent.needs_proof,
        },
    )


def agent_changed(*, actor: Membership, agent: Agent, changes: Mapping[str, Change]) -> None:
    record(
        event_type="agent.changed",
        actor=actor.as_actor(),
        subject=agent_subject(agent),
        summary=(f"{actor.user.name} changed the agent {agent.name}: {changes_sentence(changes)}."),
        data={"changes": changes_data(changes)},
    )


def agent_paused(*, actor: Membership, agent: Agent, reason: str) -> None:
    record(
        event_type="agent.paused",
        actor=actor.as_actor(),
        subject=agent_subject(agent),
        summary=f"{actor.user.name} paused the agent {agent.name}: {reason}",
        data={"name": agent.name, "reason": said(reason, actor)},
    )


def agent_resumed(*, actor: Membership, agent: Agent) -> None:
    record(
        event_type="agent.resumed",
        actor=actor.as_actor(),
        subject=agent_subject(agent),
        summary=f"{actor.user.name} let the agent {agent.name} act again.",
        data={"name": agent.name},
    )


def agent_retired(*, actor: Membership, agent: Agent, reason: str) -> None:
    record(
        event_type="agent.retired",
        actor=actor.as_actor(),
        subject=agent_subject(agent),
        summary=f"{actor.user.name} retired the agent {agent.name} for good: {reason}",
        data={"name": agent.name, "reason": said(reason, actor)},
    )


def credential_issued(*, actor: Membership, credential: Credential) -> None:
    record(
        event_type="credential.issued",
        actor=actor.as_actor(),
        subject=credential_subject(credential),
        summary=(
            f"{actor.user.name} issued the key {credential.label} ({credential.prefix})"
            f" to the agent {credential.agent.name}."
        ),
        data=key_facts(credential),
    )


def credential_rotated(*, actor: Membership, credential: Credential, successor: Credential) -> None:
    record(
        event_type="credential.rotated",
        actor=actor.as_actor(),
        subject=credential_subject(credential),
        summary=(
            f"{actor.user.name} replaced the key {credential.label} ({credential.prefix}) of the"
            f" agent {credential.agent.name} by {successor.prefix}; the old one works until"
            f" {credential.expires_at:%d %B %Y %H:%M} UTC."
        ),
        data=key_facts(credential) | {"successor": key_facts(successor)},
    )


def credential_revoked(*, actor: Membership, credential: Credential) -> None:
    record(
        event_type="credential.revoked",
        actor=actor.as_actor(),
        subject=credential_subject(credential),
        summary=(
            f"{actor.user.name} revoked the key {credential.label} ({credential.prefix})"
            f" of the agent {credential.agent.name}."
        ),
        data=key_facts(credential),
    )
