"""Running a replay that was asked for: progress committed as it goes, and taken over after a crash.

The row is the work and says who runs it: each run has a number, and a run that finds another
number there, or another status than running, stops without a word.
"""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, cast
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import QuerySet

from approvals.audit_events import simulations as events
from approvals.doors import simulations_left_alone
from approvals.enums import SimulationStatus
from approvals.models import PolicySimulation, SimulatedChange
from approvals.policies import Policy, PolicyInvalid, load_policy
from approvals.policies.replay import Change
from approvals.selectors.policies import compiled
from approvals.selectors.recorded import Period, count_recorded
from approvals.selectors.replaying import Replaying
from approvals.selectors.simulation_words import headline
from govapp.common import clock
from govapp.common.errors import DomainError
from govapp.common.queue import enqueue_on_commit
from govapp.common.tenancy import tenant_transaction

log = structlog.get_logger(__name__)

LISTED: Final = 10_000
STALE_AFTER: Final = timedelta(seconds=60)
"""Much longer than a batch takes: whoever ran it is gone."""
LONGEST: Final = 240.0
"""Seconds. The broker gives a task to another worker after 300."""
_RUNS: Final = 3
_UNUSABLE: Final = "The rules cannot be read any more."
_FAULT: Final = "It stopped because of a fault of ours, which was logged. Start it again."


class _Replaced(Exception):
    """It was cancelled, or another run has taken it over."""


class _TooLong(DomainError):
    """It would not end in time."""


def run_simulation(*, tenant_id: UUID, simulation_id: UUID) -> None:
    """Run one replay that was asked for. Runs outside of any transaction; safe to run twice."""
    with tenant_transaction(tenant_id):
        simulation = _begin(simulation_id)
    if simulation is None:
        return
    try:
        _run(tenant_id, simulation)
    except _Replaced:
        return
    except (PolicyInvalid, DomainError) as error:
        why = _UNUSABLE if isinstance(error, PolicyInvalid) else error.detail
    except Exception as error:
        # Whatever it is, nobody may wait for ever for a replay that will not end.
        log.exception(
            "simulation.failed", simulation=str(simulation_id), error=type(error).__name__
        )
        why = _FAULT
    else:
        return
    with tenant_transaction(tenant_id):
        _fail(simulation_id, simulation.run, why)


def take_over_simulations() -> int:
    """Queue again each replay that nobody has worked on for a minute; return how many."""
    found = simulations_left_alone.call(int(STALE_AFTER.total_seconds()))
    for row in found:
        with transaction.atomic():
            enqueue_on_commit("approvals.run_simulation", **row)
    return len(found)


def _begin(simulation_id: UUID) -> PolicySimulation | None:
    """Take a replay that waits, or whose run vanished; None when there is nothing to do."""
    rows = PolicySimulation.objects.select_for_update(of=("self",)).select_related("compared_with")
    simulation = rows.filter(pk=simulation_id).first()
    if simulation is None:
        return None
    now = clock.now()
    touched = simulation.touched_at
    is_stale = (
        simulation.status == SimulationStatus.RUNNING
        and touched is not None
        and touched < now - STALE_AFTER
    )
    if simulation.status != SimulationStatus.QUEUED and not is_stale:
        return None
    if simulation.run >= _RUNS:
        _fail(
            simulation_id, simulation.run,
            f"It was begun {_RUNS} times and never came to its end. Choose a shorter period.",
        )  # fmt: skip
        return None
    simulation.changes.all().delete()
    simulation.status, simulation.run = SimulationStatus.RUNNING, simulation.run + 1
    simulation.started_at = simulation.touched_at = now
    simulation.replayed = 0
    simulation.total = count_recorded(Period(simulation.since, simulation.until))
    simulation.save(
        update_fields=["status", "run", "started_at", "touched_at", "replayed", "total"]
    )
    return simulation


def _run(tenant_id: UUID, simulation: PolicySimulation) -> None:
    period = Period(simulation.since, simulation.until)
    policy = load_policy(simulation.source)
    former = _former(tenant_id, simulation)
    replaying = Replaying(tenant_id, policy, period, compared_with=former)
    listed, until = 0, time.monotonic() + LONGEST
    for changes in replaying.steps():
        kept = changes[: LISTED - listed]
        with tenant_transaction(tenant_id):
            _advance(simulation, replaying.seen)
            _write_changes(simulation, listed, kept)
        listed += len(kept)
        if time.monotonic() > until:
            raise _TooLong(
                f"After {replaying.seen:,} of {simulation.total:,} requests its time was over."
                " Choose a shorter period."
            )
    with tenant_transaction(tenant_id):
        _finish(simulation, replaying)


def _former(tenant_id: UUID, simulation: PolicySimulation) -> Policy | None:
    if simulation.compared_with is None:
        return None
    with tenant_transaction(tenant_id):
        return compiled(simulation.compared_with)


def _advance(simulation: PolicySimulation, replayed: int) -> None:
    changed = _mine(simulation).update(replayed=replayed, touched_at=clock.now())
    if not changed:
        raise _Replaced


def _write_changes(simulation: PolicySimulation, listed: int, changes: Sequence[Change]) -> None:
    SimulatedChange.objects.bulk_create(
        [
            SimulatedChange(
                simulation=simulation,
                request_id=cast("UUID", change.ident),
                position=position,
                before=change.before,
                after=change.after,
                direction=change.direction,
                because=change.because,
                because_before=change.because_before,
                is_impossible=change.is_impossible,
            )
            for position, change in enumerate(changes, listed + 1)
        ],
        batch_size=1_000,
    )


def _finish(simulation: PolicySimulation, replaying: Replaying) -> None:
    found = _mine(simulation).select_for_update().first()
    if found is None:
        raise _Replaced
    figures = replaying.replay.figures
    found.status, found.finished_at = SimulationStatus.DONE, clock.now()
    found.total = found.replayed = replaying.seen
    found.effect, found.summary = figures.effect, figures.to_dict()
    found.save(update_fields=["status", "finished_at", "total", "replayed", "effect", "summary"])
    events.simulation_finished(simulation=found, sentence=headline(found.summary))


def _fail(simulation_id: UUID, run: int, why: str) -> None:
    rows = PolicySimulation.objects.select_for_update()
    found = rows.filter(pk=simulation_id, status=SimulationStatus.RUNNING, run=run).first()
    if found is None:
        return
    found.status, found.error = SimulationStatus.FAILED, why[:500]
    found.finished_at = clock.now()
    found.save(update_fields=["status", "error", "finished_at"])
    events.simulation_failed(simulation=found)


def _mine(simulation: PolicySimulation) -> QuerySet[PolicySimulation]:
    return PolicySimulation.objects.filter(
        pk=simulation.pk, status=SimulationStatus.RUNNING, run=simulation.run
    )
