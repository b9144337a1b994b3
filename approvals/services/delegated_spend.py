"""What requests hold of the budgets along their chain: reserved, given back, or spent.

It counts what the account's budgets count, and lives as what is reserved in those does
(`services.spending`). Whoever changes budgets has locked them, by id
(`selectors.delegations.hold_budgets`); the change itself is one statement for all links of a
currency, so that the sums of a chain never differ.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import F

from approvals.audit_events import delegations as events
from approvals.delegating.links import Link, chain_allows
from approvals.delegating.narrowing import Wanted
from approvals.doors import lapsed_delegation_spend
from approvals.enums import ExecutionState, RequestStatus, SpendState
from approvals.holders.budgets import cost_of, moved_of
from approvals.models import ActionRequest, DelegationBudget, DelegationSpend
from approvals.selectors.delegations import chain_ids, hold_budgets, read_links
from approvals.services.delegations import refusal_under
from approvals.services.locking import try_to_lock
from approvals.services.spending import HELD_FOR, LAPSED, expiry_of
from govapp.common import clock
from govapp.common.alone import tried
from govapp.common.arrays import is_any
from govapp.common.currencies import NO_CURRENCY
from govapp.common.tenancy import tenant_transaction
from govapp.common.writing import change, insert, unit_of_work, update
from tenants.budgets import Spend

_ENDS: Final = frozenset(
    {ExecutionState.SUCCEEDED, ExecutionState.FAILED, ExecutionState.ROLLED_BACK}
)
_ZERO: Final = Decimal(0)
_MOST_AT_ONCE: Final = 500


def reserve_spend(
    *,
    request: ActionRequest,
    links: Sequence[Link],
    money: Mapping[str, Decimal] | None,
    expires_at: datetime | None,
    again: bool = False,
) -> None:
    """Reserve what a request wants (`wanted_money`) in every budget of its chain.

    The chain was held, and found wide enough, when the request was judged. `again`: something was
    reserved for it as it was before, which is given back.
    """
    wanted = Spend(money or {})
    amounts = {
        currency: amount
        for currency in sorted({each for link in links for each in link.left or ()})
        if (amount := wanted.of(f"money:{currency}"))
    }
    former = {each.currency: each for each in _rows(request)} if again else {}
    if not amounts and not former:
        return
    ids = [*chain_ids(_path_of(request))]
    for currency in sorted({*amounts, *former}):
        amount, spend = amounts.get(currency, _ZERO), former.get(currency)
        held = spend.reserved if spend and spend.state == SpendState.RESERVED else _ZERO
        if spend is None:
            _insert(request, currency, amount, expires_at)
        else:
            spend.reserved, spend.expires_at = amount, expires_at
            spend.state = SpendState.RESERVED
            update(spend, "reserved", "expires_at", "state")
        _add(ids, currency, reserved=amount - held)


def release_spend(*, request: ActionRequest) -> None:
    """Give back what a request held: it will not be done. The caller has locked the request."""
    rows = _open(request)
    if rows:
        ids = _hold(request)
        for spend in rows:
            _end(ids, spend, SpendState.RELEASED)


def follow_status(request: ActionRequest, to: RequestStatus, now: datetime) -> None:
    """Give back what is held for what is not going to be done; hold for a while what may be."""
    if request.delegation_id is None:
        return
    if not to.is_grantable:
        release_spend(request=request)
    else:
        _hold_until(request, expiry_of(request, now))


def follow_execution(
    request: ActionRequest, to: ExecutionState, *, is_undone: bool = False
) -> None:
    """Book what an action came to: what it moved, and the reported cost, else the estimate.

    The amount stays counted, whatever an agent says of it, unless `is_undone`: an action that takes
    it back was carried out. It may be more than there is left: then the next request is refused.
    """
    if request.delegation_id is None:
        return
    if to == ExecutionState.REVOKED:
        release_spend(request=request)
    elif to == ExecutionState.REDEEMED:
        _hold_until(request, None)
    elif to in _ENDS:
        _settle(request, is_undone=is_undone)


def renew_spend(request: ActionRequest, now: datetime, until: datetime) -> None:
    """Hold what a permission is for until it is used, or hold it again when it was given back.

    Raises `DelegationRefused` when the chain has no more of it.
    """
    rows = _rows(request) if request.delegation_id else []
    lapsed = [each for each in rows if each.state == SpendState.RELEASED]
    if lapsed:
        ids = _hold(request)
        wanted = Wanted(
            request.category_key,
            now,
            request.integration,
            {each.currency: each.reserved for each in lapsed},
        )
        if problems := chain_allows(read_links(ids), wanted):
            said = f"{LAPSED}. {problems[0].sentence} Submit it anew."
            raise refusal_under(request, replace(problems[0], sentence=said))
        for spend in lapsed:
            spend.state = SpendState.RESERVED
            update(spend, "state")
            _add(ids, spend.currency, reserved=spend.reserved)
    if rows:
        _hold_until(request, until + HELD_FOR)


def hold_budgets_of(*requests: ActionRequest) -> None:
    """Wait for, and keep, all budgets along the chains of these: at once, in their order."""
    ids = {
        ident
        for request in requests
        if request.delegation_id
        for ident in chain_ids(_path_of(request))
    }
    if ids:
        hold_budgets(sorted(ids))


def reap_spend() -> int:
    """Give back, in every tenant, what is held for permissions that nobody uses; how many."""
    rows = lapsed_delegation_spend.call(_MOST_AT_ONCE)
    return sum(tried("delegation_spend.failed", _reap, **row) or 0 for row in rows)


def _reap(tenant_id: UUID, request_id: UUID) -> int:
    with tenant_transaction(tenant_id), unit_of_work():
        request, now = try_to_lock(request_id), clock.now()
        if request is None:
            return 0  # somebody is at it
        lapsed = [each for each in _open(request) if each.expires_at and each.expires_at <= now]
        if not lapsed:
            return 0
        release_spend(request=request)
        events.delegation_spend_reaped(
            request=request, amounts={each.currency: each.reserved for each in lapsed}
        )
    return 1


def _settle(request: ActionRequest, *, is_undone: bool) -> None:
    ids = chain_ids(_path_of(request))
    budgets = DelegationBudget.objects.filter(is_any("delegation_id", ids))
    currencies = sorted(set(budgets.values_list("currency", flat=True)))
    if not currencies:
        return
    hold_budgets(ids)
    rows = {each.currency: each for each in _rows(request)}
    for currency in currencies:
        spend = rows.get(currency)
        moved = _moved(request, spend, currency)
        cost = _reported(request, currency)
        if spend is not None and spend.state == SpendState.SETTLED:
            if is_undone:
                settled = max((spend.settled or _ZERO) - moved, _ZERO)
                _end(ids, spend, SpendState.SETTLED, settled)
            elif cost is not None:
                # A later report corrects what an earlier one said it cost.
                _end(ids, spend, SpendState.SETTLED, cost + moved)
            continue
        if cost is None:
            cost = cost_of(request.estimated_cost).of(f"money:{currency}")
        settled = cost + (_ZERO if is_undone else moved)
        if spend is None and settled:
            # It said nothing of this currency, and reports some.
            spend = _insert(request, currency, _ZERO, None)
        if spend is not None:
            _end(ids, spend, SpendState.SETTLED, settled)


def _moved(request: ActionRequest, spend: DelegationSpend | None, currency: str) -> Decimal:
    """Return what it moves. Where its payload is no longer kept what was reserved tells it."""
    if request.forgotten_at is None:
        return moved_of(request.category, request.payload).of(f"money:{currency}")
    estimate = cost_of(request.estimated_cost).of(f"money:{currency}")
    return max(spend.reserved - estimate, _ZERO) if spend else _ZERO


def _reported(request: ActionRequest, currency: str) -> Decimal | None:
    """Return what doing it cost in a currency, None where the last report says nothing of it."""
    reported = cost_of(request.execution_cost)
    if {currency, NO_CURRENCY} & set(reported.money):
        return reported.of(f"money:{currency}")
    return None


def _insert(
    request: ActionRequest, currency: str, reserved: Decimal, expires_at: datetime | None
) -> DelegationSpend:
    if request.delegation_id is None:
        raise ValueError("It comes under no delegation.")
    spend = DelegationSpend(
        request=request,
        delegation_id=request.delegation_id,
        currency=currency,
        reserved=reserved,
        expires_at=expires_at,
    )
    insert(spend)
    return spend


def _rows(request: ActionRequest) -> list[DelegationSpend]:
    return list(DelegationSpend.objects.filter(request=request).order_by("currency"))


def _open(request: ActionRequest) -> list[DelegationSpend]:
    if request.delegation_id is None:
        return []
    return [each for each in _rows(request) if each.state == SpendState.RESERVED]


def _hold_until(request: ActionRequest, expires_at: datetime | None) -> None:
    rows = DelegationSpend.objects.filter(request=request, state=SpendState.RESERVED)
    change(rows, expires_at=expires_at)


def _path_of(request: ActionRequest) -> str:
    """Return the chain as its path is written; the request keeps who is in it."""
    return "/".join(each["id"] for each in request.delegation_chain)


def _hold(request: ActionRequest) -> tuple[UUID, ...]:
    ids = chain_ids(_path_of(request))
    hold_budgets(ids)
    return ids


def _end(
    ids: Sequence[UUID], spend: DelegationSpend, state: SpendState, settled: Decimal = _ZERO
) -> None:
    held = spend.reserved if spend.state == SpendState.RESERVED else _ZERO
    former = spend.settled or _ZERO
    spend.state, spend.settled, spend.expires_at = state, settled, None
    update(spend, "state", "settled", "expires_at")
    _add(ids, spend.currency, reserved=-held, settled=settled - former)


def _add(ids: Sequence[UUID], currency: str, **amounts: Decimal) -> None:
    moved = {name: F(name) + amount for name, amount in amounts.items() if amount}
    if moved:
        rows = DelegationBudget.objects.filter(is_any("delegation_id", ids), currency=currency)
        change(rows, **moved)


def count_in_chain(ids: Sequence[UUID], currency: str, **amounts: Decimal) -> None:
    """Add to what is `reserved` and `settled` along a chain that the caller has held.

    For what is no request: a call of a model keeps by itself what it holds.
    """
    _add(ids, currency, **amounts)
