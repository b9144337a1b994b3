"""Agents' keys: issuing, rotating and revoking them."""

from datetime import timedelta
from typing import Final

from django.db import transaction

from govapp.common import clock
from govapp.common.errors import Conflict
from tenants import rules
from tenants.audit_events import agents as events
from tenants.enums import AgentStatus
from tenants.keys import make_key
from tenants.models import Agent, Credential, Membership
from tenants.services.checks import clean_text, fault
from tenants.services.key_limits import EVERYTHING, KeyLimits

MOST_LIVE_KEYS: Final = 2  # the old one and its successor
SHORTEST: Final = timedelta(hours=1)
LONGEST: Final = timedelta(days=366)
LONGEST_OVERLAP: Final = timedelta(days=7)


@transaction.atomic
def issue_credential(
    *,
    actor: Membership,
    agent: Agent,
    label: str,
    lifetime: timedelta,
    limits: KeyLimits = EVERYTHING,
) -> tuple[Credential, str]:
    """Give the agent a key, and return it with its text, which is shown once and not stored.

    `limits` say what the key opens, and from where; they hold for as long as it lives. Raises
    `Forbidden`, `Invalid` for them, the label or a lifetime outside of 1 hour to 366 days,
    `Conflict` when the agent is retired or has two live keys already.
    """
    _require_owner(actor)
    label = clean_text(label, field="label", at_most=100)
    if not SHORTEST <= lifetime <= LONGEST:
        raise fault("lifetime", "A key lives for at least an hour and at most 366 days.")
    limits = limits.cleaned()
    agent = _locked_agent(agent)
    if _live_keys(agent) >= MOST_LIVE_KEYS:
        raise Conflict(
            f"{agent.name} has two live keys already: revoke one first.", code="too_many_keys"
        )
    credential, text = _create(actor, agent, label, lifetime, limits)
    events.credential_issued(actor=actor, credential=credential)
    return credential, text


@transaction.atomic
def rotate_credential(
    *, actor: Membership, credential: Credential, overlap: timedelta
) -> tuple[Credential, str]:
    """Replace a live key by one of the same label, limits and lifetime; return it with its text.

    The old key works for `overlap` (0 to 7 days) longer, never longer than it would have.
    Raises `Forbidden`, `Invalid`, and `Conflict` when the key is not live or the agent would
    have more than two live keys.
    """
    _require_owner(actor)
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise fault("overlap", "The old key may work for at most 7 days more.")
    agent = _locked_agent(credential.agent)
    credential = _locked(credential)
    now = clock.now()
    if credential.revoked_at is not None or credential.expires_at <= now:
        raise Conflict("This key does not work any more: issue a new one.", code="not_live")
    if overlap and _live_keys(agent) >= MOST_LIVE_KEYS:
        raise Conflict(
            f"{agent.name} has two live keys already: revoke one, or rotate without overlap.",
            code="too_many_keys",
        )
    lifetime = credential.expires_at - credential.created_at
    credential.expires_at = min(credential.expires_at, now + overlap)
    credential.revoked_at = None if overlap else now
    credential.save(update_fields=["expires_at", "revoked_at"])
    limits = KeyLimits.of(credential)  # the same: who rotates a key does not widen it
    successor, text = _create(actor, agent, credential.label, max(lifetime, SHORTEST), limits)
    events.credential_rotated(actor=actor, credential=credential, successor=successor)
    return successor, text


@transaction.atomic
def revoke_credential(*, actor: Membership, credential: Credential) -> Credential:
    """Refuse the key from the next request on. Raises `Forbidden`, `Conflict`."""
    _require_owner(actor)
    credential = _locked(credential)
    if credential.revoked_at is not None:
        raise Conflict("This key is revoked already.", code="revoked")
    credential.revoked_at = clock.now()
    credential.save(update_fields=["revoked_at"])
    events.credential_revoked(actor=actor, credential=credential)
    return credential


def _create(
    actor: Membership, agent: Agent, label: str, lifetime: timedelta, limits: KeyLimits
) -> tuple[Credential, str]:
    key, now = make_key(), clock.now()
    credential = Credential.objects.create(
        agent=agent,
        label=label,
        prefix=key.prefix,
        secret_hash=key.hash,
        created_at=now,
        created_by=actor,
        expires_at=now + lifetime,
        **limits.as_columns(),
    )
    return credential, key.text


def _require_owner(actor: Membership) -> None:
    rules.require(rules.may_manage_agents(actor), "Only an owner can manage keys.")


def _locked_agent(agent: Agent) -> Agent:
    """Lock the agent: its keys are counted under this lock."""
    agent = Agent.objects.select_for_update().get(pk=agent.pk)
    if agent.status == AgentStatus.RETIRED:
        raise Conflict(f"{agent.name} is retired.", code="retired")
    return agent


def _locked(credential: Credential) -> Credential:
    return (
        Credential.objects.select_for_update(of=("self",))
        .select_related("agent")
        .get(pk=credential.pk)
    )


def _live_keys(agent: Agent) -> int:
    return agent.credentials.filter(revoked_at=None, expires_at__gt=clock.Now()).count()
