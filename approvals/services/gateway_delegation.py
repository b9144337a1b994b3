"""Calls of models under a delegation: held to its chain, and counted in the chain's budgets.

The same rules as for a submission (`approvals.holders.delegation`): the chain is the agent's and
whole, and each of its links covers the call's category, integration and cost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from approvals.delegating.links import Link, chain_allows, chain_of, why_cut
from approvals.delegating.narrowing import TOO_DEEP, Problem, Wanted
from approvals.holders.delegation import UNKNOWN, UNKNOWN_WORDS, too_deep
from approvals.models import ModelCall
from approvals.selectors.delegations import (
    Claim,
    chain_ids,
    find_claim,
    hold_budgets,
    hold_chain,
    read_links,
)
from approvals.services.delegated_spend import count_in_chain
from approvals.services.delegations import note_refused_use
from approvals.services.gateway_findings import Held
from govapp.common.ids import public_id
from tenants.models import Tenant


@dataclass(frozen=True)
class Under:
    """The chain that a call comes under, as it stays until the transaction ends."""

    claim: Claim
    links: tuple[Link, ...]

    @property
    def path(self) -> str:
        return self.claim.delegation.path


def hold_for(call: ModelCall, delegation_id: UUID | None) -> Under | Held | None:
    """Keep the chain of a delegation as it is, and note it in the call; None without one.

    First of all, as a submission takes it: whoever cuts it waits. `Held` for a delegation that is
    not found: a call that is bound to one does not go on without it.
    """
    if delegation_id is None:
        return None
    claim = find_claim(public_id("dg", delegation_id))
    if claim is None:
        return Held(UNKNOWN, UNKNOWN_WORDS)
    hold_chain(claim.chain)
    hold_budgets(claim.chain)
    links = read_links(claim.chain)
    call.delegation, call.delegation_chain = claim.delegation, chain_of(links)
    return Under(claim, links)


def why_not_under(call: ModelCall, under: Under | None) -> Held | None:
    """Return what of the chain refuses the call, whatever it costs."""
    if under is None:
        return None
    links = under.links
    if not links or links[-1].taker.id != call.agent.public_id:
        return _refused(call, under, Problem(UNKNOWN, "depth", UNKNOWN_WORDS))
    if problem := why_cut(links, call.started_at):
        return _refused(call, under, problem)
    most = Tenant.objects.values_list("delegation_depth", flat=True).get()
    if said := too_deep(links, most):
        return _refused(call, under, Problem(TOO_DEEP, "depth", said))
    free = tuple(replace(each, left=None) for each in links)
    return _first(call, under, chain_allows(free, _wanted(call, None)))


def why_not_spent(
    call: ModelCall, under: Under | None, cost: Decimal, currency: str
) -> Held | None:
    """Return which budget of the chain has not so much left; None when all have."""
    if under is None:
        return None
    return _first(call, under, chain_allows(under.links, _wanted(call, {currency: cost})))


def reserve_in_chain(call: ModelCall, under: Under | None) -> None:
    """Hold what a call may cost in every budget of its chain, which was found wide enough."""
    if under is None or all(each.left is None for each in under.links):
        return
    call.delegation_held = call.cost
    count_in_chain(under.claim.chain, call.currency, reserved=call.cost)


def settle_in_chain(call: ModelCall) -> None:
    """Book what a call came to instead of what it held. The caller has locked the call."""
    if call.delegation is None or call.delegation_held is None:
        return
    ids = chain_ids(call.delegation.path)
    hold_budgets(ids)
    count_in_chain(ids, call.currency, reserved=-call.delegation_held, settled=call.cost)


def _wanted(call: ModelCall, money: Mapping[str, Decimal] | None) -> Wanted:
    return Wanted(f"model.{call.kind}", call.started_at, call.integration, money)


def _first(call: ModelCall, under: Under, problems: Sequence[Problem]) -> Held | None:
    return _refused(call, under, problems[0]) if problems else None


def _refused(call: ModelCall, under: Under, problem: Problem) -> Held:
    note_refused_use(under.claim, by=call.agent, code=problem.code, why=problem.sentence)
    return Held(problem.code, problem.sentence)
