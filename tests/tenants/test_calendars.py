"""What is read out of calendar files, in the words of RFC 5545."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tenants.calendars import CalendarRead, CalendarRefused, read_calendar
from tenants.spans import span_in_words

NOW = datetime(2026, 11, 21, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
KOLKATA = ZoneInfo("Asia/Kolkata")


def read(*events: str, zone: ZoneInfo = BERLIN, before: str = "") -> CalendarRead:
    inside = "".join(f"BEGIN:VEVENT\n{each}\nEND:VEVENT\n" for each in events)
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{before}{inside}END:VCALENDAR\n"
    ics = text.replace("\n", "\r\n").encode()
    return read_calendar(ics, zone=zone, now=NOW, until=NOW + timedelta(days=366))


def spans(found: CalendarRead, zone: ZoneInfo = BERLIN) -> list[str]:
    return [span_in_words(each.starts_at, each.ends_at, zone) for each in found.entries]


TIMES = {
    "whole days": (
        "DTSTART;VALUE=DATE:20261203\nDTEND;VALUE=DATE:20261215",
        ["3 to 14 December 2026"],
    ),
    "one whole day": ("DTSTART;VALUE=DATE:20261203", ["3 December 2026"]),
    "days over a change of the clock": (
        "DTSTART;VALUE=DATE:20270327\nDTEND;VALUE=DATE:20270330",
        ["27 to 29 March 2027"],
    ),
    "a zone": (
        "DTSTART;TZID=America/New_York:20261203T090000\nDTEND;TZID=America/New_York:20261203T120000",
        ["3 December 2026, 15:00 to 18:00"],
    ),
    "UTC": (
        "DTSTART:20261203T090000Z\nDTEND:20261204T100000Z",
        ["3 December 2026, 10:00 to 4 December 2026, 11:00"],
    ),
    "no zone": ("DTSTART:20261203T090000\nDURATION:PT2H", ["3 December 2026, 09:00 to 11:00"]),
    "no length": ("DTSTART:20261203T090000", []),
    "cancelled": ("DTSTART;VALUE=DATE:20261203\nSTATUS:CANCELLED", []),
    "over": ("DTSTART;VALUE=DATE:20261103", []),
    "far away": ("DTSTART;VALUE=DATE:20291103", []),
    "under way": ("DTSTART;VALUE=DATE:20261119\nDURATION:P5D", ["19 to 23 November 2026"]),
    "every Friday afternoon, one left out": (
        (
            "DTSTART;TZID=Europe/Berlin:20261204T120000\n"
            "DTEND;TZID=Europe/Berlin:20261204T180000\n"
            "RRULE:FREQ=WEEKLY;UNTIL=20261225T110000Z;BYDAY=FR\n"
            "EXDATE;TZID=Europe/Berlin:20261211T120000"
        ),
        [
            "4 December 2026, 12:00 to 18:00",
            "18 December 2026, 12:00 to 18:00",
            "25 December 2026, 12:00 to 18:00",
        ],
    ),
    "days in a row are one": (
        "DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=DAILY;COUNT=4",
        ["24 to 27 December 2026"],
    ),
    "every second week": (
        "DTSTART;VALUE=DATE:20261201\nRRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=2;BYDAY=TU,TH",
        ["1 December 2026", "3 December 2026"],
    ),
    "the 31st": (
        "DTSTART;VALUE=DATE:20261231\nRRULE:FREQ=MONTHLY;COUNT=3",
        ["31 December 2026", "31 January 2027", "31 March 2027"],
    ),
    "every week for years": (
        "DTSTART;VALUE=DATE:20180101\nRRULE:FREQ=WEEKLY;UNTIL=20261207",
        ["23 November 2026", "30 November 2026", "7 December 2026"],
    ),
    "every year": (
        "DTSTART;VALUE=DATE:20251224\nRRULE:FREQ=YEARLY;UNTIL=20301224",
        ["24 December 2026"],
    ),
    "the same wall clock in summer and winter": (
        "DTSTART;TZID=Europe/Berlin:20270326T080000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=2",
        ["26 March 2027, 08:00 to 09:00", "2 April 2027, 08:00 to 09:00"],
    ),
}


@pytest.mark.parametrize("name", TIMES)
def test_times(name: str) -> None:
    lines, expected = TIMES[name]
    found = read(f"UID:a\nSUMMARY:X\n{lines}")
    assert (spans(found), found.remarks) == (expected, ())


def test_whole_days_are_days_where_the_tenant_is() -> None:
    event = "UID:a\nSUMMARY:X\nDTSTART;VALUE=DATE:20261203"
    (entry,) = read(event, zone=KOLKATA).entries
    assert entry.starts_at == datetime(2026, 12, 2, 18, 30, tzinfo=UTC)


def test_an_occurrence_that_was_moved_is_taken_where_it_is_now() -> None:
    series = "UID:a\nSUMMARY:X\nDTSTART;VALUE=DATE:20261201\nRRULE:FREQ=WEEKLY;COUNT=3"
    moved = "UID:a\nSUMMARY:X\nRECURRENCE-ID;VALUE=DATE:20261208\nDTSTART;VALUE=DATE:20261210"
    found = read(series, moved)
    assert spans(found) == ["1 December 2026", "10 December 2026", "15 December 2026"]


REFUSED = {
    "FREQ=DAILY": "repeats without an end; give it one in your calendar.",
    "FREQ=SECONDLY;COUNT=9": "repeats in a way that is not understood; enter it by hand.",
    "FREQ=MONTHLY;COUNT=3;BYDAY=2TU": "repeats in a way that is not understood; enter it by hand.",
    "FREQ=DAILY;COUNT=3;BYHOUR=9": "repeats in a way that is not understood; enter it by hand.",
    "FREQ=WEEKLY;COUNT=3;BYSETPOS=1": "repeats in a way that is not understood; enter it by hand.",
    "FREQ=DAILY;UNTIL=20991231": "repeats more than 100 times.",
}


@pytest.mark.parametrize("rule", REFUSED)
def test_what_repeats_otherwise_is_named(rule: str) -> None:
    other = "UID:b\nSUMMARY:Y\nDTSTART;VALUE=DATE:20261220"
    found = read(f"UID:a\nSUMMARY:X\nDTSTART;VALUE=DATE:20261203\nRRULE:{rule}", other)
    assert found.remarks == (f"“X” {REFUSED[rule]}",)
    assert spans(found) == ["20 December 2026"]


LIKELY = {
    "DTSTART;VALUE=DATE:20261203": True,
    "DTSTART;VALUE=DATE:20261203\nTRANSP:TRANSPARENT": True,
    "DTSTART;VALUE=DATE:20261203\nRRULE:FREQ=YEARLY;COUNT=1": False,  # a birthday
    "DTSTART:20261203T090000Z\nDURATION:PT8H": True,
    "DTSTART:20261203T090000Z\nDURATION:PT8H\nTRANSP:TRANSPARENT": False,
    "DTSTART:20261203T090000Z\nDURATION:PT1H": False,  # a meeting
    "DTSTART:20261203T090000Z\nDURATION:PT1H\nX-MICROSOFT-CDO-BUSYSTATUS:OOF": True,
    "DTSTART;VALUE=DATE:20261203\nX-MICROSOFT-CDO-BUSYSTATUS:BUSY": False,
}


@pytest.mark.parametrize("lines", LIKELY)
def test_what_looks_like_an_absence_is_ticked(lines: str) -> None:
    (entry,) = read(f"UID:a\nSUMMARY:X\n{lines}").entries
    assert entry.is_likely is LIKELY[lines]


@pytest.mark.parametrize(
    "ics",
    [
        b"",
        b"hello",
        b"\xff\xfe\x00",
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n",
        b"BEGIN:VEVENT\r\nEND:VEVENT\r\n",
        b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 4_000,
        b"BEGIN:VCALENDAR\r\n" + b"X" * 300_000,
    ],
)
def test_what_is_no_calendar_is_refused(ics: bytes) -> None:
    with pytest.raises(CalendarRefused):
        read_calendar(ics, zone=BERLIN, now=NOW, until=NOW)


def test_times_that_cannot_be_read_are_named() -> None:
    broken = ("DTSTART:20261399T990000Z", "DTSTART;VALUE=DATE:20261203\nDTEND:20261203T100000Z")
    for lines in broken:
        found = read(f"UID:a\nSUMMARY:X\n{lines}")
        assert (found.entries, found.remarks) == ((), ("“X” has times that cannot be read.",))


def test_an_event_of_more_than_a_year_is_named() -> None:
    found = read("UID:a\nSUMMARY:X\nDTSTART;VALUE=DATE:20261203\nDTEND;VALUE=DATE:20291203")
    assert found.remarks == ("“X” takes longer than 366 days.",)
