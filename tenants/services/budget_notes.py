"""What budgets have to say when they run low or out: recorded once in each window."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from tenants.audit_events import budgets as events
from tenants.budgets.nested import Line, Use, Verdict
from tenants.models import Agent
from tenants.selectors.budgets import Standing
from tenants.services.budget_uses import Added, Now, add_to_uses, mark_uses


@dataclass(frozen=True)
class Change:
    """One budget before and after: what was wanted of it, and how it stands now."""

    standing: Standing
    wanted: Decimal
    now: Now

    def before(self) -> Use:
        """How it stood before this was added."""
        use = self.standing.as_use()
        return replace(
            use,
            limit=self.now.limit,
            reserved=self.now.reserved - self.wanted,
            settled=self.now.settled,
        )


def note_refused(
    *, agent: Agent, found: Verdict, standings: Sequence[Standing], at: datetime
) -> None:
    """Record, once in each window, that a budget refused something."""
    by_id = {each.public_id: each for each in standings}
    lines = [
        line
        for line in found.lines
        if line.outcome.is_refusal and not by_id[line.use.budget].is_exceeded
    ]
    now = add_to_uses([Added(by_id[line.use.budget]) for line in lines])
    new = [line for line in lines if not now[by_id[line.use.budget].budget_id].is_exceeded]
    mark_uses([now[by_id[line.use.budget].budget_id].use_id for line in new], warned=[], at=at)
    for line in new:
        standing = by_id[line.use.budget]
        events.budget_exceeded(
            agent=agent, standing=standing, used=_figures(now[standing.budget_id], line)
        )


def note_changes(agent: Agent, changes: Sequence[Change], at: datetime) -> None:
    """Record, once in each window, what warns now and what is passed now."""
    over = [each for each in changes if each.now.is_over and not each.now.is_exceeded]
    near = [each for each in changes if _is_near(each) and not each.now.is_warned]
    mark_uses([each.now.use_id for each in over], warned=[each.now.use_id for each in near], at=at)
    for each in near:
        events.budget_warned(agent=agent, standing=each.standing, used=_figures(each.now))
    for each in over:
        events.budget_exceeded(agent=agent, standing=each.standing, used=_figures(each.now))


def _is_near(change: Change) -> bool:
    percent, now = change.standing.warn_at, change.now
    return percent is not None and (now.reserved + now.settled) * 100 >= now.limit * percent


def _figures(now: Now, line: Line | None = None) -> dict[str, Decimal]:
    figures = {"reserved": now.reserved, "settled": now.settled}
    return figures | {"wanted": line.wanted} if line else figures
