"""Windows where the tenant is: days of 23 and 25 hours, hours that occur twice or not at all."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.budgets import PERIODS, Window, window_of

ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe",
    "America/Santiago", "America/Havana", "Pacific/Apia", "Asia/Kathmandu", "Africa/Casablanca",
]  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


TABLE = [
    # period, instant (UTC), zone, from, until (UTC)
    ("hour", "2026-11-21 20:59", "UTC", "2026-11-21 20:00", "2026-11-21 21:00"),
    ("hour", "2026-11-21 20:59", "Asia/Kolkata", "2026-11-21 20:30", "2026-11-21 21:30"),
    ("day", "2026-11-21 22:59", "Europe/Berlin", "2026-11-20 23:00", "2026-11-21 23:00"),
    ("day", "2026-11-21 23:00", "Europe/Berlin", "2026-11-21 23:00", "2026-11-22 23:00"),
    # 29 March 2026 has 23 hours in Berlin, 25 October has 25
    ("day", "2026-03-29 12:00", "Europe/Berlin", "2026-03-28 23:00", "2026-03-29 22:00"),
    ("day", "2026-10-25 12:00", "Europe/Berlin", "2026-10-24 22:00", "2026-10-25 23:00"),
    # 02:00 to 03:00 occurs twice: two hours
    ("hour", "2026-10-25 00:30", "Europe/Berlin", "2026-10-25 00:00", "2026-10-25 01:00"),
    ("hour", "2026-10-25 01:30", "Europe/Berlin", "2026-10-25 01:00", "2026-10-25 02:00"),
    # half an hour occurs twice, or not at all
    ("hour", "2026-04-04 15:10", "Australia/Lord_Howe", "2026-04-04 14:00", "2026-04-04 15:30"),
    ("hour", "2026-10-03 15:40", "Australia/Lord_Howe", "2026-10-03 15:30", "2026-10-03 16:00"),
    # midnight does not exist on 6 September 2026 in Santiago: the day begins at 01:00
    ("day", "2026-09-06 12:00", "America/Santiago", "2026-09-06 04:00", "2026-09-07 03:00"),
    # Monday to Sunday; 1st to 1st
    ("week", "2026-11-22 12:00", "UTC", "2026-11-16 00:00", "2026-11-23 00:00"),
    ("week", "2026-03-29 12:00", "Europe/Berlin", "2026-03-22 23:00", "2026-03-29 22:00"),
    ("month", "2026-02-10 12:00", "UTC", "2026-02-01 00:00", "2026-03-01 00:00"),
    ("month", "2026-12-31 23:30", "Europe/Berlin", "2026-12-31 23:00", "2027-01-31 23:00"),
]


@pytest.mark.parametrize(("period", "instant", "zone", "starts", "ends"), TABLE)
def test_windows(period: str, instant: str, zone: str, starts: str, ends: str) -> None:
    assert window_of(period, at(instant), ZoneInfo(zone)) == Window(at(starts), at(ends))


def test_a_run_has_one_window() -> None:
    early, late = (window_of("run", at(f"{year}-01-01 00:00"), UTC) for year in (2001, 2099))
    assert early == late
    assert early.ends_at is None


def test_there_is_no_other_period() -> None:
    with pytest.raises(ValueError, match="There is no period year"):
        window_of("year", at("2026-01-01 00:00"), UTC)


@given(
    st.integers(946_684_800, 2_840_140_800),
    st.sampled_from(ZONES),
    st.sampled_from([each for each in PERIODS if each != "run"]),
)
def test_windows_follow_on_one_another(moment: int, zone: str, period: str) -> None:
    instant, place = datetime.fromtimestamp(moment, UTC), ZoneInfo(zone)
    found = window_of(period, instant, place)
    assert found.ends_at is not None
    assert found.starts_at <= instant < found.ends_at
    assert window_of(period, found.starts_at, place) == found
    last = found.ends_at - timedelta(microseconds=1)
    assert window_of(period, last, place) == found
    assert window_of(period, found.ends_at, place).starts_at == found.ends_at
