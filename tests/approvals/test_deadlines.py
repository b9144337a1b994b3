"""A literal table of deadlines that count office hours, and what holds for every one of them."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from approvals.deadlines import HORIZON, due_after
from approvals.policies import parse_duration
from tenants.office_hours import OfficeHours

MINUTE = timedelta(minutes=1)
WEEKDAYS = frozenset(range(5))
EVERY_DAY = frozenset(range(7))
DAY = "09:00-17:00"
NIGHT = "00:00-06:00"

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
LORD_HOWE, CASABLANCA = "Australia/Lord_Howe", "Africa/Casablanca"
KOLKATA, APIA = "Asia/Kolkata", "Pacific/Apia"


def office(hours: str, country: str = "", days: frozenset[int] = WEEKDAYS) -> OfficeHours:
    opens, closes = (time.fromisoformat(each) for each in hours.split("-"))
    return OfficeHours(days, opens, closes, country)


def due(start: str, delay: str, zone: str, hours: OfficeHours | None) -> str:
    """From local time to local time; the offset says which of two equal times is meant."""
    found = due_after(
        datetime.fromisoformat(start), parse_duration(delay), hours=hours, zone=ZoneInfo(zone)
    )
    return found.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes")


@pytest.mark.parametrize(
    ("start", "delay", "zone", "hours", "country", "local"),
    [
        # Inside one day, over the night, over the weekend, from before and after the hours.
        ("2026-11-18T10:00+01:00", "4h", BERLIN, DAY, "", "2026-11-18T14:00+01:00"),
        ("2026-11-18T15:00+01:00", "4h", BERLIN, DAY, "", "2026-11-19T11:00+01:00"),
        ("2026-11-20T15:00+01:00", "4h", BERLIN, DAY, "", "2026-11-23T11:00+01:00"),
        ("2026-11-18T06:00+01:00", "4h", BERLIN, DAY, "", "2026-11-18T13:00+01:00"),
        ("2026-11-20T18:00+01:00", "4h", BERLIN, DAY, "", "2026-11-23T13:00+01:00"),
        ("2026-11-21T12:00+01:00", "1m", BERLIN, DAY, "", "2026-11-23T09:01+01:00"),
        # What ends with the day is due when the office closes, not when it opens again.
        ("2026-11-18T09:00+01:00", "8h", BERLIN, DAY, "", "2026-11-18T17:00+01:00"),
        ("2026-11-18T17:00+01:00", "8h", BERLIN, DAY, "", "2026-11-19T17:00+01:00"),
        ("2026-11-16T09:00+01:00", "40h", BERLIN, DAY, "", "2026-11-20T17:00+01:00"),
        ("2026-11-16T09:00+01:00", "2401m", BERLIN, DAY, "", "2026-11-23T09:01+01:00"),
        # A start elsewhere in the world is the same instant.
        ("2026-11-18T14:00+00:00", "4h", BERLIN, DAY, "", "2026-11-19T11:00+01:00"),
        # Public holidays, by country, also over the end of the year.
        ("2026-12-24T16:00+01:00", "2h", BERLIN, DAY, "DE", "2026-12-28T10:00+01:00"),
        ("2026-12-24T16:00+01:00", "2h", BERLIN, DAY, "", "2026-12-25T10:00+01:00"),
        ("2026-12-31T16:00+01:00", "2h", BERLIN, DAY, "DE", "2027-01-04T10:00+01:00"),
        ("2026-11-25T16:00-05:00", "2h", NEW_YORK, DAY, "US", "2026-11-27T10:00-05:00"),
        ("2026-04-02T16:30+02:00", "1h", BERLIN, DAY, "DE", "2026-04-07T09:30+02:00"),
        # The change of clocks lies in the weekend: only the offset is another.
        ("2026-03-27T16:00+01:00", "2h", BERLIN, DAY, "", "2026-03-30T10:00+02:00"),
        ("2026-10-23T16:00+02:00", "2h", BERLIN, DAY, "", "2026-10-26T10:00+01:00"),
        ("2026-03-06T16:00-05:00", "2h", NEW_YORK, DAY, "", "2026-03-09T10:00-04:00"),
        ("2026-10-30T16:00-04:00", "2h", NEW_YORK, DAY, "", "2026-11-02T10:00-05:00"),
        # India has no change, and stands half an hour aside.
        ("2026-03-27T16:00+05:30", "2h", KOLKATA, DAY, "", "2026-03-30T10:00+05:30"),
        ("2026-01-23T16:00+05:30", "2h", KOLKATA, DAY, "IN", "2026-01-27T10:00+05:30"),
    ],
)
def test_the_office_days(
    start: str, delay: str, zone: str, hours: str, country: str, local: str
) -> None:
    assert due(start, delay, zone, office(hours, country)) == local


@pytest.mark.parametrize(
    ("start", "delay", "zone", "local"),
    [
        # Berlin, 29 March 2026: there is no local time between 02:00 and 03:00.
        ("2026-03-29T01:30+01:00", "30m", BERLIN, "2026-03-29T03:00+02:00"),
        ("2026-03-29T01:30+01:00", "1h", BERLIN, "2026-03-29T03:30+02:00"),
        ("2026-03-29T00:00+01:00", "5h", BERLIN, "2026-03-29T06:00+02:00"),
        ("2026-03-29T00:00+01:00", "6h", BERLIN, "2026-03-30T01:00+02:00"),
        # Berlin, 25 October 2026: 02:00 to 03:00 comes twice and counts once.
        ("2026-10-25T01:30+02:00", "1h", BERLIN, "2026-10-25T02:30+02:00"),
        ("2026-10-25T01:30+02:00", "89m", BERLIN, "2026-10-25T02:59+02:00"),
        ("2026-10-25T01:30+02:00", "90m", BERLIN, "2026-10-25T03:00+01:00"),
        ("2026-10-25T01:30+02:00", "2h", BERLIN, "2026-10-25T03:30+01:00"),
        ("2026-10-25T02:30+02:00", "1h", BERLIN, "2026-10-25T03:30+01:00"),
        # Whoever starts when it comes for the second time counts what is left of it.
        ("2026-10-25T02:30+01:00", "20m", BERLIN, "2026-10-25T02:50+01:00"),
        ("2026-10-25T02:30+01:00", "1h", BERLIN, "2026-10-25T03:30+01:00"),
        ("2026-10-25T00:00+02:00", "6h", BERLIN, "2026-10-25T06:00+01:00"),
        # New York, 8 March and 1 November 2026.
        ("2026-03-08T01:30-05:00", "1h", NEW_YORK, "2026-03-08T03:30-04:00"),
        ("2026-11-01T00:30-04:00", "1h", NEW_YORK, "2026-11-01T01:30-04:00"),
        ("2026-11-01T00:30-04:00", "2h", NEW_YORK, "2026-11-01T02:30-05:00"),
        # Lord Howe changes by half an hour: 5 April back, 4 October forward.
        ("2026-04-05T01:00+11:00", "40m", LORD_HOWE, "2026-04-05T01:40+11:00"),
        ("2026-04-05T01:00+11:00", "90m", LORD_HOWE, "2026-04-05T02:30+10:30"),
        ("2026-10-04T01:30+10:30", "1h", LORD_HOWE, "2026-10-04T03:00+11:00"),
        # Casablanca goes back for Ramadan, 15 February 2026, and forward after it, 22 March.
        ("2026-02-15T01:30+01:00", "2h", CASABLANCA, "2026-02-15T03:30+00:00"),
        ("2026-03-22T01:30+00:00", "1h", CASABLANCA, "2026-03-22T03:30+01:00"),
        # India never changes.
        ("2026-03-29T01:30+05:30", "1h", KOLKATA, "2026-03-29T02:30+05:30"),
        # Samoa left out a whole day, 30 December 2011.
        ("2011-12-29T05:00-10:00", "2h", APIA, "2011-12-31T01:00+14:00"),
    ],
)
def test_the_night_in_which_clocks_change(start: str, delay: str, zone: str, local: str) -> None:
    assert due(start, delay, zone, office(NIGHT, days=EVERY_DAY)) == local


@pytest.mark.parametrize(
    "hours",
    [
        pytest.param(None, id="no office"),
        pytest.param(office(DAY, days=frozenset()), id="no days"),
        pytest.param(office("09:00-09:00"), id="no hours"),
        pytest.param(office(DAY, "XX"), id="unknown holidays"),
    ],
)
def test_all_hours_count_where_nobody_said_when_the_office_is_open(
    hours: OfficeHours | None,
) -> None:
    assert due("2026-11-20T16:00+01:00", "4h", BERLIN, hours) == "2026-11-20T20:00+01:00"


def test_a_tenant_that_moves_its_zone_counts_its_next_deadlines_there() -> None:
    start = "2026-11-20T15:00+00:00"

    assert due(start, "4h", "Europe/London", office(DAY)) == "2026-11-23T11:00+00:00"
    assert due(start, "4h", NEW_YORK, office(DAY)) == "2026-11-20T14:00-05:00"


def test_nothing_is_due_later_than_a_year_and_a_day() -> None:
    start = datetime(2026, 11, 20, tzinfo=UTC)
    an_hour_a_week = office("09:00-10:00", days=frozenset({0}))

    found = due_after(start, timedelta(days=90), hours=an_hour_a_week, zone=ZoneInfo(BERLIN))

    assert found == start + HORIZON


def test_a_start_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        due_after(datetime(2026, 11, 20), MINUTE, hours=None, zone=UTC)  # noqa: DTZ001


# Nights and days around every change of clocks of the table, and ordinary ones.
STARTS = st.builds(
    lambda day, minutes: day + minutes * MINUTE,
    st.sampled_from(
        [
            datetime(2026, 2, 13, tzinfo=UTC), datetime(2026, 3, 7, tzinfo=UTC),
            datetime(2026, 3, 20, tzinfo=UTC), datetime(2026, 3, 27, tzinfo=UTC),
            datetime(2026, 4, 3, tzinfo=UTC), datetime(2026, 10, 2, tzinfo=UTC),
            datetime(2026, 10, 23, tzinfo=UTC), datetime(2026, 10, 30, tzinfo=UTC),
            datetime(2026, 12, 23, tzinfo=UTC),
        ]
    ),
    st.integers(0, 4 * 24 * 60),
)  # fmt: skip
ZONES = st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE, CASABLANCA, KOLKATA]).map(ZoneInfo)
DELAYS = st.integers(1, 30 * 60).map(lambda minutes: minutes * MINUTE)
OFFICES = st.builds(
    lambda opens, length, country, days: OfficeHours(
        days, time(opens), time(min(opens + length, 23), 59), country
    ),
    opens=st.integers(0, 23),
    length=st.integers(0, 12),
    country=st.sampled_from(["", "DE", "US"]),
    days=st.frozensets(st.integers(0, 6), min_size=2),
)


@settings(deadline=None)
@given(start=STARTS, delay=DELAYS, hours=OFFICES, zone=ZONES)
def test_it_is_what_somebody_finds_who_ticks_every_minute_off(
    start: datetime, delay: timedelta, hours: OfficeHours, zone: ZoneInfo
) -> None:
    ticked: set[tuple[date, time]] = set()
    now, left = start, delay // MINUTE
    latest = now.astimezone(zone).replace(tzinfo=None)
    while left:
        local = now.astimezone(zone)
        wall = local.replace(tzinfo=None)
        if hours.is_open(wall) and wall >= latest:
            assert (wall.date(), wall.time()) not in ticked
            ticked.add((wall.date(), wall.time()))
            left -= 1
        latest = max(latest, wall + MINUTE) if hours.is_open(wall) else latest
        now += MINUTE
    while now.astimezone(zone).replace(tzinfo=None) < latest:
        now += MINUTE

    assert due_after(start, delay, hours=hours, zone=zone) == now


@example(
    start=datetime(2026, 10, 24, 23, 30, tzinfo=UTC),
    first=90 * MINUTE,
    then=30 * MINUTE,
    hours=office(NIGHT, days=EVERY_DAY),
    zone=ZoneInfo(BERLIN),
)
@settings(deadline=None)
@given(start=STARTS, first=DELAYS, then=DELAYS, hours=OFFICES, zone=ZONES)
def test_due_times_add_up(
    start: datetime, first: timedelta, then: timedelta, hours: OfficeHours, zone: ZoneInfo
) -> None:
    halfway = due_after(start, first, hours=hours, zone=zone)

    assert due_after(halfway, then, hours=hours, zone=zone) == due_after(
        start, first + then, hours=hours, zone=zone
    )


@settings(deadline=None)
@given(start=STARTS, delay=DELAYS, hours=OFFICES, zone=ZONES)
def test_office_hours_are_never_due_before_all_hours(
    start: datetime, delay: timedelta, hours: OfficeHours, zone: ZoneInfo
) -> None:
    assert due_after(start, delay, hours=hours, zone=zone) >= start + delay
