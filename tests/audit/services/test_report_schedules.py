"""Reports that come by themselves: once for each period, however late and whoever looks."""

from datetime import UTC, datetime, timedelta

import pytest

from audit.models import Report, ReportSchedule
from audit.services.report_schedules import (
    period_end,
    period_start,
    schedule_report,
    sweep_schedules,
    unschedule_report,
)
from govapp.common import clock
from govapp.common.errors import Conflict, Invalid
from govapp.common.tenancy import tenant_transaction
from tests.people import Company, make_company
from tests.support.committed import CommittedDatabase
from tests.tenants.ledger import summaries

DAY = timedelta(days=1)
ZONE = "Europe/Berlin"


@pytest.fixture
def acme(committed_db: CommittedDatabase) -> Company:
    return make_company()


def schedule(acme: Company, every: str = "month") -> ReportSchedule:
    with tenant_transaction(acme.id):
        return schedule_report(actor=acme.carl.as_actor(), every=every, zone=ZONE)


def periods(acme: Company) -> list[tuple[datetime | None, datetime | None]]:
    with tenant_transaction(acme.id):
        return list(Report.objects.order_by("id").values_list("period_start", "period_end"))


@pytest.mark.parametrize(
    ("moment", "every", "start", "end"),
    [
        ("2026-01-31T22:59:59", "month", "2025-12-31T23:00:00", "2026-01-31T23:00:00"),
        ("2026-01-31T23:00:00", "month", "2026-01-31T23:00:00", "2026-02-28T23:00:00"),
        ("2026-12-15T12:00:00", "month", "2026-11-30T23:00:00", "2026-12-31T23:00:00"),
        ("2026-03-31T12:00:00", "quarter", "2025-12-31T23:00:00", "2026-03-31T22:00:00"),
        ("2026-11-15T12:00:00", "quarter", "2026-09-30T22:00:00", "2026-12-31T23:00:00"),
    ],
)
def test_a_period_begins_and_ends_at_local_midnight(
    moment: str, every: str, start: str, end: str
) -> None:
    found = period_end(datetime.fromisoformat(moment).replace(tzinfo=UTC), every=every, zone=ZONE)
    assert found.astimezone(UTC).isoformat() == f"{end}+00:00"
    begun = period_start(found, every=every, zone=ZONE)
    assert begun.astimezone(UTC).isoformat() == f"{start}+00:00"


def test_nothing_is_made_before_the_period_has_ended_and_one_after(
    acme: Company, committed_db: CommittedDatabase
) -> None:
    due = schedule(acme).next_at
    assert sweep_schedules() == 0
    with tenant_transaction(acme.id):
        now = clock.now()
    committed_db.move_clock(due - now)
    assert sweep_schedules() == 1
    assert sweep_schedules() == 0
    assert periods(acme) == [(period_start(due, every="month", zone=ZONE), due)]


def test_after_an_outage_only_the_last_period_is_made(
    acme: Company, committed_db: CommittedDatabase
) -> None:
    schedule(acme)
    committed_db.move_clock(200 * DAY)
    assert sweep_schedules() == 1
    (made,) = periods(acme)
    with tenant_transaction(acme.id):
        assert made[1] is not None
        assert clock.now() - timedelta(days=31) < made[1] <= clock.now()
    assert sweep_schedules() == 0


def test_many_workers_make_it_once(acme: Company, committed_db: CommittedDatabase) -> None:
    schedule(acme)
    schedule(acme, "quarter")
    committed_db.move_clock(100 * DAY)
    made = committed_db.at_once([sweep_schedules] * 6)
    assert sum(each for each in made if isinstance(each, int)) == 2, made
    assert [each for each in made if isinstance(each, Exception)] == []
    assert len(periods(acme)) == 2


def test_the_same_schedule_stands_once_and_can_be_removed(acme: Company) -> None:
    first = schedule(acme)
    assert schedule(acme).pk == first.pk
    with tenant_transaction(acme.id):
        unschedule_report(actor=acme.carl.as_actor(), schedule_id=first.pk)
        with pytest.raises(Conflict):
            unschedule_report(actor=acme.carl.as_actor(), schedule_id=first.pk)
        assert summaries("report_schedule.created", "report_schedule.removed") == [
            "Oversight report: Carl scheduled it every month.",
            "Oversight report: Carl removed the schedule.",
        ]
    assert schedule(acme).pk != first.pk


def test_only_months_and_quarters(acme: Company) -> None:
    with tenant_transaction(acme.id), pytest.raises(Invalid, match="every month or every quarter"):
        schedule_report(actor=acme.carl.as_actor(), every="day", zone=ZONE)
