"""Setting budgets: tightening holds at once, loosening needs a second person."""

from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from govapp.common import clock
from govapp.common.errors import Conflict, Forbidden, NotFound
from tenants import rules
from tenants.audit_events import budgets as events
from tenants.budgets.spend import is_measure
from tenants.enums import BudgetScope, CostClass, OnExceed, Period
from tenants.models import Agent, Budget, BudgetChange, Membership, Tenant
from tenants.scopes import is_pattern
from tenants.selectors.budget_pages import name_of_budget
from tenants.services.checks import clean_text, fault

WHO: Final = "Only an owner or compliance sets budgets."
OWN: Final = "Whoever wants a budget looser does not confirm it: ask somebody else."
_NO_TIME: Final = (
    "A run's budget is for the run; all others are for an hour, a day, a week or a month."
)
_COST_CLASSES: Final = ("", *CostClass.values)
_MOST: Final = Decimal(10) ** 15
_MOST_BUDGETS: Final = 200
_STRICTNESS: Final = [each.value for each in OnExceed]
_LONGEST_REF: Final = 100


@dataclass(frozen=True)
class Terms:
    """What of a budget can change. `warn_at` is in percent of the limit."""

    limit: Decimal
    on_exceed: str
    warn_at: int | None = None
    is_active: bool = True

    @classmethod
    def of(cls, kept: Budget | BudgetChange) -> "Terms":
        """Return those of a row."""
        return cls(kept.limit, kept.on_exceed, kept.warn_at, kept.is_active)

    def is_looser_than(self, other: "Terms") -> bool:
        """Whether anything may pass with these that may not pass with the others."""
        if not other.is_active:
            return False
        return (
            not self.is_active
            or self.limit > other.limit
            or _STRICTNESS.index(self.on_exceed) < _STRICTNESS.index(other.on_exceed)
        )

    def checked(self) -> "Terms":
        """Return them as they are kept. Raises `Invalid`."""
        if not isinstance(self.limit, Decimal) or not self.limit.is_finite():
            raise fault("limit", "Write a number.")
        if not 0 < self.limit <= _MOST or self.limit != self.limit.quantize(Decimal("0.000001")):
            raise fault("limit", "Write a number above 0, with at most six decimals.")
        if self.on_exceed not in _STRICTNESS:
            raise fault("on_exceed", "Say what follows.")
        if self.warn_at is not None and not 1 <= self.warn_at <= 100:
            raise fault("warn_at", "Write a percentage from 1 to 100.")
        return replace(self, limit=self.limit.quantize(Decimal("0.000001")))


@transaction.atomic
def set_budget(
    *,
    actor: Membership,
    scope: str,
    measure: str,
    period: str,
    terms: Terms,
    ref: str = "",
    cost_class: str = "",
) -> Budget:
    """Set a budget; it counts from this moment on. Another budget never loosens anything.

    `ref` is an agent's id as text, an integration, a category or pattern, a run, or "*" for each
    one by itself. Raises `Forbidden` unless the actor is an owner or compliance, `Invalid`, and
    `Conflict` when there is one already that is about the same.
    """
    rules.require(rules.may_set_budgets(actor), WHO)
    terms, measure = terms.checked(), measure.strip()
    if scope not in BudgetScope.values:
        raise fault("scope", "Say whom it is about.")
    if not is_measure(measure):
        raise fault("measure", "Write tokens, count, or money: and a currency, as money:EUR.")
    if period not in Period.values or (period == Period.RUN) != (scope == BudgetScope.RUN):
        raise fault("period", _NO_TIME)
    if cost_class not in _COST_CLASSES:
        raise fault("cost_class", "There is no such cost class.")
    if measure == "count" and terms.limit != terms.limit.to_integral_value():
        raise fault("limit", "Actions are counted whole.")
    ref = _checked_ref(scope, ref)
    _lock()
    same = Budget.objects.filter(
        scope=scope, ref=ref, measure=measure, period=period, cost_class=cost_class
    )
    if same.filter(is_active=True).exists():
        raise Conflict("There is such a budget already: change that one.", code="budget_exists")
    if Budget.objects.filter(is_active=True).count() >= _MOST_BUDGETS:
        raise Conflict(f"There are {_MOST_BUDGETS} budgets already: switch one off first.")
    budget = Budget(
        scope=scope,
        ref=ref,
        measure=measure,
        period=period,
        cost_class=cost_class,
        created_by=actor,
        **asdict(terms),
    )
    budget.save(force_insert=True)
    events.budget_changed(
        actor=actor, budget=budget, name=name_of_budget(budget), what="set", before=None
    )
    return budget


@transaction.atomic
def change_budget(
    *, actor: Membership, budget_id: UUID, terms: Terms, reason: str
) -> BudgetChange | None:
    """Change a budget, and return what waits for a second person, None when it holds at once.

    What only tightens holds at once; what loosens waits for somebody else, unless the tenant lets
    one person decide. Raises `NotFound`, `Forbidden`, `Invalid`, and `Conflict` when nothing
    differs or a change waits already.
    """
    rules.require(rules.may_set_budgets(actor), WHO)
    budget, terms = _locked(budget_id), terms.checked()
    reason = clean_text(" ".join(reason.split()), field="reason", at_most=300)
    former = Terms.of(budget)
    if terms == former:
        raise Conflict("Nothing is changed.", code="no_change")
    if budget.changes.filter(answered_at=None).exists():
        raise Conflict("A change waits for a second person: confirm it or withdraw it.")
    change = BudgetChange(budget=budget, reason=reason, asked_by=actor, **asdict(terms))
    waits = terms.is_looser_than(former) and not Tenant.objects.get().single_person_publishing
    if waits:
        change.save(force_insert=True)
        _record(actor, budget, "asked", former, change)
        return change
    change.answered_by, change.answered_at, change.is_confirmed = actor, clock.now(), True
    change.save(force_insert=True)
    _apply(budget, terms)
    what = "loosened" if terms.is_looser_than(former) else "tightened"
    _record(actor, budget, what, former, change)
    return None


@transaction.atomic
def answer_change(*, actor: Membership, budget_id: UUID, is_confirmed: bool) -> Budget:
    """Confirm a looser budget, or withdraw the wish for it.

    Raises `NotFound` when nothing waits, `Forbidden` for whoever does not set budgets, and for who
    asked, who may only withdraw it.
    """
    rules.require(rules.may_set_budgets(actor), WHO)
    budget = _locked(budget_id)
    waiting = budget.changes.select_related("asked_by__user").filter(answered_at=None)
    change = waiting.select_for_update(of=("self",)).first()
    if change is None:
        raise NotFound("No change of this budget waits.")
    if is_confirmed and change.asked_by_id == actor.pk:
        raise Forbidden(OWN)
    former = Terms.of(budget)
    change.answered_by, change.answered_at = actor, clock.now()
    change.is_confirmed = is_confirmed
    change.save(update_fields=["answered_by", "answered_at", "is_confirmed"])
    if is_confirmed:
        _apply(budget, Terms.of(change))
    _record(actor, budget, "loosened" if is_confirmed else "withdrawn", former, change)
    return budget


def _record(
    actor: Membership, budget: Budget, what: str, former: Terms, change: BudgetChange
) -> None:
    before: dict[str, Any] = asdict(former) | {"limit": str(former.limit)}
    events.budget_changed(
        actor=actor,
        budget=budget,
        name=name_of_budget(budget),
        what=what,
        before=before,
        change=change,
    )


def _apply(budget: Budget, terms: Terms) -> None:
    for name, value in asdict(terms).items():
        setattr(budget, name, value)
    budget.save(update_fields=list(asdict(terms)))


def _locked(budget_id: UUID) -> Budget:
    _lock()
    budget = Budget.objects.filter(pk=budget_id).first()
    if budget is None:
        raise NotFound("There is no such budget.")
    return budget


def _lock() -> None:
    """One writer of a tenant's budgets at a time; submissions do not wait for it."""
    Tenant.objects.select_for_update(no_key=True).get()


def _checked_ref(scope: str, ref: str) -> str:
    ref = ref.strip()
    if scope == BudgetScope.TENANT:
        if ref:
            raise fault("ref", "A budget for everything names nobody.")
        return ""
    if not ref or len(ref) > _LONGEST_REF or not ref.isascii() or not ref.isprintable():
        raise fault("ref", "Name one, or write * for each one by itself.")
    if ref == "*":
        return ref
    if scope == BudgetScope.CATEGORY and not is_pattern(ref):
        raise fault("ref", f"{ref} is no category, and no pattern like payments.*.")
    if scope == BudgetScope.AGENT and not _is_agent(ref):
        raise fault("ref", "There is no such agent.")
    return ref


def _is_agent(ref: str) -> bool:
    try:
        ident = UUID(ref)
    except ValueError:
        return False
    return str(ident) == ref and Agent.objects.filter(pk=ident).exists()
