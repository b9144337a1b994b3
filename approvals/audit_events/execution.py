"""What became of a permission: issued, used, refused, withdrawn, reported."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from approvals.audit_events.about import action_of, entry_about
from approvals.audit_events.configuration import schema_text
from approvals.audit_events.wording import content, words
from approvals.models import ActionRequest, ExecutionGrant
from audit.actors import Actor, Personal, Subject
from audit.services import record, record_entry
from govapp.common.formats import utc_second
from govapp.common.ids import public_id
from tenants.audit_events.integrations import integration_subject
from tenants.audit_events.words import said
from tenants.models import Agent, Integration, Membership, VaultSecret


def grant_issued(
    *, agent: Agent, request: ActionRequest, grant: ExecutionGrant, replaces: ExecutionGrant | None
) -> None:
    """A signed permission was handed to the agent."""
    again = " The one before it was never used." if replaces else ""
    _record(
        "grant.issued",
        agent.as_actor(),
        request,
        grant,
        f"{agent.name} was given the permission for “{request.summary}”,"
        f" to be used until {utc_second(grant.expires_at)}.{again}",
        {"replaces": str(replaces.jti) if replaces else None},
        grant.issued_at,
    )


def grant_redeemed(
    *, request: ActionRequest, grant: ExecutionGrant, redeemed_by: str, now: datetime
) -> None:
    """The permission was used: it works once, ever."""
    by = _claimed(redeemed_by)
    _record(
        "grant.redeemed",
        Actor(kind="system", id="executor", name=by),
        request,
        grant,
        f"The permission for “{request.summary}” was used by {by}.",
        {"redeemed_by": Personal(redeemed_by, request.public_id), "name_is_verified": False},
        now,
    )


def grant_redeem_refused(
    *, request: ActionRequest, grant: ExecutionGrant, redeemed_by: str, why: str, now: datetime
) -> None:
    """Somebody tried to use a permission that is not good (any more)."""
    by = _claimed(redeemed_by)
    _record(
        "grant.redeem_refused",
        Actor(kind="system", id="executor", name=by),
        request,
        grant,
        f"The permission for “{request.summary}” was refused to {by}: {why}",
        {
            "redeemed_by": Personal(redeemed_by, request.public_id),
            "name_is_verified": False,
            "why": why,
        },
        now,
    )


def grant_revoked(
    *,
    actor: Membership,
    request: ActionRequest,
    grant: ExecutionGrant | None,
    reason: str,
    now: datetime,
) -> None:
    """A person withdrew the permission before it was used."""
    _record(
        "grant.revoked",
        actor.as_actor(),
        request,
        grant,
        f"{actor} withdrew the permission for “{request.summary}”: {reason}",
        {"reason": said(reason, actor)},
        now,
    )


def secret_injected(
    *,
    request: ActionRequest,
    grant: ExecutionGrant,
    integration: Integration,
    secret: VaultSecret,
    given_to: Agent,
    expires_at: datetime,
    now: datetime,
) -> None:
    """The secret of an integration was given out, with the use of a permission."""
    held = {"secret_version": secret.version, "mark": secret.fingerprint}
    _record_given(
        "integration.secret_injected",
        f"The secret of the integration {integration.name} (version {secret.version}) was"
        f" given to {given_to.name} with the permission for “{request.summary}”, until"
        f" {utc_second(expires_at)}.",
        request,
        integration,
        given_to,
        held | _given_facts(grant, expires_at),
        now,
    )


def token_minted(
    *,
    request: ActionRequest,
    grant: ExecutionGrant,
    integration: Integration,
    client_version: int,
    client_mark: str,
    given_to: Agent,
    scopes: Sequence[str],
    expires_at: datetime,
    now: datetime,
) -> None:
    """A short-lived token for an integration was had, and given out with a permission.

    The client is the one that it was had with: for a while that may be the one before the present.
    """
    held = {"secret_version": client_version, "mark": client_mark}
    _record_given(
        "integration.token_minted",
        f"A token for the integration {integration.name} was had from its token endpoint and"
        f" given to {given_to.name} with the permission for “{request.summary}”; it lives until"
        f" {utc_second(expires_at)}.",
        request,
        integration,
        given_to,
        held
        | _given_facts(grant, expires_at)
        | {"scopes": list(scopes), "token_url": integration.token_url},
        now,
    )


def _record_given(
    event_type: str,
    summary: str,
    request: ActionRequest,
    integration: Integration,
    given_to: Agent,
    data: Mapping[str, Any],
    now: datetime,
) -> None:
    record(
        event_type=event_type,
        actor=given_to.as_actor(),
        subject=integration_subject(integration),
        summary=summary,
        data={
            "integration": integration.slug,
            "integration_name": integration.name,
            "agent": request.agent.public_id,
            "agent_name": request.agent.name,
            "given_to": given_to.public_id,
            "given_to_name": given_to.name,
            **data,
        },
        request_id=request.pk,
        at=now,
        personal=(content(request.summary, request),),
        delegation=request.delegation_chain,
    )


def _given_facts(grant: ExecutionGrant, expires_at: datetime) -> dict[str, Any]:
    return {"jti": str(grant.jti), "expires_at": utc_second(expires_at)}


def execution_reported(
    *,
    agent: Agent,
    request: ActionRequest,
    former: str,
    cost: Mapping[str, Any] | None,
    now: datetime,
) -> None:
    """The agent said how it went."""
    outcome = request.get_execution_state_display().lower()
    note = f": {words(request.execution_note)}" if request.execution_note else ""
    _record(
        "execution.reported",
        agent.as_actor(),
        request,
        None,
        f"{agent.name} reported “{request.summary}” as {outcome}{note}",
        {
            "outcome": request.execution_state,
            "before": former,
            "note": content(request.execution_note, request),
            "cost": schema_text(dict(cost)) if cost else None,
        },
        now,
    )


def _record(
    event_type: str,
    actor: Actor,
    request: ActionRequest,
    grant: ExecutionGrant | None,
    summary: str,
    data: Mapping[str, Any],
    now: datetime,
) -> None:
    details: dict[str, Any] = {}
    if grant is not None:
        details = {
            "jti": str(grant.jti),
            "kid": grant.kid,
            "expires_at": utc_second(grant.expires_at),
        }
    entry = entry_about(
        event_type, request, actor, now, summary, {**action_of(request), **details, **data}
    )
    if grant is not None:
        label = content(request.summary, request)
        subject = Subject("execution_grant", public_id("gr", grant.pk), label)
        entry = replace(entry, subject=subject)
    record_entry(entry)


def _claimed(name: str) -> str:
    """Whoever redeems needs no key: their name is what they said, and the record says so."""
    return f"the executing system, said to be “{name}”" if name else "the executing system"
