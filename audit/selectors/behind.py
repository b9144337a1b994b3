"""The events behind what holds an agent: who stopped it, cut a delegation, set its autonomy."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL

from audit.merkle.canonical import canonical_bytes
from audit.models import LedgerEvent
from audit.selectors.events import EventRow, as_rows

SWITCHES: Final = ("kill_switch.thrown", "kill_switch.resumed")
BUDGETS: Final = ("budget.exceeded",)
AUTONOMY: Final = ("agent.autonomy_set",)
GUARDRAILS: Final = ("guardrails.published",)
DELEGATIONS: Final = ("delegation.created", "delegation.revoked")
_IN_A_RUN: Final = (" in each run", " in the run ")
BY_AGENT: Final = (" for each agent", *_IN_A_RUN)
"""In the names of budgets of which only the agent's own events say what held it."""
_EVERY: Final = "every"  # of whom autonomy is about when it is set for every agent
_MOST: Final = 200
# That a budget is exceeded is written in the window in which it then holds. A month is the longest
# one (`tenants.budgets.windows`), with a day or two for a tenant's zone; a run's has no end.
_WINDOW: Final = timedelta(days=33)


class Budget(NamedTuple):
    """A budget that held an agent: its name, and until when it can have been exceeded before."""

    name: str
    until: datetime


@dataclass(frozen=True)
class Behind:
    """What to look for: events of these types, as far as they are about this one.

    Autonomy of the agent and of every agent, these budgets, and these delegations; until an
    instant, when one is named.
    """

    types: frozenset[str] = frozenset()
    agent: str = ""
    budgets: tuple[Budget, ...] = ()
    links: tuple[str, ...] = ()
    until: datetime | None = None


def events_behind(wanted: Behind, *, size: int | None = None) -> list[EventRow]:
    """Return the events behind what held an agent, newest first. Two queries.

    Those of the tree of a size, when it is named. Of each type 200 at most, so that what happens
    often pushes out nothing else; of budgets the agent's own apart from those of other agents, and
    both only as far back as the longest window, for few of very many may be of that name.
    """
    found = [
        LedgerEvent.objects.filter(each, *_bounds(wanted, size))
        .order_by("-occurred_at", "-id")[:_MOST]
        .values_list("id", "occurred_at", "body")
        for each in _kinds(wanted)
    ]
    if not found:
        return []
    rows = {each.id: each for each in as_rows(found[0].union(*found[1:], all=True))}
    newest = sorted(rows.values(), key=lambda each: (each.occurred_at, each.id), reverse=True)
    return _without_long_past(newest)


def _without_long_past(newest: list[EventRow]) -> list[EventRow]:
    """Leave out what was thrown before the oldest resumption of those that are looked at.

    It may have been resumed before as well: then it would be told as one that still holds.
    """
    thrown, resumed = SWITCHES
    resumptions = [each for each in newest if each.body.get("type") == resumed]
    if len(resumptions) < _MOST:
        return newest
    since = resumptions[-1].occurred_at
    return [each for each in newest if each.body.get("type") != thrown or each.occurred_at >= since]


def _kinds(wanted: Behind) -> Iterator[Q]:
    for types in (SWITCHES, GUARDRAILS):
        if wanted.types & set(types):
            # Type by type: of one the index has the newest at its end. Of several together, all
            # events are gone through where a prepared plan takes rare ones to be frequent.
            yield from (Q(type=each) for each in types)
    if wanted.types & set(AUTONOMY):
        yield Q(type__in=AUTONOMY, subject_id__in=[wanted.agent, _EVERY])
    for budget in wanted.budgets if wanted.types & set(BUDGETS) else ():
        yield from _exceeded(budget, wanted.agent)
    if wanted.links:
        yield Q(type__in=DELEGATIONS, subject_id__in=wanted.links)


def _exceeded(budget: Budget, agent: str) -> Iterator[Q]:
    """Narrow down to the window first: whether the name fits is seen in the body of each event."""
    exceeded = Q(type__in=BUDGETS, occurred_at__lte=budget.until)
    if not any(words in budget.name for words in _IN_A_RUN):
        exceeded &= Q(occurred_at__gte=budget.until - _WINDOW)
    yield exceeded & Q(actor_id=agent) & _labelled(budget.name)
    if not any(words in budget.name for words in BY_AGENT):
        yield exceeded & ~Q(actor_id=agent) & _labelled(budget.name)


def _labelled(name: str) -> Q:
    """Whether the subject is called this, without reading the rest: other budgets are many."""
    member = canonical_bytes({"label": name})[1:-1]
    return Q(RawSQL("position(%s::bytea in audit_ledgerevent.body) > 0", [member], BooleanField()))


def _bounds(wanted: Behind, size: int | None) -> Iterator[Q]:
    if wanted.until is not None:
        yield Q(occurred_at__lte=wanted.until)
    if size is not None:
        yield Q(leaf_rows__index__lt=size)
