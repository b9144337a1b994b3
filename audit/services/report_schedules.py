"""Reports that come by themselves: each period once, whoever looks, however late."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from django.db import transaction

from audit.actors import Actor, Subject
from audit.doors import report_schedules_due
from audit.models import ReportEvery, ReportSchedule
from audit.reports.kinds import KINDS, Needs
from audit.services.ledger import record
from audit.services.reports import request_report
from govapp.common import clock
from govapp.common.errors import Conflict, Invalid, NotFound
from govapp.common.tenancy import tenant_transaction

log = structlog.get_logger(__name__)

_MONTHS: Final = {ReportEvery.MONTH: 1, ReportEvery.QUARTER: 3}


@transaction.atomic
def schedule_report(
    *, actor: Actor, every: str, zone: str, kind: str = "oversight"
) -> ReportSchedule:
    """Have a report made at the end of each month or quarter, by the clock of `zone`.

    Whoever asks gets a link when one is made. Returns the schedule that there is, when it is the
    same. Raises `Invalid` for an unknown period, or a kind that is not of a period.
    """
    if every not in ReportEvery.values:
        raise Invalid("Choose every month or every quarter.")
    if kind not in KINDS or KINDS[kind].needs is not Needs.PERIOD:
        raise Invalid("There is no such kind of report.")
    there = ReportSchedule.objects.filter(kind=kind, every=every, removed_at=None).first()
    if there is not None:
        return there
    now = clock.now()
    schedule = ReportSchedule.objects.create(
        kind=kind,
        every=every,
        zone=zone,
        recipients=[actor.id],
        created_by_id=actor.id,
        created_by_name=actor.name,
        created_at=now,
        next_at=period_end(now, every=every, zone=zone),
    )
    words = ReportEvery(every).label
    _record(schedule, actor, "report_schedule.created", f"{actor.name} scheduled it {words}.")
    return schedule


@transaction.atomic
def unschedule_report(*, actor: Actor, schedule_id: UUID) -> None:
    """Have no more of them made. Raises `NotFound`, `Conflict` when it is removed already."""
    schedule = ReportSchedule.objects.select_for_update().filter(pk=schedule_id).first()
    if schedule is None:
        raise NotFound("There is no such schedule.")
    if schedule.removed_at is not None:
        raise Conflict("This schedule is removed already.")
    schedule.removed_at = clock.now()
    schedule.save(update_fields=["removed_at"])
    _record(schedule, actor, "report_schedule.removed", f"{actor.name} removed the schedule.")


@transaction.atomic
def set_delivery(*, actor: Actor, schedule_id: UUID, wanted: bool) -> None:
    """Send whoever asks a link to each report of a schedule, or no more.

    Raises `NotFound` without the schedule.
    """
    schedule = ReportSchedule.objects.select_for_update().filter(pk=schedule_id).first()
    if schedule is None or schedule.removed_at is not None:
        raise NotFound("There is no such schedule.")
    if (actor.id in schedule.recipients) == wanted:
        return
    others = [each for each in schedule.recipients if each != actor.id]
    schedule.recipients = [*others, actor.id] if wanted else others
    schedule.save(update_fields=["recipients"])
    says = "gets a link to each" if wanted else "gets no more links"
    _record(schedule, actor, "report_schedule.delivery_changed", f"{actor.name} {says}.")


def sweep_schedules(*, at_most: int = 100) -> int:
    """Ask for every report whose period has ended; return how many. Safe with several workers."""
    done = 0
    for row in report_schedules_due.call(at_most):
        with tenant_transaction(row["tenant_id"]):
            done += _ask(row["schedule_id"])
    return done


def _ask(schedule_id: UUID) -> int:
    found = ReportSchedule.objects.select_for_update(skip_locked=True).filter(
        pk=schedule_id, removed_at=None, next_at__lte=clock.now()
    )
    schedule = found.first()
    if schedule is None:
        return 0  # somebody else was faster
    end = schedule.next_at
    # After a long outage only the period that ended last is of use to somebody.
    now = clock.now()
    while (later := period_end(end, every=schedule.every, zone=schedule.zone)) <= now:
        end = later
    actor = Actor(kind="system", id="schedule", name="The schedule")
    start = period_start(end, every=schedule.every, zone=schedule.zone)
    request_report(
        actor=actor,
        kind=schedule.kind,
        period_start=start,
        period_end=end,
        is_compared=schedule.is_compared,
        schedule_id=schedule.pk,
    )
    schedule.next_at = later
    schedule.save(update_fields=["next_at"])
    log.info("report.scheduled", schedule=schedule.public_id)
    return 1


def period_end(moment: datetime, *, every: str, zone: str) -> datetime:
    """Return the first midnight after `moment` at which a month or quarter begins there."""
    local = moment.astimezone(ZoneInfo(zone))
    step = _MONTHS[ReportEvery(every)]
    index = local.year * 12 + (local.month - 1) // step * step + step
    return local.replace(
        year=index // 12, month=index % 12 + 1, day=1,
        hour=0, minute=0, second=0, microsecond=0, fold=0,
    )  # fmt: skip


def period_start(end: datetime, *, every: str, zone: str) -> datetime:
    """Return where the period begins that ends at `end`."""
    local = end.astimezone(ZoneInfo(zone)) - timedelta(days=1)
    step = _MONTHS[ReportEvery(every)]
    return local.replace(
        month=(local.month - 1) // step * step + 1, day=1,
        hour=0, minute=0, second=0, microsecond=0, fold=0,
    )  # fmt: skip


def _record(schedule: ReportSchedule, actor: Actor, event_type: str, says: str) -> None:
    name = KINDS[schedule.kind].title
    record(
        event_type=event_type,
        actor=actor,
        subject=Subject("report_schedule", schedule.public_id, name),
        summary=f"{name}: {says}",
        data={
            "kind": schedule.kind,
            "every": schedule.every,
            "zone": schedule.zone,
            "recipients": schedule.recipients,
        },
    )
