"""What tokens that are bound to a delegation may do: answers to the floor below."""

from uuid import UUID

from approvals.holders.delegation import UNKNOWN, UNKNOWN_WORDS
from approvals.selectors.delegations import cut, find_claim
from approvals.services.delegations import note_refused_use
from govapp.common.ids import public_id
from tenants.delegated import Bound, NotBound, register_delegations
from tenants.models import Agent


class DelegationTokens:
    """See `tenants.delegated.Delegations`."""

    def exchange(self, *, agent_id: UUID, token: str) -> Bound | NotBound:
        claim = find_claim(token) if token.startswith("gov_dg_") else None
        if claim is None:
            return NotBound(UNKNOWN, UNKNOWN_WORDS)
        delegation = claim.delegation
        if delegation.to_agent_id == agent_id:
            problem = cut(delegation.pk)
            if problem is None:
                ident = public_id("dg", delegation.pk)
                return Bound(delegation.pk, ident, delegation.expires_at)
            refused = NotBound(problem.code, problem.sentence)
        else:
            refused = NotBound(UNKNOWN, UNKNOWN_WORDS)
        by = Agent.objects.get(pk=agent_id)
        note_refused_use(claim, by=by, code=refused.code, why=refused.sentence)
        return refused

    def why_cut(self, ident: UUID) -> NotBound | None:
        problem = cut(ident)
        return NotBound(problem.code, problem.sentence) if problem else None


register_delegations(DelegationTokens())
