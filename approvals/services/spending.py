"""What becomes of what is reserved for a request as it moves on: called by `lifecycle`."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from approvals.enums import ExecutionState, Purpose, RequestStatus
from approvals.holders.budgets import cost_of, moved_of
from approvals.models import ActionRequest
from approvals.obligations import grant_not_before
from approvals.services import notifications
from govapp.common.errors import Forbidden
from tenants.budgets import NOTHING, Outcome, Spend
from tenants.enums import SpendSource
from tenants.models import Reservation, SpendEntry
from tenants.selectors import budgets as tenant_budgets
from tenants.selectors.budgets import Standing
from tenants.services import budgets
from tenants.services.spend_entries import write_entries

HELD_FOR: Final = timedelta(hours=1)
"""For how long a permission that nobody uses keeps what was reserved for it."""
LAPSED: Final = "What was reserved for it was given back, as nothing was heard of it"
_RELEASES: Final = frozenset(
    {
        RequestStatus.DENIED,
        RequestStatus.RETURNED,
        RequestStatus.EXPIRED,
        RequestStatus.CANCELLED,
    }
)
_REPORTED: Final = frozenset(
    {ExecutionState.SUCCEEDED, ExecutionState.FAILED, ExecutionState.ROLLED_BACK}
)


def follow_status(request: ActionRequest, to: RequestStatus, now: datetime) -> None:
    """Give back what is reserved for what is not going to be done; hold what was approved."""
    if not request.has_reservation:
        return
    if to in _RELEASES:
        budgets.release(holder=request.public_id, reason=to.label)
    elif to == RequestStatus.APPROVED:
        budgets.hold_until(holder=request.public_id, expires_at=expiry_of(request, now))


def follow_execution(
    request: ActionRequest, to: ExecutionState, now: datetime, *, is_undone: bool = False
) -> None:
    """Settle what was reported, with what it cost; what nobody reported, with what was reserved.

    What is done moves the amount of its payload; what failed or was undone only cost what doing
    it did. The budgets keep the amount all the same, for the permission was used and the agent
    says this of itself, unless `is_undone`: an action that takes it back was carried out. Where
    nothing was reserved, the costs are written down.
    """
    if to == ExecutionState.REVOKED and request.has_reservation:
        budgets.release(holder=request.public_id, reason=to.label)
    elif to == ExecutionState.REDEEMED and request.has_reservation:
        budgets.hold_until(holder=request.public_id, expires_at=None)
    elif to == ExecutionState.UNKNOWN or to in _REPORTED:
        _settle(request, to, now, is_undone=is_undone)


def renew_reservation(request: ActionRequest, now: datetime, until: datetime) -> None:
    """Hold what a permission is for until it is used, or hold it again when it was given back.

    Raises `Forbidden` when nothing was heard of it for so long that the budgets have no more of it,
    or that a person would be asked now: nobody was, when a rule alone allowed it. What was taken to
    find that out is given back with the transaction.
    """
    if not request.has_reservation:
        return
    holder, expires_at = request.public_id, until + HELD_FOR
    if budgets.hold_until(holder=holder, expires_at=expires_at):
        return
    category = request.category
    purpose = tenant_budgets.Purpose(
        request.agent_id,
        request.category_key,
        request.integration,
        request.run_key,
        category.cost_class if category else "",
    )
    _, standings = tenant_budgets.read_standings(purpose)
    found = budgets.reserve(
        agent=request.agent,
        wanted=budgets.wanted_by(Reservation.objects.get(holder=holder)),
        holder=holder,
        at=now,
        purpose=purpose,
        standings=standings,
        expires_at=expires_at,
        again=True,
    )
    if found.outcome.is_refusal:
        raise Forbidden(
            f"{LAPSED}, and the budget has no more of it. Submit it anew.", code="budget_exceeded"
        )
    if found.outcome == Outcome.ASK and request.status == RequestStatus.ALLOWED:
        raise Forbidden(
            f"{LAPSED}, and for more than the budget has left a person decides. Submit it anew.",
            code="budget_ask",
        )


def spent_of(request: ActionRequest, to: ExecutionState) -> Spend:
    """Return what a reported outcome came to: the reported cost, else the estimate."""
    cost = cost_of(request.execution_cost or request.estimated_cost)
    moved = _moved(request) if to == ExecutionState.SUCCEEDED else NOTHING
    return moved + cost + Spend(count=1)


def _settle(request: ActionRequest, to: ExecutionState, now: datetime, *, is_undone: bool) -> None:
    if request.purpose != Purpose.ACTION:
        return
    spent = None if to == ExecutionState.UNKNOWN else spent_of(request, to)
    if request.has_reservation:
        passed = budgets.settle(
            holder=request.public_id,
            spent=spent,
            source=SpendSource.EXECUTION,
            at=now,
            kept=NOTHING if is_undone else _unproved(request, to),
        )
        for standing in passed:
            _alert(request, standing)
    elif spent is not None:
        _write(request, spent, now)


def _unproved(request: ActionRequest, to: ExecutionState) -> Spend:
    """Return the amount that an agent says it did not move, or moved back."""
    if to not in (ExecutionState.FAILED, ExecutionState.ROLLED_BACK):
        return NOTHING
    return _moved(request)


def _moved(request: ActionRequest) -> Spend:
    """Return what it moves. Where its payload is no longer kept what was reserved tells it."""
    if request.forgotten_at is None:
        return moved_of(request.category, request.payload)
    held = Reservation.objects.filter(holder=request.public_id).first()
    if held is None:
        return NOTHING
    estimate = cost_of(request.estimated_cost).money
    wanted = budgets.wanted_by(held).money.items()
    return Spend({name: max(amount - estimate.get(name, 0), Decimal(0)) for name, amount in wanted})


def _write(request: ActionRequest, spent: Spend, now: datetime) -> None:
    """Write costs for which no budget is there; a second report corrects the first."""
    former = _written(request)
    if former == NOTHING and spent.is_counted_only:
        return
    entry = SpendEntry(
        agent=request.agent,
        category=request.category_key,
        integration=request.integration,
        run=request.run_key,
        holder=request.public_id,
        source=SpendSource.EXECUTION,
        spent_at=now,
    )
    write_entries(entry, spent, former)


def _written(request: ActionRequest) -> Spend:
    if request.execution_state not in _REPORTED:
        return NOTHING
    found = NOTHING
    for row in SpendEntry.objects.filter(holder=request.public_id):
        found = replace(
            found,
            money={**found.money, row.currency: found.money.get(row.currency, 0) + row.amount}
            if row.currency
            else found.money,
            tokens=found.tokens + row.tokens,
            count=found.count + row.count,
        )
    return found


def _alert(request: ActionRequest, standing: Standing) -> None:
    """Tell compliance that more was spent than there was; what is wanted next is refused."""
    notifications.alert_compliance(
        request=request,
        subject=f"More was spent than there was: {standing.name}",
        text=f"{request.agent.name} reported more than what was reserved for {request.summary}."
        f" The budget of {standing.name} is passed; what it counts is held from now on.",
        dedup_key=f"budget:{standing.public_id}:{request.public_id}",
    )


def expiry_of(request: ActionRequest, now: datetime) -> datetime:
    """Return until when a permission that nobody uses keeps what is reserved for it."""
    return max(now, grant_not_before(request) or now) + HELD_FOR
