"""How rights are handed on from agent to agent, and cut off again."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from approvals.audit_events.wording import words
from approvals.delegating.links import Link, chain_of
from approvals.delegating.narrowing import amount_words, budget_words, words_of
from approvals.models import ActionRequest, Delegation
from audit.actors import SYSTEM, Actor, Content, Subject
from audit.services import record
from govapp.common.formats import utc_second
from govapp.common.ids import public_id
from tenants.audit_events.words import said
from tenants.models import Agent, Membership


def delegation_created(*, actor: Agent, delegation: Delegation, links: Sequence[Link]) -> None:
    """An agent handed part of what it has to another one."""
    rights = links[-1].rights
    _record(
        "delegation.created",
        actor.as_actor(),
        delegation,
        f"{actor.name} handed {delegation.to_agent.name} part of its rights until"
        f" {utc_second(delegation.expires_at)}: {words_of(rights.categories, 'categories')} on"
        f" {words_of(rights.integrations, 'integrations')}, {budget_words(rights.budget)}.",
        {
            "categories": delegation.categories,
            "integrations": delegation.integrations,
            "budget": None
            if rights.budget is None
            else {
                currency: amount_words(amount) for currency, amount in sorted(rights.budget.items())
            },
            "expires_at": utc_second(delegation.expires_at),
            "depth_left": delegation.depth_left,
            "purpose": Content(delegation.purpose, delegation.public_id),
            "token_prefix": delegation.prefix,
        },
        links,
    )


def delegation_revoked(
    *,
    actor: Agent | Membership,
    delegation: Delegation,
    links: Sequence[Link],
    reason: str,
    under: int,
) -> None:
    """A link was cut, and everything under it with it."""
    more = f" {under} more under it ended with it." if under else ""
    why = f": {words(reason)}" if reason else ""
    name = actor.name if isinstance(actor, Agent) else str(actor)
    _record(
        "delegation.revoked",
        actor.as_actor(),
        delegation,
        f"{name} revoked what {delegation.from_agent.name} had handed"
        f" {delegation.to_agent.name}{why}.{more}",
        {"reason": _reason(actor, delegation, reason), "cut": under},
        links,
    )


def delegation_used_refused(
    *,
    actor: Agent,
    delegation: Delegation,
    code: str,
    why: str,
    request: ActionRequest | None,
) -> None:
    """Somebody wanted to act under a delegation, and it refused that."""
    _record(
        "delegation.used_refused",
        actor.as_actor(),
        delegation,
        f"{actor.name} was refused under a delegation: {why}",
        {"code": code, "why": why},
        (),
        request,
    )


def delegation_refused(*, actor: Agent, to: UUID, code: str, why: str) -> None:
    """An agent wanted to hand on more than its key opens."""
    record(
        event_type="delegation.refused",
        actor=actor.as_actor(),
        subject=Subject("agent", actor.public_id, actor.name),
        summary=f"{actor.name} wanted to hand on what it may not: {why}",
        data={"to": public_id("ag", to), "code": code, "why": why},
    )


def delegation_spend_reaped(*, request: ActionRequest, amounts: Mapping[str, Decimal]) -> None:
    """Nobody used a permission, so that what was reserved for it was given back to the chain."""
    if request.delegation is None:
        return
    said = {currency: amount_words(amount) for currency, amount in sorted(amounts.items())}
    _record(
        "delegation.spend_reaped",
        SYSTEM,
        request.delegation,
        f"Nothing was heard from {request.agent.name} of {request.public_id}:"
        f" {budget_words(amounts)} that was reserved for it under a delegation is given back.",
        {"agent": request.agent.public_id, "agent_name": request.agent.name, "amounts": said},
        (),
        request,
    )


def _record(
    event_type: str,
    actor: Actor,
    delegation: Delegation,
    summary: str,
    data: dict[str, Any],
    links: Sequence[Link],
    request: ActionRequest | None = None,
) -> None:
    giver, taker = delegation.from_agent, delegation.to_agent
    record(
        event_type=event_type,
        actor=actor,
        subject=Subject("delegation", delegation.public_id, f"{giver.name} to {taker.name}"),
        summary=summary,
        data={
            "from": {"id": giver.public_id, "name": giver.name},
            "to": {"id": taker.public_id, "name": taker.name},
            **data,
        },
        request_id=request.pk if request else None,
        delegation=request.delegation_chain if request else chain_of(links),
    )


def _reason(actor: Agent | Membership, delegation: Delegation, reason: str) -> str:
    if isinstance(actor, Membership):
        return said(reason, actor)
    return Content(reason, delegation.public_id)
