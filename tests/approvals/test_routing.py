"""Which channel and when: a literal table, clock changes among it."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from approvals.enums import Digest, HeldFor, NotificationChannel, NotificationKind
from approvals.routing import (
    Moment,
    Wishes,
    channel_after,
    channel_for,
    next_local,
    order_channels,
    when_to_send,
)

EMAIL, SLACK, TEAMS, PUSH = (
    NotificationChannel.EMAIL,
    NotificationChannel.SLACK,
    NotificationChannel.TEAMS,
    NotificationChannel.PUSH,
)
NIGHT = Wishes(quiet_from=time(20), quiet_until=time(7, 30), zone="Europe/Berlin")
LUNCH = Wishes(quiet_from=time(12), quiet_until=time(13), zone="Europe/Berlin")
HOURLY = Wishes(digest=Digest.HOURLY, zone="Asia/Kolkata")
DAILY = Wishes(digest=Digest.DAILY, digest_at=time(8), zone="America/New_York")
BOTH = Wishes(
    digest=Digest.DAILY,
    digest_at=time(6),
    quiet_from=time(20),
    quiet_until=time(7),
    zone="Europe/Berlin",
)
FAR = datetime(2027, 6, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    """Read “2026-11-21 22:00” as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("wanted", "reachable", "order"),
    [
        ([], [], (EMAIL,)),
        (["slack"], ["slack"], (SLACK, EMAIL)),
        (["slack"], [], (EMAIL,)),
        (["email", "push"], ["push"], (EMAIL, PUSH)),
        (["push", "teams", "slack"], ["slack", "push"], (PUSH, SLACK, EMAIL)),
        (["slack", "slack"], ["slack"], (SLACK, EMAIL)),
    ],
)
def test_the_order_of_channels(
    wanted: list[str], reachable: list[str], order: tuple[NotificationChannel, ...]
) -> None:
    assert order_channels(wanted, reachable) == order


def test_the_next_channel_is_the_first_that_was_not_tried() -> None:
    wishes = Wishes(channels=(SLACK, PUSH, EMAIL))
    assert channel_for(wishes) == SLACK
    assert channel_after(wishes, ["slack"]) == PUSH
    assert channel_after(wishes, ["slack", "push"]) == EMAIL
    assert channel_after(wishes, ["slack", "push", "email"]) is None
    assert channel_after(wishes, ["email"]) == SLACK


@pytest.mark.parametrize(
    ("wishes", "now", "sent", "held_for"),
    [
        (Wishes(), "2026-11-21 22:00", "2026-11-21 22:00", HeldFor.NOTHING),
        # Quiet from 20:00 to 07:30 in Berlin, one hour ahead of UTC in winter.
        (NIGHT, "2026-11-21 18:59", "2026-11-21 18:59", HeldFor.NOTHING),
        (NIGHT, "2026-11-21 19:00", "2026-11-22 06:30", HeldFor.QUIET_HOURS),
        (NIGHT, "2026-11-22 06:29", "2026-11-22 06:30", HeldFor.QUIET_HOURS),
        (NIGHT, "2026-11-22 06:30", "2026-11-22 06:30", HeldFor.NOTHING),
        # Over the night in which clocks go forward, and the one in which they go back.
        (NIGHT, "2026-03-28 19:30", "2026-03-29 05:30", HeldFor.QUIET_HOURS),
        (NIGHT, "2026-10-24 19:30", "2026-10-25 06:30", HeldFor.QUIET_HOURS),
        (LUNCH, "2026-11-21 11:00", "2026-11-21 12:00", HeldFor.QUIET_HOURS),
        (LUNCH, "2026-11-21 10:59", "2026-11-21 10:59", HeldFor.NOTHING),
        # The full hour of a zone that is half an hour off.
        (HOURLY, "2026-11-21 10:10", "2026-11-21 10:30", HeldFor.DIGEST),
        (HOURLY, "2026-11-21 10:30", "2026-11-21 11:30", HeldFor.DIGEST),
        (DAILY, "2026-11-21 12:59", "2026-11-21 13:00", HeldFor.DIGEST),
        (DAILY, "2026-11-21 13:00", "2026-11-22 13:00", HeldFor.DIGEST),
        # A digest in the quiet hours comes when they are over.
        (BOTH, "2026-11-21 10:00", "2026-11-22 06:00", HeldFor.DIGEST),
    ],
)
def test_what_can_wait_is_sent_at_its_hour(
    wishes: Wishes, now: str, sent: str, held_for: HeldFor
) -> None:
    for kind in (NotificationKind.DECIDED, NotificationKind.REQUESTED, NotificationKind.COMMENTED):
        moment = when_to_send(kind, wishes, now=at(now), deadline=FAR)
        assert moment == Moment(at(sent), held_for)


@pytest.mark.parametrize(
    ("kind", "deadline", "is_held"),
    [
        (NotificationKind.REQUESTED, "2026-11-22 07:30", True),  # an hour after 06:30
        (NotificationKind.REQUESTED, "2026-11-22 07:29", False),
        (NotificationKind.REMINDER, "2026-11-22 07:29", False),
        (NotificationKind.REQUESTED, None, False),
        (NotificationKind.COMMENTED, None, False),
        (NotificationKind.DECIDED, "2026-11-21 23:00", True),
        (NotificationKind.INFORMED, None, True),
        (NotificationKind.ESCALATED, "2027-06-01 00:00", False),
        (NotificationKind.ALERT, "2027-06-01 00:00", False),
        (NotificationKind.BREAK_GLASS, "2027-06-01 00:00", False),
        (NotificationKind.REVIEW_DUE, "2027-06-01 00:00", False),
    ],
)
def test_what_cannot_wait_goes_at_once(
    kind: NotificationKind, deadline: str | None, is_held: bool
) -> None:
    now = at("2026-11-21 22:00")
    moment = when_to_send(kind, NIGHT, now=now, deadline=at(deadline) if deadline else None)
    assert moment == (
        Moment(at("2026-11-22 06:30"), HeldFor.QUIET_HOURS) if is_held else Moment(now)
    )


@pytest.mark.parametrize(
    ("now", "wall", "zone", "then"),
    [
        ("2026-11-21 10:00", time(12), "Europe/Berlin", "2026-11-21 11:00"),
        ("2026-11-21 11:00", time(12), "Europe/Berlin", "2026-11-22 11:00"),
        # 02:30 does not exist on 29 March: as much later as the clock goes forward.
        ("2026-03-28 12:00", time(2, 30), "Europe/Berlin", "2026-03-29 01:30"),
        # 02:30 occurs twice on 25 October: at 00:30 and at 01:30 UTC.
        ("2026-10-24 12:00", time(2, 30), "Europe/Berlin", "2026-10-25 00:30"),
        ("2026-10-25 00:45", time(2, 30), "Europe/Berlin", "2026-10-25 01:30"),
        ("2026-10-25 01:30", time(2, 30), "Europe/Berlin", "2026-10-26 01:30"),
        # Half an hour, at two in the morning of 5 April: 01:45 occurs twice.
        ("2026-04-04 14:50", time(1, 45), "Australia/Lord_Howe", "2026-04-04 15:15"),
    ],
)
def test_the_next_time_on_the_wall(now: str, wall: time, zone: str, then: str) -> None:
    assert next_local(at(now), wall, ZoneInfo(zone)) == at(then)


def test_the_next_time_on_the_wall_is_within_a_day_and_a_bit() -> None:
    """Over a year, at every quarter of an hour: never in the past, never skipped."""
    zone, now = ZoneInfo("Australia/Lord_Howe"), at("2026-01-01 00:00")
    while now < at("2027-01-01 00:00"):
        wall = time(now.minute // 15 + 1, 45)
        assert timedelta(0) < next_local(now, wall, zone) - now <= timedelta(hours=25)
        now += timedelta(minutes=255)


def test_whoever_does_without_outcomes_is_still_asked() -> None:
    wishes = Wishes(wants_outcomes=False)
    unwanted = {kind for kind in NotificationKind if not wishes.wants(kind)}
    assert unwanted == {NotificationKind.DECIDED, NotificationKind.INFORMED}
