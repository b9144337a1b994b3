"""A key got into other hands: it stops at once, and what was done with it is on record."""

from datetime import datetime

from django.db import transaction

from govapp.common import clock
from tenants import rules
from tenants.audit_events import agents as agent_events
from tenants.audit_events import keys as events
from tenants.enums import AgentStatus
from tenants.models import Agent, Credential, Membership
from tenants.selectors.leaks import count_deeds
from tenants.services.agents import pause_agent
from tenants.services.checks import fault


@transaction.atomic
def report_leak(
    *, actor: Membership, credential: Credential, since: datetime, pause: bool = False
) -> Credential:
    """Revoke the key and its tokens, pause the agent if wanted, and record what was done since.

    A key that was revoked before can be reported as well: what it did is still to be known.
    Raises `Forbidden` unless the actor is an owner, compliance or the agent's owner, and
    `Invalid` for a moment that is not in the past.
    """
    rules.require(
        rules.may_report_leak(actor, credential.agent),
        "Only an owner, compliance or the owner of the agent can report a leak.",
    )
    now = clock.now()
    if since > now:
        raise fault("since", "Choose a moment in the past.")
    since = max(since, credential.created_at)  # nothing was done with it before
    # The agent is locked first, as where keys are issued.
    agent = Agent.objects.select_for_update(of=("self",)).get(pk=credential.agent_id)
    is_paused = pause and agent.status == AgentStatus.ACTIVE
    if is_paused:
        reason = f"The key {credential.label} ({credential.prefix}) got into other hands."
        pause_agent(actor=actor, agent=agent, reason=reason)
    credential = (
        Credential.objects.select_for_update(of=("self",))
        .select_related("agent")
        .get(pk=credential.pk)
    )
    if credential.revoked_at is None:
        credential.revoked_at = now
        credential.save(update_fields=["revoked_at"])
        agent_events.credential_revoked(actor=actor, credential=credential)
    live = credential.tokens.filter(expires_at__gt=now).count()
    credential.tokens.all().delete()
    events.leak_reported(
        actor=actor,
        credential=credential,
        since=since,
        counts=count_deeds(credential, since),
        tokens=live,
        paused=is_paused,
    )
    return credential
