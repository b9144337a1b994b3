"""What requests hold of the budgets along their chain: reserved, given back, or spent.

Whoever changes budgets has locked them, by id (`selectors.delegations.hold_budgets`); the change
itself is one statement for all links, so that the sums of a chain never differ.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import F

from approvals.delegating.links import Link
from approvals.enums import ExecutionState, SpendState
from approvals.holders.delegation import cost_of
from approvals.models import ActionRequest, DelegationBudget, DelegationSpend
from approvals.selectors.delegations import chain_ids, hold_budgets
from govapp.common.arrays import is_any
from govapp.common.writing import change, insert, update

_ENDS = frozenset({ExecutionState.SUCCEEDED, ExecutionState.FAILED, ExecutionState.ROLLED_BACK})


def reserve_spend(*, request: ActionRequest, ids: Sequence[UUID], links: Sequence[Link]) -> None:
    """Reserve what a request says it will cost, in every budget of its chain.

    The chain was held, and found wide enough, when the request was judged.
    """
    cost = cost_of(request.estimated_cost)
    if cost is None or cost[0] <= 0 or request.delegation_id is None:
        return
    amount, currency = cost
    if not any(link.left and currency in link.left for link in links):
        return
    insert(
        DelegationSpend(
            request=request,
            delegation_id=request.delegation_id,
            currency=currency,
            reserved=amount,
        )
    )
    _add(ids, currency, reserved=amount)


def release_spend(*, request: ActionRequest) -> None:
    """Give back what a request held: it will not be done. The caller has locked the request."""
    spend = _held(request)
    if spend is not None:
        _end(spend, SpendState.RELEASED, Decimal(0))


def settle_spend(*, request: ActionRequest, to: ExecutionState) -> None:
    """Book what an action came to; see `release_spend` for one whose permission was withdrawn.

    What was reported; without a report what was estimated, and nothing when it failed. It may be
    more than there is left: then the next request is refused.
    """
    if to not in _ENDS and to != ExecutionState.REVOKED:
        return
    spend = _held(request)
    if spend is None:
        return
    if to == ExecutionState.REVOKED:
        _end(spend, SpendState.RELEASED, Decimal(0))
    else:
        _end(spend, SpendState.SETTLED, _came_to(spend, request.execution_cost, to))


def _came_to(spend: DelegationSpend, reported: Any, to: ExecutionState) -> Decimal:
    cost = cost_of(reported)
    if cost is not None and cost[1] == spend.currency:
        return max(cost[0], Decimal(0))
    return Decimal(0) if to == ExecutionState.FAILED and cost is None else spend.reserved


def _held(request: ActionRequest) -> DelegationSpend | None:
    if request.delegation_id is None:
        return None
    rows = DelegationSpend.objects.select_related("delegation")
    return rows.filter(request=request, state=SpendState.RESERVED).first()


def _end(spend: DelegationSpend, state: SpendState, settled: Decimal) -> None:
    ids = chain_ids(spend.delegation.path)
    hold_budgets(ids)
    spend.state, spend.settled = state, settled
    update(spend, "state", "settled")
    _add(ids, spend.currency, reserved=-spend.reserved, settled=settled)


def _add(ids: Sequence[UUID], currency: str, **amounts: Decimal) -> None:
    rows = DelegationBudget.objects.filter(is_any("delegation_id", ids), currency=currency)
    change(rows, **{name: F(name) + amount for name, amount in amounts.items()})


def count_in_chain(ids: Sequence[UUID], currency: str, **amounts: Decimal) -> None:
    """Add to what is `reserved` and `settled` along a chain that the caller has held.

    For what is no request: a call of a model keeps by itself what it holds.
    """
    _add(ids, currency, **amounts)
