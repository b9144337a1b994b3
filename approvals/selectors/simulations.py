"""Replays as pages, the API and files show them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import QuerySet

from approvals.enums import SimulationStatus
from approvals.models import PolicyDraft, PolicySimulation, PolicyVersion, SimulatedChange
from approvals.selectors.simulation_words import cautions, headline, sentences
from govapp.common.api.pagination import Page, Position, read_page
from govapp.common.errors import NotFound
from govapp.common.ids import InvalidId, parse_public_id, public_id

PAGE_SIZE: Final = 50
SHOWN_IN_BOX: Final = 3
_STEP: Final = 1_000


@dataclass(frozen=True)
class ListedChange:
    """One request that would have been decided otherwise, with what a person knows it by."""

    position: int
    request_id: str
    summary: str
    category: str
    agent: str
    submitted_at: datetime
    before: str
    after: str
    direction: str
    because: str
    because_before: str
    is_impossible: bool


@dataclass(frozen=True)
class ChangePage:
    """Some changes in the order of the replay, newest first, and where the next page begins."""

    rows: list[ListedChange]
    next_after: int | None


def list_simulations(after: Position | None = None) -> Page[PolicySimulation]:
    """Return a page of replays, newest first. One statement."""
    return read_page(_rows(), field="requested_at", after=after, limit=PAGE_SIZE)


def get_simulation(ident: str) -> PolicySimulation:
    """Return the replay with this public id; raise `NotFound`. One statement."""
    try:
        pk = parse_public_id("sim", ident)
    except InvalidId as error:
        raise NotFound(str(error)) from None
    found = _rows(whole=True).filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such replay.")
    return found


def get_open_draft(ident: str) -> PolicyDraft:
    """Return the draft with this public id that is being written; raise `NotFound`."""
    try:
        pk = parse_public_id("pd", ident)
    except InvalidId as error:
        raise NotFound(str(error)) from None
    found = PolicyDraft.objects.filter(pk=pk, submitted_as=None, discarded_at=None).first()
    if found is None:
        raise NotFound("There is no such draft.")
    return found


def simulations_of(
    *, draft: PolicyDraft | None = None, version: PolicyVersion | None = None
) -> list[PolicySimulation]:
    """Return the last replays of a draft or a version, newest first. One statement."""
    rows = _rows().filter(draft=draft) if draft else _rows().filter(version=version)
    return list(rows.order_by("-requested_at", "-pk")[:SHOWN_IN_BOX])


def read_changes(
    simulation: PolicySimulation, *, after: int = 0, direction: str = ""
) -> ChangePage:
    """Return a page of the changes that are listed. One statement and no count."""
    rows = _changes(simulation).filter(position__gt=after)
    if direction:
        rows = rows.filter(direction=direction)
    found = [_listed(each) for each in rows[: PAGE_SIZE + 1]]
    if len(found) <= PAGE_SIZE:
        return ChangePage(found, None)
    return ChangePage(found[:PAGE_SIZE], found[PAGE_SIZE - 1].position)


def all_changes(simulation: PolicySimulation) -> Iterator[ListedChange]:
    """Yield every change that is listed, a thousand at a time."""
    after = 0
    while rows := list(_changes(simulation).filter(position__gt=after)[:_STEP]):
        yield from map(_listed, rows)
        after = rows[-1].position


def percent_done(simulation: PolicySimulation) -> int:
    """Return how far it is, from 0 to 100; 100 only when it is done."""
    if simulation.status == SimulationStatus.DONE:
        return 100
    total = simulation.total or 0
    return min(99, 100 * simulation.replayed // total) if total else 0


def period_words(simulation: PolicySimulation) -> str:
    """Return what was replayed: "the last 90 days", "all recorded requests"."""
    if simulation.since is None:
        return "all recorded requests"
    return f"the last {round((simulation.until - simulation.since) / timedelta(days=1))} days"


def simulation_summary(simulation: PolicySimulation) -> dict[str, Any]:
    """Return everything about a replay but its changes, as JSON: for the API and files.

    `figures`, `headline`, `sentences` and `cautions` are there once it is done.
    """
    done = simulation.status == SimulationStatus.DONE
    figures = simulation.summary
    return {
        "id": simulation.public_id,
        "status": simulation.status,
        "error": simulation.error,
        "policy_digest": simulation.digest,
        "draft": simulation.draft and simulation.draft.public_id,
        "version": simulation.version and simulation.version.public_id,
        "compared_with": simulation.compared_with and simulation.compared_with.public_id,
        "since": _instant(simulation.since),
        "until": _instant(simulation.until),
        "requested_by": str(simulation.requested_by),
        "requested_at": _instant(simulation.requested_at),
        "finished_at": _instant(simulation.finished_at),
        "total": simulation.total,
        "replayed": simulation.replayed,
        "percent": percent_done(simulation),
        "effect": simulation.effect,
        "headline": headline(figures) if done else "",
        "sentences": [said.text for said in sentences(figures)] if done else [],
        "cautions": cautions(figures) if done else [],
        "figures": figures if done else None,
    }


def _rows(*, whole: bool = False) -> QuerySet[PolicySimulation]:
    rows = PolicySimulation.objects.select_related(
        "requested_by__user", "draft", "version", "compared_with"
    ).defer(
        "draft__source", "version__source", "version__document", "compared_with__source",
        "compared_with__document",
    )  # fmt: skip
    return rows if whole else rows.defer("source")


def _changes(simulation: PolicySimulation) -> QuerySet[SimulatedChange]:
    return (
        SimulatedChange.objects.filter(simulation=simulation)
        .select_related("request__agent")
        .only(
            "position", "before", "after", "direction", "because", "because_before",
            "is_impossible", "request__summary", "request__category_key",
            "request__submitted_at", "request__agent__name",
        )
        .order_by("position")
    )  # fmt: skip


def _listed(change: SimulatedChange) -> ListedChange:
    request = change.request
    return ListedChange(
        change.position,
        public_id("ar", change.request_id),
        request.summary,
        request.category_key,
        request.agent.name,
        request.submitted_at,
        change.before,
        change.after,
        change.direction,
        change.because,
        change.because_before,
        change.is_impossible,
    )


def _instant(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
