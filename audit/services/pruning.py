"""Pruning: what is over age goes, in batches; hashes, and so all proofs, stay.

Each batch is one transaction under the tenant's lock on keeping and that of its log: the event
`ledger.pruned` that names the indexes is recorded, gets its place under a signed checkpoint, and
only then what it names is deleted, by a function that believes nothing else (`audit.prune`).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from audit.actors import SYSTEM, Actor, Subject, words_left
from audit.models import LedgerEvent, LedgerLog, PrunedRange, Pruning, PruningStatus
from audit.prune import delete_pruned
from audit.pruners import BESIDE, PRUNERS, Pruner
from audit.selectors.holds import lock_keeping
from audit.selectors.over_age import (
    START,
    Going,
    Place,
    candidates,
    choose,
    free_among,
    in_parts,
    refs_of,
    rest_of_parts,
)
from audit.selectors.pruned import PRUNED, digest_of_ids
from audit.selectors.retention import retention_of_tenant
from audit.services.bodies import Entry
from audit.services.export_restarts import restart_exports, restart_reports
from audit.services.ledger import record, record_first
from audit.services.search_index import forget_events
from audit.services.sequencer import take_now
from govapp.common import clock
from govapp.common.ids import public_id
from govapp.common.tenancy import tenant_transaction

log = structlog.get_logger(__name__)

BATCH: Final = 5_000
"""Events in one transaction: whoever records waits for none of it, the sequencer for a second."""


def run_pruning(*, tenant_id: UUID, pruning_id: UUID, batch: int = BATCH) -> int:
    """Do what was asked for and confirmed; return how many events went. May be run again.

    It ends early, and says so, when the time of keeping has become longer meanwhile.
    """
    total, place = 0, START
    while True:
        with tenant_transaction(tenant_id):
            pruning = _running(pruning_id)
            if pruning is None:
                return total
            count, place, is_done = _prune_events(pruning, place, batch)
            total += count
        if is_done:
            break
    for pruner in PRUNERS:
        while _prune_others(tenant_id, pruning_id, pruner, batch):
            pass
    with tenant_transaction(tenant_id):
        if (pruning := _running(pruning_id)) is not None:
            _finish(pruning)
    return total


def _running(pruning_id: UUID) -> Pruning | None:
    """Lock keeping and the pruning; None when there is nothing (more) to do."""
    lock_keeping()
    pruning = Pruning.objects.select_for_update().filter(pk=pruning_id).first()
    if pruning is None or pruning.status != PruningStatus.RUNNING:
        return None
    now = clock.now()
    before = retention_of_tenant().before(now)
    if before is None or before < pruning.before:
        log.warning("pruning.too_young_now", pruning=str(pruning_id))
        _finish(pruning)
        return None
    pruning.beat_at = now
    pruning.save(update_fields=["beat_at"])
    return pruning


def _prune_events(pruning: Pruning, place: Place, batch: int) -> tuple[int, Place, bool]:
    """Prune one window of candidates; return how many, where it ended, whether it was the last."""
    ledger = LedgerLog.objects.select_for_update().first()
    window = candidates(pruning.before, place, ledger.size, batch) if ledger else []
    if ledger is None or not window:
        return 0, place, True
    end = Place(window[-1].at, window[-1].id)
    rows = [*window, *rest_of_parts(pruning.before, ledger.size, window)]
    free = free_among(rows, pruning.before)
    going = choose(free)
    for runs, some in in_parts(going):
        _delete(pruning, ledger, runs, some)
    _forget_beside(pruning, going)
    if len(going) < len(free):
        return len(going), place, False  # the same window again, for the others
    return len(going), end, len(window) < batch


def is_anything_over_age(before: datetime) -> bool:
    """Tell whether a pruning would take anything away."""
    ledger, place = LedgerLog.objects.first(), START
    while ledger is not None and (window := candidates(before, place, ledger.size, BATCH)):
        if free_among(window, before):
            return True
        place = Place(window[-1].at, window[-1].id)
    return any(count for pruner in PRUNERS for _, count in pruner.counts(before))


def _delete(
    pruning: Pruning, ledger: LedgerLog, runs: Sequence[range], going: Sequence[Going]
) -> None:
    """Delete what is `going`, which has the indexes of `runs`, both in order."""
    ids = [each.id for each in going]
    event = record_first(_naming(pruning, ledger, runs, ids))
    take_now(ledger)
    forget_events(ids)
    restart_exports()
    restart_reports()
    if delete_pruned(event.pk) != len(ids):
        raise RuntimeError("What was pruned is not what was named.")
    PrunedRange.objects.bulk_create(_ranges(pruning, event, runs, [each.at for each in going]))
    pruning.events += len(ids)
    pruning.save(update_fields=["events"])


def _forget_beside(pruning: Pruning, going: Sequence[Going]) -> None:
    """Empty what the tables hold of the requests and runs whose events went."""
    for beside in BESIDE:
        if refs := list(refs_of(going, beside.kind)):
            _count(pruning, beside.forget(refs))
    pruning.save(update_fields=["others"])


def _count(pruning: Pruning, went: Sequence[tuple[str, int]]) -> None:
    for words, count in went:
        pruning.others[words] = pruning.others.get(words, 0) + count


def _ranges(
    pruning: Pruning, event: LedgerEvent, runs: Sequence[range], times: Sequence[datetime]
) -> Iterator[PrunedRange]:
    at = 0
    for each in runs:
        its = times[at : at + len(each)]
        at += len(each)
        yield PrunedRange(
            pruning=pruning,
            event_id=event.pk,
            first=each.start,
            last=each.stop - 1,
            first_at=min(its),
            last_at=max(its),
            pruned_at=event.occurred_at,
        )


def _naming(
    pruning: Pruning, ledger: LedgerLog, runs: Sequence[range], ids: Sequence[UUID]
) -> Entry:
    actor, count = asked_by(pruning), sum(map(len, runs))
    first, last = runs[0].start, runs[-1].stop - 1
    return Entry(
        event_type=PRUNED,
        actor=actor,
        subject=Subject("ledger", ledger.origin, ledger.origin),
        summary=(
            f"{count} events of before {pruning.before:%Y-%m-%d}, of the indexes {first} to {last},"
            f" were pruned; their hashes stay: {pruning.reason}"
        ),
        data={
            **said(pruning),
            "asked_by": pruning.asked_by_id,
            "confirmed_by": pruning.confirmed_by_id,
            "count": count,
            "ranges": [{"first": each.start, "last": each.stop - 1} for each in runs],
            "ids_sha256": digest_of_ids(ids),
        },
    )


def _prune_others(tenant_id: UUID, pruning_id: UUID, pruner: Pruner, batch: int) -> bool:
    with tenant_transaction(tenant_id):
        pruning = _running(pruning_id)
        went = pruner.prune(pruning.before, batch) if pruning else ()
        if pruning is None or not any(count for _, count in went):
            return False
        _count(pruning, went)
        pruning.save(update_fields=["others"])
        return True


def _finish(pruning: Pruning) -> None:
    pruning.status, pruning.finished_at = PruningStatus.DONE, clock.now()
    pruning.save(update_fields=["status", "finished_at"])
    record(
        event_type="ledger.pruning_done",
        actor=SYSTEM,
        subject=subject_of(pruning),
        summary=(
            f"The pruning of what is from before {pruning.before:%Y-%m-%d} is done:"
            f" {pruning.events} events went."
        ),
        data={
            "before": said(pruning)["before"],
            "events": pruning.events,
            "others": pruning.others,
        },
    )


def asked_by(pruning: Pruning) -> Actor:
    """Return who asked for a pruning: a person, or the daily one."""
    if pruning.asked_by_id == SYSTEM.id:
        return SYSTEM
    return Actor("person", pruning.asked_by_id, pruning.asked_by_name)


def subject_of(pruning: Pruning) -> Subject:
    """Return a pruning as events name it."""
    name = public_id("prn", pruning.pk)
    return Subject("pruning", name, f"before {pruning.before:%Y-%m-%d}")


def said(pruning: Pruning) -> dict[str, str]:
    """Return what every event about a pruning says."""
    before = pruning.before.isoformat().replace("+00:00", "Z")
    return {"before": before, "reason": words_left(pruning.reason, pruning.asked_by_id)}
