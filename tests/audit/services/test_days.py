"""Each day is closed with its count: also when nothing happened."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from audit.doors import tenants_with_days_to_close
from audit.models import LedgerDay, LedgerEvent
from audit.services.days import close_all_days, close_days
from audit.services.sequencer import sequence_tenant
from audit.services.verification import verify_tenant
from govapp.common.clock import shift_clock
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import write_event

pytestmark = pytest.mark.usefixtures("committed")

NOON = datetime(2026, 3, 27, 12, tzinfo=UTC)


ZONES = ["UTC"]


def zone_of_tests() -> str:
    return ZONES[0]


def be(moment: datetime) -> None:
    """Let the database's clock show this moment."""
    shift_clock(moment - datetime.now(UTC))


def sequence(tenant_id: UUID) -> None:
    while sequence_tenant(tenant_id=tenant_id):
        pass


def days(tenant_id: UUID) -> list[tuple[Any, ...]]:
    with tenant_transaction(tenant_id):
        rows = LedgerDay.objects.order_by("date")
        return [(f"{row.date:%d %b}", row.count, row.first_index, row.last_index) for row in rows]


def test_each_day_has_its_count_and_its_indexes() -> None:
    tenant_id = new_id()
    be(NOON)
    write_event(tenant_id)
    write_event(tenant_id)
    sequence(tenant_id)  # with the birth of the key, three
    be(NOON + timedelta(days=2))
    write_event(tenant_id)
    sequence(tenant_id)
    be(NOON + timedelta(days=3))
    assert close_days(tenant_id=tenant_id) == 3
    assert close_days(tenant_id=tenant_id) == 0
    sequence(tenant_id)
    assert days(tenant_id) == [("27 Mar", 3, 0, 2), ("28 Mar", 0, None, None), ("29 Mar", 1, 3, 3)]
    be(NOON + timedelta(days=4))
    assert close_days(tenant_id=tenant_id) == 1
    # What closed the days before is no event of that day.
    assert days(tenant_id)[-1] == ("30 Mar", 0, None, None)
    sequence(tenant_id)
    assert verify_tenant(tenant_id=tenant_id).findings == []


def test_the_event_says_so_in_words_and_in_figures() -> None:
    tenant_id = new_id()
    be(NOON)
    write_event(tenant_id)
    sequence(tenant_id)
    be(NOON + timedelta(days=2))
    close_days(tenant_id=tenant_id)
    with tenant_transaction(tenant_id):
        closed = LedgerEvent.objects.filter(type="ledger.day_closed").order_by("id")
        bodies = [json.loads(bytes(event.body)) for event in closed]
    assert [body["summary"] for body in bodies] == [
        "2 events were recorded on 2026-03-27 (UTC), the first at index 0, the last at 1.",
        "Nothing was recorded on 2026-03-28 (UTC).",
    ]
    assert bodies[1]["data"] == {
        "date": "2026-03-28", "time_zone": "UTC", "starts_at": "2026-03-28T00:00:00Z",
        "ends_at": "2026-03-29T00:00:00Z", "count": 0, "first_index": None, "last_index": None,
    }  # fmt: skip


def test_a_day_is_that_of_the_tenant_also_when_its_zone_changes(settings: Any) -> None:
    settings.AUDIT_ZONE_OF_TENANT = "tests.audit.services.test_days.zone_of_tests"
    ZONES[:] = ["Europe/Zurich"]
    tenant_id = new_id()
    be(NOON)
    write_event(tenant_id)
    sequence(tenant_id)
    be(datetime(2026, 3, 30, 12, tzinfo=UTC))
    assert close_days(tenant_id=tenant_id) == 3
    sequence(tenant_id)
    ZONES[:] = ["America/New_York"]
    be(datetime(2026, 4, 1, 12, tzinfo=UTC))
    assert close_days(tenant_id=tenant_id) == 2
    with tenant_transaction(tenant_id):
        spans = list(LedgerDay.objects.order_by("date").values_list("starts_at", "ends_at"))
    # 29 March is an hour shorter in Zurich; the first day in New York begins where it ended.
    ends = [
        datetime(2026, 3, 26, 23, tzinfo=UTC), datetime(2026, 3, 27, 23, tzinfo=UTC),
        datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC),
        datetime(2026, 3, 31, 4, tzinfo=UTC), datetime(2026, 4, 1, 4, tzinfo=UTC),
    ]  # fmt: skip
    assert spans == list(pairwise(ends))


def test_a_day_waits_for_what_has_no_place_yet() -> None:
    tenant_id = new_id()
    be(NOON)
    write_event(tenant_id)
    sequence(tenant_id)
    write_event(tenant_id)
    be(NOON + timedelta(days=1))
    assert close_days(tenant_id=tenant_id) == 0
    sequence(tenant_id)
    assert close_days(tenant_id=tenant_id) == 1
    assert days(tenant_id) == [("27 Mar", 3, 0, 2)]


def test_a_day_is_not_closed_on_the_stroke_of_midnight() -> None:
    tenant_id = new_id()
    be(NOON)
    write_event(tenant_id)
    sequence(tenant_id)
    be(datetime(2026, 3, 28, 0, 8, tzinfo=UTC))
    assert close_days(tenant_id=tenant_id) == 0
    be(datetime(2026, 3, 28, 0, 11, tzinfo=UTC))
    assert close_days(tenant_id=tenant_id) == 1


def test_the_door_shows_whose_days_are_due() -> None:
    tenant_id, empty = new_id(), new_id()

    def due() -> list[UUID]:
        return [row["tenant_id"] for row in tenants_with_days_to_close.call()]

    be(NOON)
    write_event(tenant_id)
    assert (close_days(tenant_id=empty), due()) == (0, [])
    sequence(tenant_id)
    assert due() == []
    be(NOON + timedelta(days=1, minutes=5))
    assert due() == [tenant_id]
    assert (close_all_days(), due()) == (1, [])
    be(datetime(2026, 3, 29, 0, 11, tzinfo=UTC))
    assert due() == [tenant_id]
