from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from approvals.policies import evaluate
from approvals.policies.dates import read_moment
from tests.approvals.policies.builders import compare, facts, policy, rule

BERLIN = ZoneInfo("Europe/Berlin")
PLUS_ONE = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-04", date(2026, 3, 4)),
        ("2026-03-04T14:30", datetime(2026, 3, 4, 14, 30)),  # noqa: DTZ001 - local time
        ("2026-03-04 14:30:01", datetime(2026, 3, 4, 14, 30, 1)),  # noqa: DTZ001
        ("2026-03-04t14:30:00z", datetime(2026, 3, 4, 14, 30, tzinfo=UTC)),
        ("2026-03-04T14:30:00.5+01:00", datetime(2026, 3, 4, 14, 30, 0, 500_000, PLUS_ONE)),
        (
            "2026-03-04T14:30:00.123456789Z",
            datetime(2026, 3, 4, 14, 30, 0, 123_456, UTC),
        ),
    ],
)
def test_dates_and_times_are_read_as_rfc_3339_writes_them(text: str, moment: date) -> None:
    assert read_moment(text) == moment
    assert type(read_moment(text)) is type(moment)


@pytest.mark.parametrize(
    "value",
    [
        *("", "today", "2026-3-4", "20260304", "2026-W10-3", "2026-02-30", "0000-01-01"),
        *("2026-03-04T24:00", "2026-03-04T14", "2026-03-04T14:30+1", "2026-03-04T14:30:60Z"),
        *(" 2026-03-04", "2026-03-04\n", "٢٠٢٦-03-04", 20260304, 1.5, True, None, [], {}),
    ],
)
def test_nothing_else_is_a_date(value: object) -> None:
    assert read_moment(value) is None


YES, NO, DOUBT = "matched", "not_matched", "unevaluable"


@pytest.mark.parametrize(
    ("due", "op", "wanted", "verdict"),
    [
        # A time with a zone against a day: the local day of the tenant counts, here Berlin's.
        ("2026-03-04T23:30:00Z", "on_or_before", "2026-03-04", NO),
        ("2026-03-04T22:30:00Z", "on_or_before", "2026-03-04", YES),
        ("2026-07-04T22:30:00Z", "on_or_before", "2026-07-04", NO),
        ("2026-03-04T23:30", "on_or_before", "2026-03-04", YES),
        # A time without a zone is local, in summer as in winter.
        ("2026-07-04T09:30:00+02:00", "before", "2026-07-04T10:00", YES),
        ("2026-07-04T08:30:00Z", "before", "2026-07-04T10:00", NO),
        ("2026-03-04T08:30:00Z", "before", "2026-03-04T10:00", YES),
        ("2026-03-04T09:00:00Z", "on_or_after", "2026-03-04T10:00+01:00", YES),
        # A bare day against a time is known before and after that day, not on it.
        ("2026-03-03", "before", "2026-03-04T10:00:00Z", YES),
        ("2026-03-05", "before", "2026-03-04T10:00:00Z", NO),
        ("2026-03-04", "before", "2026-03-04T10:00:00Z", DOUBT),
        ("2026-03-04", "on_or_after", "2026-03-04T10:00:00Z", DOUBT),
        # The ends of the calendar.
        ("0001-01-01T00:00:00+14:00", "before", "2026-03-04", DOUBT),
        ("9999-12-31T23:59:59-14:00", "after", "2026-03-04T00:00:00Z", DOUBT),
        ("9999-12-31", "after", "2026-03-04", YES),
    ],
)
def test_dates_are_compared_in_the_tenants_time_zone(
    due: str, op: str, wanted: str, verdict: str
) -> None:
    made = policy(rule(then="deny", conditions=compare("payload.due", op, wanted)))
    now = datetime(2026, 3, 4, 14, 30, tzinfo=BERLIN)

    evaluation = evaluate(made, facts(payload={"due": due}, local_time=now))

    assert evaluation.rules[0].verdict == verdict


def test_without_a_zone_only_like_can_be_compared_with_like() -> None:
    made = policy(
        rule(then="deny", conditions=compare("payload.due", "before", "2026-03-04T10:00"))
    )

    local = evaluate(made, facts(payload={"due": "2026-03-04T09:59"})).rules[0]
    zoned = evaluate(made, facts(payload={"due": "2026-03-04T09:59Z"})).rules[0]

    assert local.verdict == "matched"
    assert zoned.because == (
        "due 2026-03-04T09:59Z cannot be compared without a time of day or a time zone, "
        "so the rule counts as matched"
    )
