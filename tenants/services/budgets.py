"""Spending: reserve before, settle after, release what is not done, and take back what is lost.

What a budget halts at is never passed: the rows of use are added to and locked by one statement
before it is decided, so that whoever comes second sees what the first one took.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from govapp.common import clock
from govapp.common.alone import tried
from govapp.common.tenancy import tenant_transaction
from govapp.common.writing import insert, joined_unit, unit_of_work, update
from tenants.audit_events import budgets as events
from tenants.budgets.nested import Verdict, verdict
from tenants.budgets.spend import NOTHING, Spend
from tenants.doors import expired_reservations
from tenants.enums import ReservationState, SpendSource
from tenants.models import Agent, Reservation, SpendEntry
from tenants.selectors.budgets import Purpose, Standing, read_standings
from tenants.services.budget_notes import Change, note_changes, note_refused
from tenants.services.budget_uses import (
    Added,
    Moved,
    Now,
    add_to_uses,
    lock_uses,
    move_uses,
)
from tenants.services.spend_entries import write_entries

HELD_FOR: Final = timedelta(minutes=15)
"""For how long something is held when nobody says for how long: as a call of a model takes."""
_MOST_AT_ONCE: Final = 500


def reserve(
    *,
    agent: Agent,
    wanted: Spend,
    holder: str,
    at: datetime | None = None,
    purpose: Purpose | None = None,
    standings: Sequence[Standing] | None = None,
    expires_at: datetime | None = None,
    again: bool = False,
) -> Verdict:
    """Hold what is wanted, in every budget that is about it, and return what they say.

    `holder` is whose it is: the public id of a request, or `gw:…`. When the verdict is a refusal
    (throttle or halt) nothing is held. `standings` are what `read_standings` or the situation
    found, read again when None. `again`: something was held for this holder and given back.
    Without `expires_at` it is held until it is settled or released, when `at` is told; else for
    `HELD_FOR`.
    """
    purpose = purpose or Purpose(agent.pk)
    with joined_unit():
        if standings is None:
            now, standings = read_standings(purpose)
            at = at or now
            expires_at = expires_at or at + HELD_FOR
        at = at or clock.now()
        changes = _take(standings, wanted)
        found = verdict([each.before() for each in changes], wanted)
        if found.outcome.is_refusal:
            _give_back(changes)
            note_refused(agent=agent, found=found, standings=standings, at=at)
            return found
        note_changes(agent, changes, at)
        lines = [_line(each) for each in changes]
        _keep(agent, purpose, wanted, holder, lines, expires_at, again=again)
    return found


def settle(
    *,
    holder: str,
    spent: Spend | None,
    source: SpendSource = SpendSource.GATEWAY,
    at: datetime | None = None,
    kept: Spend = NOTHING,
) -> list[Standing]:
    """Say what it came to: what was held is given back, and this counts as spent.

    It may be more than was held: that is recorded, and what is wanted next is refused. Settling
    again corrects what was said before. `spent` is None when nothing was reported: what was
    reserved is taken for spent. `kept` stays counted in the budgets beside it, and is written
    nowhere as spent: what is said not to have been spent, and is not proved. Returns the budgets
    that this passed, nothing for a holder for whom nothing was ever held.
    """
    with unit_of_work():
        held = _locked(holder)
        if held is None:
            return []
        at = at or clock.now()
        is_as_reserved = spent is None
        final = Spend.from_dict(held.wanted) if spent is None else spent
        former = Spend.from_dict(held.spent) if held.spent else NOTHING
        lines, moved = _settled(held, final + kept)
        now = move_uses(moved)
        held.lines, held.spent = lines, final.to_dict()
        held.state, held.ended_at, held.expires_at = ReservationState.SETTLED, at, None
        update(held, "lines", "spent", "state", "ended_at", "expires_at")
        entry = SpendEntry(
            agent=held.agent,
            category=held.category,
            integration=held.integration,
            run=held.run,
            holder=holder,
            source=source,
            is_as_reserved=is_as_reserved,
            spent_at=at,
        )
        write_entries(entry, final, former)
        if is_as_reserved or source != SpendSource.EXECUTION:
            events.spend_booked(entry=entry, spent=final)
        return _passed(held, now, at)


def release(*, holder: str, reason: str) -> None:
    """Give back what is held, as it is not going to be spent. Nothing for who holds nothing."""
    with unit_of_work():
        held = _locked(holder)
        if held is not None and held.state == ReservationState.OPEN:
            _end(held, ReservationState.RELEASED, reason, clock.now())


def hold_until(*, holder: str, expires_at: datetime | None) -> bool:
    """Hold it for longer, or until it is settled (None); whether it is held still."""
    with unit_of_work():
        held = _locked(holder)
        if held is None or held.state != ReservationState.OPEN:
            return False
        held.expires_at = expires_at
        update(held, "expires_at")
    return True


def hold_uses(holders: Sequence[str]) -> None:
    """Wait for, and keep, the uses that what these hold is in: all of them at once, in their order.

    For who moves what several hold in one transaction; the caller has locked whose they are.
    """
    rows = Reservation.objects.filter(holder__in=holders)
    lock_uses([UUID(line["use"]) for row in rows for line in row.lines])


def wanted_by(held: Reservation) -> Spend:
    """Return what was wanted when it was reserved."""
    return Spend.from_dict(held.wanted)


def reap() -> int:
    """Give back, in every tenant, what is held for those of whom nothing was heard; how many."""
    rows = expired_reservations.call(_MOST_AT_ONCE)
    return sum(tried("reservation.failed", _reap, **row) or 0 for row in rows)


def _reap(tenant_id: UUID, reservation_id: UUID) -> int:
    with tenant_transaction(tenant_id), unit_of_work():
        open_ones = Reservation.objects.select_related("agent").filter(
            pk=reservation_id, state=ReservationState.OPEN
        )
        held = open_ones.select_for_update(of=("self",), skip_locked=True).first()
        now = clock.now()
        if held is None or held.expires_at is None or held.expires_at > now:
            return 0
        _end(held, ReservationState.REAPED, "nothing was heard", now)
        events.reservation_reaped(reservation=held)
    return 1


def _take(standings: Sequence[Standing], wanted: Spend) -> list[Change]:
    added = [Added(each, reserved=wanted.of(each.measure)) for each in standings]
    now = add_to_uses(added)
    return [Change(each.standing, each.reserved, now[each.standing.budget_id]) for each in added]


def _give_back(changes: Sequence[Change]) -> None:
    move_uses(
        [
            Moved(each.now.use_id, each.now.budget_id, reserved=-each.wanted)
            for each in changes
            if each.wanted
        ]
    )


def _line(change: Change) -> dict[str, Any]:
    return {
        "use": str(change.now.use_id),
        "budget": str(change.now.budget_id),
        "measure": change.standing.measure,
        "reserved": str(change.wanted),
        "settled": "0",
    }


def _keep(
    agent: Agent,
    purpose: Purpose,
    wanted: Spend,
    holder: str,
    lines: list[dict[str, Any]],
    expires_at: datetime | None,
    *,
    again: bool,
) -> None:
    held = _locked(holder) if again else None
    if held is None:
        held = Reservation(
            holder=holder,
            agent=agent,
            category=purpose.category,
            integration=purpose.integration,
            run=purpose.run,
            cost_class=purpose.cost_class,
            wanted=wanted.to_dict(),
            lines=lines,
            expires_at=expires_at,
        )
        insert(held)
        return
    if held.state not in (ReservationState.RELEASED, ReservationState.REAPED):
        raise ValueError(f"Something is held for {holder} already.")
    held.lines, held.wanted, held.expires_at = lines, wanted.to_dict(), expires_at
    held.state, held.ended_at, held.end_reason = ReservationState.OPEN, None, ""
    update(held, "lines", "wanted", "expires_at", "state", "ended_at", "end_reason")


def _settled(held: Reservation, spent: Spend) -> tuple[list[dict[str, Any]], list[Moved]]:
    is_open = held.state == ReservationState.OPEN
    lines, moved = [], []
    for line in held.lines:
        final = spent.of(line["measure"])
        moved.append(
            Moved(
                UUID(line["use"]),
                UUID(line["budget"]),
                reserved=-Decimal(line["reserved"]) if is_open else Decimal(0),
                settled=final - Decimal(line["settled"]),
            )
        )
        lines.append(line | {"settled": str(final)})
    return lines, moved


def _end(held: Reservation, state: ReservationState, reason: str, now: datetime) -> None:
    move_uses(
        [
            Moved(UUID(line["use"]), UUID(line["budget"]), reserved=-Decimal(line["reserved"]))
            for line in held.lines
            if Decimal(line["reserved"])
        ]
    )
    held.state, held.ended_at, held.end_reason = state, now, reason[:200]
    held.expires_at = None
    update(held, "state", "ended_at", "end_reason", "expires_at")


def _locked(holder: str) -> Reservation | None:
    found = Reservation.objects.select_related("agent").filter(holder=holder)
    return found.select_for_update(of=("self",)).first()


def _passed(held: Reservation, now: dict[UUID, Now], at: datetime) -> list[Standing]:
    """Record which budgets what was settled has passed, and return them."""
    over = {each.budget_id: each for each in now.values() if each.is_over}
    if not over:
        return []
    purpose = Purpose(held.agent_id, held.category, held.integration, held.run, held.cost_class)
    _, present = read_standings(purpose)
    known = [each for each in present if each.budget_id in over]
    note_changes(held.agent, [Change(each, Decimal(0), over[each.budget_id]) for each in known], at)
    return known
