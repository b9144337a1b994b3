"""Events about budgets: how they change, when they run out, and what was spent."""

from collections.abc import Mapping
from typing import Any

from audit.actors import SYSTEM, Subject
from audit.services import record
from tenants.audit_events.words import name_of, said
from tenants.budgets.spend import Spend
from tenants.budgets.words import amount_words, money_words
from tenants.models import Agent, Budget, BudgetChange, Membership, Reservation, SpendEntry
from tenants.selectors.budgets import Standing


def budget_changed(
    *,
    actor: Membership,
    budget: Budget,
    name: str,
    what: str,
    before: Mapping[str, Any] | None,
    change: BudgetChange | None = None,
) -> None:
    """A budget was set, changed, switched off or on, or somebody wants it looser.

    `what` is set, tightened, asked, loosened or withdrawn.
    """
    asked = change.asked_by if change else None
    verbs = {
        "set": "set a budget", "tightened": "tightened a budget",
        "asked": "asks to loosen a budget", "loosened": "loosened a budget",
        "withdrawn": "withdrew the wish to loosen a budget",
    }  # fmt: skip
    terms = terms_of(change if what in ("asked", "withdrawn") and change else budget)
    reason = f": {change.reason}" if change else "."
    record(
        event_type="budget.changed",
        actor=actor.as_actor(),
        subject=_subject(budget, name),
        summary=f"{actor.user.name} {verbs[what]}, {name}{reason}",
        data={
            "what": what,
            "scope": budget.scope,
            "ref": budget.ref,
            "measure": budget.measure,
            "period": budget.period,
            "cost_class": budget.cost_class,
            "before": dict(before) if before else None,
            "after": terms,
            "reason": said(change.reason, change.asked_by) if change else None,
            "asked_by": asked.public_id if asked else None,
            "single_person": bool(what == "loosened" and (asked is None or asked.pk == actor.pk)),
        },
        personal=(name_of(asked),) if asked else (),
    )


def budget_warned(*, agent: Agent, standing: Standing, used: Mapping[str, Any]) -> None:
    """So much is used that the budget warns; once in each window."""
    _used("budget.warned", agent, standing, used, "is nearly used up")


def budget_exceeded(*, agent: Agent, standing: Standing, used: Mapping[str, Any]) -> None:
    """More is wanted or was spent than there is; once in each window."""
    _used("budget.exceeded", agent, standing, used, "is used up")


def spend_booked(*, entry: SpendEntry, spent: Spend, note: str = "") -> None:
    """Something was spent that no report of an action says."""
    how = (
        "Nothing was reported, so that what was reserved is taken for spent by"
        if entry.is_as_reserved
        else "Booked for"
    )
    record(
        event_type="spend.booked",
        actor=SYSTEM if entry.is_as_reserved else entry.agent.as_actor(),
        subject=Subject("spend", entry.public_id, entry.agent.name),
        summary=f"{how} {entry.agent.name}: {spend_words(spent)}.",
        data={
            "agent": entry.agent.public_id,
            "agent_name": entry.agent.name,
            "holder": entry.holder or None,
            "source": entry.source,
            "spent": spent.to_dict(),
            "category": entry.category or None,
            "integration": entry.integration or None,
            "run": entry.run or None,
            "is_as_reserved": entry.is_as_reserved,
            "note": note or None,
        },
    )


def reservation_reaped(*, reservation: Reservation) -> None:
    """Nothing was heard of what it was held for, so that it was given back."""
    agent, wanted = reservation.agent, Spend.from_dict(reservation.wanted)
    record(
        event_type="reservation.reaped",
        actor=SYSTEM,
        subject=Subject("reservation", reservation.public_id, agent.name),
        summary=(
            f"Nothing was heard from {agent.name} of {reservation.holder}:"
            f" {spend_words(wanted)} that was reserved for it is given back."
        ),
        data={
            "agent": agent.public_id,
            "agent_name": agent.name,
            "holder": reservation.holder,
            "wanted": reservation.wanted,
        },
    )


def costs_exported(*, actor: Membership, starts: str, ends: str, rows: int) -> None:
    """The costs of a period were fetched as a file."""
    record(
        event_type="costs.exported",
        actor=actor.as_actor(),
        subject=Subject("costs", "", f"{starts} to {ends}"),
        summary=f"{actor.user.name} exported the costs from {starts} to {ends}.",
        data={"from": starts, "until": ends, "rows": rows},
    )


def terms_of(terms: Budget | BudgetChange) -> dict[str, Any]:
    """Return what of a budget can change."""
    return {
        "limit": str(terms.limit),
        "on_exceed": terms.on_exceed,
        "warn_at": terms.warn_at,
        "is_active": terms.is_active,
    }


def spend_words(spent: Spend) -> str:
    """Return everything that was spent in words: "EUR 12.00, 300 tokens, 1 action"."""
    parts = [money_words(currency, amount) for currency, amount in sorted(spent.money.items())]
    parts += [
        amount_words(measure, spent.of(measure))
        for measure in ("tokens", "count")
        if spent.of(measure)
    ]
    return ", ".join(parts) or "nothing"


def _used(
    event_type: str, agent: Agent, standing: Standing, used: Mapping[str, Any], does: str
) -> None:
    total = used["reserved"] + used["settled"]
    wanted = used.get("wanted")
    more = f" {amount_words(standing.measure, wanted)} more was wanted." if wanted else ""
    record(
        event_type=event_type,
        actor=agent.as_actor(),
        subject=Subject("budget", standing.public_id, standing.name),
        summary=(
            f"The budget of {standing.name} {does}:"
            f" {amount_words(standing.measure, total)} of"
            f" {amount_words(standing.measure, standing.limit)}.{more}"
        ),
        data={
            "agent": agent.public_id,
            "agent_name": agent.name,
            "measure": standing.measure,
            "period": standing.period,
            "limit": str(standing.limit),
            "reserved": str(used["reserved"]),
            "settled": str(used["settled"]),
            "wanted": str(wanted) if wanted else None,
            "on_exceed": standing.on_exceed,
            "window": standing.window.starts_at.isoformat(),
        },
    )


def _subject(budget: Budget, name: str) -> Subject:
    return Subject("budget", budget.public_id, name)
