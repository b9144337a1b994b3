"""Booking what was spent without having been reserved."""

from dataclasses import replace
from decimal import Decimal

from govapp.common.writing import unit_of_work
from tenants.audit_events import budgets as events
from tenants.budgets.nested import Use, Verdict, verdict
from tenants.budgets.spend import NOTHING, Spend
from tenants.enums import SpendSource
from tenants.models import Agent, SpendEntry
from tenants.selectors.budgets import Purpose, Standing, read_standings
from tenants.services.budget_notes import Change, note_changes
from tenants.services.budget_uses import Added, Now, add_to_uses
from tenants.services.spend_entries import write_entries


def book_spend(
    *, agent: Agent, spent: Spend, purpose: Purpose, note: str = ""
) -> tuple[SpendEntry, Verdict]:
    """Book what an agent says that it spent; it is spent already, so nothing is refused.

    Returns the entry and how the budgets stand with it. What passes a limit is recorded, and what
    is wanted next is refused.
    """
    with unit_of_work():
        at, standings = read_standings(purpose)
        added = [Added(each, settled=spent.of(each.measure)) for each in standings]
        now = add_to_uses(added)
        entry = SpendEntry(
            agent=agent,
            category=purpose.category,
            integration=purpose.integration,
            run=purpose.run,
            source=SpendSource.API,
            spent_at=at,
        )
        write_entries(entry, spent)
        events.spend_booked(entry=entry, spent=spent, note=note)
        note_changes(
            agent,
            [Change(each.standing, Decimal(0), now[each.standing.budget_id]) for each in added],
            at,
        )
        uses = [_use_of(each.standing, now[each.standing.budget_id]) for each in added]
    return entry, verdict(uses, NOTHING)


def _use_of(standing: Standing, now: Now) -> Use:
    return replace(standing.as_use(), limit=now.limit, reserved=now.reserved, settled=now.settled)


def note_refused_spend(*, agent: Agent, purpose: Purpose, why: str) -> None:
    """Record that an agent wanted to book on what is none of its."""
    events.spend_refused(
        agent=agent,
        category=purpose.category,
        integration=purpose.integration,
        run=purpose.run,
        why=why,
    )
