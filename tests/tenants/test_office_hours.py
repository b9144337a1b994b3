"""When the office is open: days, hours, public holidays, and what is not known."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from tenants.office_hours import OfficeHours, holiday_countries, public_holidays

ZURICH = ZoneInfo("Europe/Zurich")
WEEKDAYS = frozenset(range(5))


def hours(country: str = "", days: frozenset[int] = WEEKDAYS) -> OfficeHours:
    return OfficeHours(days, time(9), time(17), country)


@pytest.mark.parametrize(
    ("local", "is_open"),
    [
        ("2026-11-20T08:59:59", False),
        ("2026-11-20T09:00", True),
        ("2026-11-20T16:59:59.999999", True),
        ("2026-11-20T17:00", False),
        ("2026-11-21T12:00", False),  # a Saturday
        ("2026-12-25T12:00", True),  # a holiday, but nobody has said where
    ],
)
def test_from_when_it_opens_until_before_it_closes(local: str, *, is_open: bool) -> None:
    assert hours().is_open(datetime.fromisoformat(local).replace(tzinfo=ZURICH)) is is_open


@pytest.mark.parametrize(("country", "is_open"), [("CH", False), ("JP", True)])
def test_a_public_holiday_is_no_business_day(country: str, *, is_open: bool) -> None:
    christmas = datetime(2026, 12, 25, 12, tzinfo=ZURICH)
    assert hours(country).is_open(christmas) is is_open


@pytest.mark.parametrize("office", [hours(days=frozenset()), hours("XX")])
def test_what_nobody_has_said_or_knows_is_not_known(office: OfficeHours) -> None:
    assert office.is_open(datetime(2026, 11, 20, 12, tzinfo=ZURICH)) is None


def test_the_new_year_belongs_to_its_own_year() -> None:
    assert date(2027, 1, 1) in (public_holidays("DE", 2027) or ())
    assert hours("DE").is_open(datetime(2027, 1, 1, 12, tzinfo=ZURICH)) is False


def test_countries_have_names() -> None:
    countries = holiday_countries()
    assert (countries["CH"], countries["US"]) == ("Switzerland", "United States")
    assert countries["BA"] == "Bosnia and Herzegovina"
    assert list(countries.values()) == sorted(countries.values())


def test_a_business_day_is_one_on_which_it_opens() -> None:
    days = [date(2026, 12, 24), date(2026, 12, 25), date(2026, 12, 26)]
    assert [hours("DE").is_business_day(each) for each in days] == [True, False, False]
    assert hours("XX").is_business_day(days[0]) is None


def test_hours_that_end_before_they_begin_are_not_said() -> None:
    office = OfficeHours(WEEKDAYS, time(9), time(9))
    assert not office.is_said
    assert office.is_open(datetime(2026, 11, 20, 12, tzinfo=ZURICH)) is None
