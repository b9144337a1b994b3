"""Events about what keys are used for: tokens, refusals, leaks. Never a secret, never a hash."""

from datetime import datetime
from typing import Any

from audit.services import record
from tenants.audit_events.words import credential_subject, in_words
from tenants.models import AccessToken, Credential, Membership


def key_facts(credential: Credential) -> dict[str, Any]:
    """Return what names a key, and what it is held to."""
    return {
        "key": credential.public_id,
        "prefix": credential.prefix,
        "label": credential.label,
        "agent": credential.agent.public_id,
        "agent_name": credential.agent.name,
        "expires_at": credential.expires_at.isoformat(),
        "scopes": list(credential.scopes),
        "categories": list(credential.categories),
        "networks": list(credential.networks),
        "needs_proof": credential.needs_proof,
    }


def access_token_issued(
    *, credential: Credential, token: AccessToken, delegation: str = ""
) -> None:
    how = "bound to a key of its own" if token.thumbprint else "for whoever holds it"
    record(
        event_type="access_token.issued",
        actor=credential.agent.as_actor(),
        subject=credential_subject(credential),
        summary=(
            f"{credential.agent.name} got an access token ({token.prefix}) with the key"
            f" {credential.label}, {how}: {in_words(list(token.scopes)) or 'no scope'}."
        ),
        data={
            "key": credential.public_id,
            "agent": credential.agent.public_id,
            "agent_name": credential.agent.name,
            "token_prefix": token.prefix,
            "token_scopes": list(token.scopes),
            "thumbprint": token.thumbprint or None,
            "token_expires_at": token.expires_at.isoformat(),
            **({"delegation": delegation} if delegation else {}),
        },
    )


def key_refused(
    *, credential: Credential, code: str, scope: str, words: str, network: str, unrecorded: int
) -> None:
    before = f" {unrecorded} more were refused so before." if unrecorded else ""
    record(
        event_type="credential.use_refused",
        actor=credential.agent.as_actor(),
        subject=credential_subject(credential),
        summary=(
            f"A request with the key {credential.label} ({credential.prefix}) of the agent"
            f" {credential.agent.name} was refused: {words}{before}"
        ),
        data={
            "key": credential.public_id,
            "agent": credential.agent.public_id,
            "agent_name": credential.agent.name,
            "code": code,
            "scope": scope or None,
            "network": network or None,
            "unrecorded": unrecorded,
        },
    )


def leak_reported(
    *,
    actor: Membership,
    credential: Credential,
    since: datetime,
    counts: dict[str, int],
    tokens: int,
    paused: bool,
) -> None:
    stopped = f"; {credential.agent.name} is paused" if paused else ""
    record(
        event_type="credential.leak_reported",
        actor=actor.as_actor(),
        subject=credential_subject(credential),
        summary=(
            f"{actor.user.name} reported the key {credential.label} ({credential.prefix}) of the"
            f" agent {credential.agent.name} as leaked: it and {tokens} live tokens are refused"
            f"{stopped}. Since {since:%d %B %Y %H:%M} UTC, {counts['requests']} requests were made"
            f" with it, {counts['grants']} permissions fetched, and {counts['redemptions']} used."
        ),
        data={
            "key": credential.public_id,
            "prefix": credential.prefix,
            "label": credential.label,
            "agent": credential.agent.public_id,
            "agent_name": credential.agent.name,
            "since": since.isoformat(),
            "counts": counts,
            "tokens_ended": tokens,
            "agent_paused": paused,
        },
    )
