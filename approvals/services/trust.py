"""Looking at agents' conduct: every day, and as soon as something was denied or failed."""

from typing import Final
from uuid import UUID

from approvals.doors import agents_to_assess
from approvals.selectors.conduct import conduct_of
from govapp.common.alone import tried
from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent, TrustAssessment
from tenants.selectors.trust import standards_of_tenant
from tenants.services.trust import assess_conduct, hold_agent, lock_conduct

AT_MOST: Final = 500


def assess_agent(*, tenant_id: UUID, agent_id: UUID) -> TrustAssessment:
    """Look at one agent's conduct, and keep what it is worth. One at a time for each agent."""
    with tenant_transaction(tenant_id):
        lock_conduct(agent_id)
        agent = Agent.objects.get(pk=agent_id)
        conduct = conduct_of(agent, window_days=standards_of_tenant().window_days)
        return assess_conduct(agent=hold_agent(agent_id), conduct=conduct)


def assess_due() -> int:
    """Look at every agent that nobody has looked at for a day; return how many.

    What fails for one agent is logged, and tried again the next time.
    """
    count = 0
    for row in agents_to_assess.call(AT_MOST):
        if tried("trust.not_assessed", assess_agent, **row):
            count += 1
    return count
