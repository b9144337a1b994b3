"""Who may do what in a tenant, by role (design: domain, section 1). One line each."""

from govapp.common.errors import Forbidden
from tenants.enums import Role
from tenants.models import Agent, Membership


def has_role(member: Membership, *roles: Role) -> bool:
    """Return whether the member is active and holds one of `roles`."""
    return member.is_active and any(role in member.roles for role in roles)


def may_manage_people(member: Membership) -> bool:
    """Owners invite, suspend, give roles and fill groups."""
    return has_role(member, Role.OWNER)


def may_erase_people(member: Membership) -> bool:
    """Whoever answers for people and whoever answers for the record."""
    return has_role(member, Role.OWNER, Role.COMPLIANCE)


def may_manage_agents(member: Membership) -> bool:
    """Owners register agents and hold their keys."""
    return has_role(member, Role.OWNER)


def may_pause_agent(member: Membership, agent: Agent) -> bool:
    """Stopping is always safe: also compliance, and whoever owns the agent."""
    return has_role(member, Role.OWNER, Role.COMPLIANCE) or (
        member.is_active and member.pk == agent.owner_id
    )


def may_throw_kill_switch(member: Membership, agent: Agent | None) -> bool:
    """Who governs stops anything; whoever owns an agent stops that."""
    if agent is not None:
        return may_pause_agent(member, agent)
    return has_role(member, Role.OWNER, Role.COMPLIANCE)


def may_resume_kill_switch(member: Membership) -> bool:
    """Who governs; that it is a second person is for the service to see to."""
    return has_role(member, Role.OWNER, Role.COMPLIANCE)


def may_set_autonomy(member: Membership) -> bool:
    """What agents may do of their own accord is for owners and compliance to say."""
    return has_role(member, Role.OWNER, Role.COMPLIANCE)


def may_report_leak(member: Membership, agent: Agent) -> bool:
    """As pausing: whoever notices it stops the key, and asks afterwards."""
    return may_pause_agent(member, agent)


def may_manage_integrations(member: Membership) -> bool:
    """Owners register systems, hold their secrets, and grant them to agents."""
    return has_role(member, Role.OWNER)


def may_suspend_integration(member: Membership) -> bool:
    """Stopping is always safe: also compliance."""
    return has_role(member, Role.OWNER, Role.COMPLIANCE)


def may_read_integrations(member: Membership) -> bool:
    """Those who govern and those who check see what agents may reach, and how it is used."""
    return has_role(member, Role.OWNER, Role.COMPLIANCE, Role.AUDITOR)


def may_change_settings(member: Membership) -> bool:
    """Owners change the tenant's settings."""
    return has_role(member, Role.OWNER)


def may_set_contest_text(member: Membership) -> bool:
    """Compliance and owners say how a decision can be contested."""
    return has_role(member, Role.OWNER, Role.COMPLIANCE)


def may_set_retention(member: Membership) -> bool:
    """How long records are kept is for compliance to know, and for owners to answer for."""
    return has_role(member, Role.OWNER, Role.COMPLIANCE)


def may_read_settings(member: Membership) -> bool:
    """Settings decide who may decide: those who govern and those who check may read them."""
    return has_role(member, Role.OWNER, Role.COMPLIANCE, Role.AUDITOR)


def may_set_budgets(member: Membership) -> bool:
    """Whoever answers for the account and whoever answers for its rules."""
    return has_role(member, Role.OWNER, Role.COMPLIANCE)


def may_set_model_prices(member: Membership) -> bool:
    """Saying what models cost lets agents call them."""
    return has_role(member, Role.OWNER, Role.COMPLIANCE)


def may_edit_policy(member: Membership) -> bool:
    """Compliance writes policies and categories."""
    return has_role(member, Role.COMPLIANCE)


def may_read_policy(member: Membership) -> bool:
    """Whoever works here may read the rules that hold here."""
    return member.is_active


def may_approve(member: Membership) -> bool:
    """May be given decisions; for which categories is a right on the category."""
    return has_role(member, Role.APPROVER)


def require(allowed: bool, why_not: str) -> None:
    """Raise `Forbidden` with the sentence `why_not` unless `allowed`."""
    if not allowed:
        raise Forbidden(why_not)
