"""What the pages about budgets show: each budget in words, with what is left of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Q

from govapp.common import clock
from govapp.common.errors import NotFound
from govapp.common.ids import InvalidId, parse_public_id
from tenants.budgets.words import amount_words, budget_words, limit_words
from tenants.models import Agent, Budget, BudgetChange, BudgetUse
from tenants.selectors.budgets import Purpose, read_standings

MOST_USES: Final = 50
_SHOWN_IN_LIST: Final = 5


@dataclass(frozen=True)
class UseRow:
    """How far one of those whom a budget counts has used it, in the present window."""

    ident: str
    who: str
    reserved: str
    settled: str
    left: str
    percent: int
    tone: str  # empty, warn or bad
    ends_at: datetime | None

    @property
    def shown_percent(self) -> int:
        """How much of the bar is filled."""
        return min(self.percent, 100)


@dataclass(frozen=True)
class BudgetRow:
    """A budget with its words, and the uses of its present windows, the fullest first."""

    budget: Budget
    name: str
    limit: str
    uses: Sequence[UseRow]
    waiting: BudgetChange | None

    @property
    def first_uses(self) -> Sequence[UseRow]:
        return self.uses[:_SHOWN_IN_LIST]

    @property
    def more_uses(self) -> int:
        return max(len(self.uses) - _SHOWN_IN_LIST, 0)

    @property
    def waiting_words(self) -> str:
        """What somebody wants."""
        return change_words(self.budget, self.waiting) if self.waiting else ""


@dataclass(frozen=True)
class LeftRow:
    """A budget and what is left of it, in words."""

    ident: str
    name: str
    left: str


@dataclass(frozen=True)
class ChangeRow:
    """A change of a budget, in words."""

    change: BudgetChange
    words: str


def name_of_budget(budget: Budget) -> str:
    """Return a budget in words, with the name of its agent."""
    return _name(budget, _agent_names([budget.ref] if budget.scope == "agent" else []))


def list_budgets() -> list[BudgetRow]:
    """Return all budgets, those that hold first, with what is left of each. Four statements."""
    budgets = list(Budget.objects.order_by("-is_active", "created_at", "id"))
    return _rows(budgets)


def get_budget(ident: str) -> BudgetRow:
    """Return one budget by its public id. Raises `NotFound`."""
    try:
        wanted = parse_public_id("bud", ident)
    except InvalidId as error:
        raise NotFound("There is no such budget.") from error
    found = Budget.objects.filter(pk=wanted).first()
    if found is None:
        raise NotFound("There is no such budget.")
    return _rows([found])[0]


def budgets_of(agent: Agent) -> list[LeftRow]:
    """Return the budgets that are about an agent whatever it does, and what is left of each."""
    _, standings = read_standings(Purpose(agent.pk))
    return [
        LeftRow(each.public_id, each.name, amount_words(each.measure, each.as_use().left))
        for each in standings
    ]


def agents_with_limits() -> list[Agent]:
    """Return the agents that may call as often as was set for them alone."""
    return list(Agent.objects.exclude(calls_per_second=None).order_by("name"))


def changes_of(budget: Budget) -> list[ChangeRow]:
    """Return what was changed of a budget and what waits, the newest first."""
    people = ("asked_by__user", "answered_by__user")
    found = budget.changes.select_related(*people).order_by("-asked_at", "-id")[:MOST_USES]
    return [ChangeRow(each, change_words(budget, each)) for each in found]


def change_words(budget: Budget, change: BudgetChange) -> str:
    """Return what a change makes of a budget: "EUR 50.00 a day; beyond it: …"."""
    limit = limit_words(budget.measure, change.limit, budget.period)
    warns = f"; it warns at {change.warn_at}%" if change.warn_at else ""
    off = "" if change.is_active else "; switched off"
    return f"{limit}; beyond it: {change.get_on_exceed_display()}{warns}{off}"


def _rows(budgets: Sequence[Budget]) -> list[BudgetRow]:
    now = clock.now()
    present = Q(ends_at__gt=now) | Q(ends_at=None)
    uses = list(
        BudgetUse.objects.filter(present, budget__in=budgets, starts_at__lte=now).order_by(
            "budget_id", "ref", "-starts_at"
        )
    )
    names = _agent_names([*(each.ref for each in budgets), *(each.ref for each in uses)])
    waiting = {
        change.budget_id: change
        for change in BudgetChange.objects.select_related("asked_by__user").filter(
            budget__in=budgets, answered_at=None
        )
    }
    by_budget: dict[UUID, list[UseRow]] = {}
    limits = {each.pk: each for each in budgets}
    for use in uses:
        row = _use(use, limits[use.budget_id], names)
        by_budget.setdefault(use.budget_id, []).append(row)
    return [
        BudgetRow(
            budget=each,
            name=_name(each, names),
            limit=limit_words(each.measure, each.limit, each.period),
            uses=sorted(by_budget.get(each.pk, ()), key=lambda row: (-row.percent, row.who))[
                :MOST_USES
            ],
            waiting=waiting.get(each.pk),
        )
        for each in budgets
    ]


def _use(use: BudgetUse, budget: Budget, names: dict[str, str]) -> UseRow:
    used = use.reserved + use.settled
    percent = int(used * 100 / budget.limit)
    is_near = budget.warn_at is not None and percent >= budget.warn_at
    agent, _, run = use.ref.partition(" ")
    who = {"tenant": "Everything here"}.get(budget.scope) or names.get(agent, agent)
    return UseRow(
        ident=use.public_id,
        who=f"{who}, run {run}" if run else who,
        reserved=amount_words(budget.measure, use.reserved),
        settled=amount_words(budget.measure, use.settled),
        left=amount_words(budget.measure, max(budget.limit - used, Decimal(0))),
        percent=percent,
        tone="bad" if used >= budget.limit else "warn" if is_near else "",
        ends_at=use.ends_at,
    )


def _name(budget: Budget, names: dict[str, str]) -> str:
    return budget_words(
        scope=budget.scope,
        ref=budget.ref,
        measure=budget.measure,
        period=budget.period,
        limit=budget.limit,
        cost_class=budget.cost_class,
        name=names.get(budget.ref, ""),
    )


def _agent_names(refs: Iterable[str]) -> dict[str, str]:
    named = (_uuid(ref.partition(" ")[0]) for ref in refs)
    idents = {each for each in named if each is not None}
    return {
        str(pk): name for pk, name in Agent.objects.filter(pk__in=idents).values_list("pk", "name")
    }


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
