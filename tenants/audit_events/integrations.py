"""Events about what agents may reach. Never a secret: its version and four digits of a mark."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from audit.actors import SYSTEM, Actor, Subject
from audit.services import record
from tenants.audit_events.words import (
    Change,
    changes_data,
    changes_sentence,
    in_words,
    party,
    said,
)
from tenants.models import (
    Agent,
    Integration,
    IntegrationAlert,
    IntegrationGrant,
    Membership,
    VaultSecret,
)


def registered(*, actor: Membership, integration: Integration) -> None:
    _record(
        "integration.registered", actor.as_actor(), integration,
        f"{actor.user.name} registered the integration {integration.name} ({integration.slug}):"
        f" {in_words(list(integration.scopes)) or 'no scope'}.",
        _facts(integration),
    )  # fmt: skip


def changed(*, actor: Membership, integration: Integration, changes: Mapping[str, Change]) -> None:
    _record(
        "integration.changed", actor.as_actor(), integration,
        f"{actor.user.name} changed the integration {integration.name}:"
        f" {changes_sentence(changes)}.",
        {"changes": changes_data(changes)},
    )  # fmt: skip


def check_asked(*, actor: Membership, integration: Integration) -> None:
    _record(
        "integration.check_asked", actor.as_actor(), integration,
        f"{actor.user.name} asked for a check of the integration {integration.name}.",
        {"address": integration.address},
    )  # fmt: skip


def check_due(*, integration: Integration) -> None:
    """Nobody asked for it: what the check before was passed with has ended."""
    _record(
        "integration.check_asked", SYSTEM, integration,
        f"The integration {integration.name} is checked again: the client with which alone it"
        " passed its check has ended.",
        {"address": integration.address},
    )  # fmt: skip


def checked(*, integration: Integration) -> None:
    how = "passed its check" if integration.check_passed else "did not pass its check"
    _record(
        "integration.checked", SYSTEM, integration,
        f"The integration {integration.name} {how}: {integration.check_result}",
        {
            "address": integration.address,
            "scopes": list(integration.scopes),
            "passed": integration.check_passed,
            "result": integration.check_result,
        },
    )  # fmt: skip


def activated(*, actor: Membership, integration: Integration) -> None:
    _record(
        "integration.activated", actor.as_actor(), integration,
        f"{actor.user.name} activated the integration {integration.name}.", {},
    )  # fmt: skip


def suspended(*, actor: Membership, integration: Integration, reason: str) -> None:
    _record(
        "integration.suspended", actor.as_actor(), integration,
        f"{actor.user.name} suspended the integration {integration.name}: {reason}",
        {"reason": said(reason, actor)},
    )  # fmt: skip


def resumed(*, actor: Membership, integration: Integration) -> None:
    _record(
        "integration.resumed", actor.as_actor(), integration,
        f"{actor.user.name} let the integration {integration.name} be used again.", {},
    )  # fmt: skip


def revoked(*, actor: Membership, integration: Integration, reason: str) -> None:
    _record(
        "integration.revoked", actor.as_actor(), integration,
        f"{actor.user.name} revoked the integration {integration.name} for good: {reason}",
        {"reason": said(reason, actor)},
    )  # fmt: skip


def granted(*, actor: Membership, grant: IntegrationGrant) -> None:
    ends = f" until {grant.expires_at:%d %B %Y %H:%M} UTC" if grant.expires_at else ""
    _record(
        "integration.granted", actor.as_actor(), grant.integration,
        f"{actor.user.name} granted the integration {grant.integration.name} to the agent"
        f" {grant.agent.name} for {in_words(list(grant.categories))}{ends}.",
        _grant_facts(grant),
    )  # fmt: skip


def grant_withdrawn(*, actor: Membership, grant: IntegrationGrant) -> None:
    _record(
        "integration.grant_withdrawn", actor.as_actor(), grant.integration,
        f"{actor.user.name} withdrew what the agent {grant.agent.name} was granted of the"
        f" integration {grant.integration.name}: {in_words(list(grant.categories))}.",
        _grant_facts(grant),
    )  # fmt: skip


def secret_set(*, actor: Membership, integration: Integration, secret: VaultSecret) -> None:
    _record(
        "integration.secret_set", actor.as_actor(), integration,
        f"{actor.user.name} put the secret of the integration {integration.name} into the vault"
        f" (version {secret.version}, mark {secret.fingerprint}).",
        _secret_facts(secret),
    )  # fmt: skip


def secret_rotated(
    *, actor: Membership, integration: Integration, secret: VaultSecret, former: str
) -> None:
    until = secret.previous_until
    both = f"both work until {until:%d %B %Y %H:%M} UTC" if until else "the old one is dropped"
    _record(
        "integration.secret_rotated", actor.as_actor(), integration,
        f"{actor.user.name} replaced the secret of the integration {integration.name} (mark"
        f" {former}) by version {secret.version} (mark {secret.fingerprint}); {both}.",
        _secret_facts(secret)
        | {"former_mark": former, "former_until": until.isoformat() if until else None},
    )  # fmt: skip


def secret_revoked(*, actor: Membership, integration: Integration, secret: VaultSecret) -> None:
    _record(
        "integration.secret_revoked", actor.as_actor(), integration,
        f"{actor.user.name} revoked the secret of the integration {integration.name} (version"
        f" {secret.version}, mark {secret.fingerprint}): it is in the vault no more.",
        _secret_facts(secret),
    )  # fmt: skip


def key_opened(
    *, agent: Agent, integration: Integration, secret: VaultSecret, now: datetime
) -> None:
    """The first opening of an hour; the others of that hour are counted beside it."""
    _record(
        "integration.key_opened", agent.as_actor(), integration,
        f"The key of the integration {integration.name} was opened for calls of the agent"
        f" {agent.name} in this hour.",
        {"agent": agent.public_id, "agent_name": agent.name, **_secret_facts(secret)},
        at=now,
    )  # fmt: skip


def use_unusual(*, alert: IntegrationAlert) -> None:
    agent = alert.agent
    _record(
        "integration.use_unusual", SYSTEM, alert.integration, alert.text,
        {
            "agent": agent.public_id,
            "agent_name": agent.name,
            "kind": alert.kind,
            "hour": alert.hour.isoformat(),
        },
        at=alert.found_at,
    )  # fmt: skip


def integration_subject(integration: Integration) -> Subject:
    return Subject(type="integration", id=integration.public_id, label=integration.name)


def _record(
    event_type: str,
    actor: Actor,
    integration: Integration,
    summary: str,
    data: Mapping[str, Any],
    *,
    at: datetime | None = None,
) -> None:
    named = {"integration": integration.slug, "integration_name": integration.name}
    record(
        event_type=event_type,
        actor=actor,
        subject=integration_subject(integration),
        summary=summary,
        data=named | dict(data),
        at=at,
    )


def _facts(integration: Integration) -> dict[str, Any]:
    expires = integration.expires_at
    return {
        "kind": integration.kind,
        "address": integration.address,
        "scopes": list(integration.scopes),
        "labels_cleared": list(integration.labels_cleared),
        "owner": party(integration.owner),
        "expires_at": expires.isoformat() if expires else None,
        "token_url": integration.token_url,
    }


def _grant_facts(grant: IntegrationGrant) -> dict[str, Any]:
    return {
        "grant": grant.public_id,
        "agent": grant.agent.public_id,
        "agent_name": grant.agent.name,
        "categories": list(grant.categories),
        "scopes": list(grant.scopes),
        "expires_at": grant.expires_at.isoformat() if grant.expires_at else None,
    }


def _secret_facts(secret: VaultSecret) -> dict[str, Any]:
    return {"secret_version": secret.version, "mark": secret.fingerprint}
