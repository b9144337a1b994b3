"""One-line predicates about requests, votes and stages."""

from datetime import datetime

from approvals.enums import Purpose
from approvals.models import ActionRequest, Delegation
from tenants.enums import Role
from tenants.models import Agent, Membership
from tenants.rules import has_role


def is_due(deadline: datetime | None, now: datetime) -> bool:
    """Whether the deadline has been reached. The instant itself belongs to the timer."""
    return deadline is not None and now >= deadline


def is_on_agents_side(request: ActionRequest, member: Membership) -> bool:
    """Whether this owns the agent now, owned it at submission, or is whom it acts for.

    Or owned an agent that handed the task on: nobody asks for something by a longer way and decides
    on it. Nor does who asked that it is taken back.
    """
    behalf = request.on_behalf_of.strip().lower()
    is_behalf = behalf in (member.user.email.lower(), member.public_id)
    owners = (request.agent.owner_id, request.owner_at_submission_id)
    owns = member.pk in owners or member.pk in request.delegation_owners
    return owns or bool(behalf and is_behalf)


def may_be_approver(member: Membership) -> bool:
    """Whether the person may be given decisions at all."""
    return member.is_active and Role.APPROVER in member.roles


def may_cancel(actor: Agent | Membership, request: ActionRequest) -> bool:
    """An agent cancels its own requests; its owner and compliance cancel any of them."""
    if isinstance(actor, Agent):
        return request.agent_id == actor.pk and request.purpose == Purpose.ACTION
    is_owner = request.agent.owner_id == actor.pk
    return actor.is_active and (is_owner or Role.COMPLIANCE in actor.roles)


def may_ask_undo(actor: Agent | Membership, request: ActionRequest) -> bool:
    """An agent takes back what is its own; approvers, compliance and owners ask for any."""
    if isinstance(actor, Agent):
        return request.agent_id == actor.pk and request.purpose == Purpose.ACTION
    return has_role(actor, Role.APPROVER, Role.COMPLIANCE, Role.OWNER)


def may_revoke_delegation(member: Membership, delegation: Delegation) -> bool:
    """Owners, compliance, and whoever owns the agent that handed on or the one that was given."""
    owners = (delegation.from_agent.owner_id, delegation.to_agent.owner_id)
    return member.is_active and (
        member.pk in owners or Role.OWNER in member.roles or Role.COMPLIANCE in member.roles
    )
