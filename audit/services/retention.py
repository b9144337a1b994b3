"""Asking for a pruning: by one person, confirmed by another; or every day, when so switched on."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from audit.actors import SYSTEM, Actor
from audit.doors import prunings_left_alone
from audit.models import Pruning, PruningStatus
from audit.selectors.holds import hold_words, holds_everything, lock_keeping
from audit.selectors.retention import older_than, retention_of_tenant
from audit.services.ledger import record
from audit.services.pruning import is_anything_over_age, run_pruning, said, subject_of
from govapp.common import clock
from govapp.common.alone import tried
from govapp.common.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from govapp.common.queue import enqueue_on_commit
from govapp.common.tenancy import require_tenant_id, tenant_transaction

_FAILED: Final = "pruning.failed"

STALE_SECONDS: Final = 120
LONGEST_REASON: Final = 300
_OPEN: Final = (PruningStatus.ASKED, PruningStatus.RUNNING)
_DAILY_REASON: Final = "The time of keeping is over."


@transaction.atomic
def ask_pruning(*, actor: Actor, reason: str) -> Pruning:
    """Ask that everything over age goes; it begins at once where one person may decide that.

    Raises `Invalid` without a reason, `Conflict` when no time of keeping is set (then nothing ever
    goes), when a hold keeps everything, when nothing is over age, or while another one is open.
    """
    reason = checked_reason(reason)
    lock_keeping()
    before = _over_age()
    if Pruning.objects.filter(status__in=_OPEN).exists():
        raise Conflict("A pruning is open already: confirm it, withdraw it, or let it end.")
    if not is_anything_over_age(before):
        raise Conflict(
            f"Nothing from before {before:%Y-%m-%d} can go: what is left is held, open, or belongs"
            " to something younger."
        )
    confirms = retention_of_tenant().needs_second_person
    pruning = Pruning.objects.create(
        before=before,
        reason=reason,
        asked_by_id=actor.id,
        asked_by_name=actor.name,
        status=PruningStatus.ASKED if confirms else PruningStatus.RUNNING,
    )
    record(
        event_type="ledger.pruning_asked",
        actor=actor,
        subject=subject_of(pruning),
        summary=(
            f"{actor.name} asks that what is from before {before:%Y-%m-%d} is pruned: {reason}"
        ),
        data={**said(pruning), "events": older_than(before).count, "confirms": confirms},
    )
    if not confirms:
        _begin(pruning)
    return pruning


@transaction.atomic
def confirm_pruning(*, actor: Actor, pruning_id: UUID) -> Pruning:
    """Let a pruning begin that somebody else has asked for.

    Raises `NotFound`, `Forbidden` for whoever asked, `Conflict` when it does not wait any more or
    may not be done any more.
    """
    pruning = _asked(pruning_id)
    if actor.id == pruning.asked_by_id:
        raise Forbidden("Whoever asked for a pruning does not confirm it: ask somebody else.")
    if _over_age() < pruning.before:
        raise Conflict("The time of keeping is longer by now: withdraw this, and ask again.")
    pruning.status = PruningStatus.RUNNING
    pruning.confirmed_by_id, pruning.confirmed_by_name = actor.id, actor.name
    pruning.confirmed_at = clock.now()
    pruning.save()
    _record(pruning, actor, "ledger.pruning_confirmed", "lets this pruning begin")
    _begin(pruning)
    return pruning


@transaction.atomic
def withdraw_pruning(*, actor: Actor, pruning_id: UUID) -> Pruning:
    """Let a pruning that waits not be done. Raises `NotFound`, and `Conflict` when it began."""
    pruning = _asked(pruning_id)
    pruning.status, pruning.finished_at = PruningStatus.WITHDRAWN, clock.now()
    pruning.save()
    _record(pruning, actor, "ledger.pruning_withdrawn", "withdraws this pruning")
    return pruning


def prune_daily() -> int:
    """Prune what is over age in every tenant that has switched this on; return how many events.

    A tenant where a pruning is open, or where a hold keeps everything, is left alone. One in which
    something fails is logged, and does not keep the others from it.
    """
    doors = import_string(settings.AUDIT_TENANTS_THAT_PRUNE)
    return sum(tried(_FAILED, _prune_tenant, **row) or 0 for row in doors.call())


def sweep_prunings() -> int:
    """Go on with what was begun and left alone; return how many events went.

    What fails in one tenant is logged, and tried again the next time.
    """
    return sum(
        tried(_FAILED, run_pruning, **row) or 0 for row in prunings_left_alone.call(STALE_SECONDS)
    )


def checked_reason(reason: str) -> str:
    """Return a reason on one line. Raises `Invalid` for none, or too long a one."""
    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST_REASON or "\0" in reason:
        said = f"Give a reason of at most {LONGEST_REASON} characters."
        raise Invalid(said, errors=[FieldError("/reason", said)])
    return reason


def _prune_tenant(*, tenant_id: UUID) -> int:
    pruning_id = _begin_daily(tenant_id)
    return run_pruning(tenant_id=tenant_id, pruning_id=pruning_id) if pruning_id else 0


def _begin_daily(tenant_id: UUID) -> UUID | None:
    with tenant_transaction(tenant_id):
        lock_keeping()
        retention = retention_of_tenant()
        before = retention.before(clock.now())
        is_open = Pruning.objects.filter(status__in=_OPEN).exists()
        if before is None or not retention.prunes_daily or is_open or holds_everything():
            return None
        if not is_anything_over_age(before):
            return None
        pruning = Pruning.objects.create(
            before=before,
            reason=_DAILY_REASON,
            asked_by_id=SYSTEM.id,
            asked_by_name=SYSTEM.name,
            status=PruningStatus.RUNNING,
        )
        return pruning.pk


def _over_age() -> datetime:
    before = retention_of_tenant().before(clock.now())
    if before is None:
        raise Conflict("No time of keeping is set: nothing is ever deleted.")
    if hold := holds_everything():
        raise Conflict(hold_words(hold), code="held")
    return before


def _asked(pruning_id: UUID) -> Pruning:
    lock_keeping()
    pruning = Pruning.objects.select_for_update().filter(pk=pruning_id).first()
    if pruning is None:
        raise NotFound("There is no such pruning.")
    if pruning.status != PruningStatus.ASKED:
        raise Conflict("This pruning does not wait any more.")
    return pruning


def _begin(pruning: Pruning) -> None:
    enqueue_on_commit("audit.run_pruning", pruning_id=pruning.pk, tenant_id=require_tenant_id())


def _record(pruning: Pruning, actor: Actor, event_type: str, does: str) -> None:
    record(
        event_type=event_type,
        actor=actor,
        subject=subject_of(pruning),
        summary=(
            f"{actor.name} {does}, of what is from before {pruning.before:%Y-%m-%d}:"
            f" {pruning.reason}"
        ),
        data={**said(pruning), "asked_by": pruning.asked_by_id},
    )
