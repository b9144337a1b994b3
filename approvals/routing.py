"""Which channel somebody is told on, and when: pure, from what the person has asked for.

Nobody can hold back what cannot wait: what was escalated, an emergency, an alert, and whatever
would have to be decided before the hour at which it would be sent.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from approvals.enums import Digest, HeldFor, NotificationChannel, NotificationKind

# Nobody has to know these to decide anything; a person may do without them.
OUTCOMES: Final = frozenset({NotificationKind.DECIDED, NotificationKind.INFORMED})
_AT_ONCE: Final = frozenset(
    {
        NotificationKind.ESCALATED,
        NotificationKind.ALERT,
        NotificationKind.BREAK_GLASS,
        NotificationKind.REVIEW_DUE,
    }
)
# What is held must leave at least this long to decide, once it is sent.
LEAST_LEFT: Final = timedelta(hours=1)
_DAYS_AHEAD: Final = 3


@dataclass(frozen=True)
class Wishes:
    """How one person wants to be told. As it is: by e-mail, at once, of everything.

    `channels` are those that reach the person, in their order; e-mail is always among them.
    """

    channels: tuple[NotificationChannel, ...] = (NotificationChannel.EMAIL,)
    digest: Digest = Digest.OFF
    digest_at: time | None = None
    quiet_from: time | None = None
    quiet_until: time | None = None
    zone: str = "UTC"
    wants_outcomes: bool = True

    @property
    def holds(self) -> bool:
        """Whether anything ever waits for this person."""
        return self.digest != Digest.OFF or self.has_quiet_hours

    @property
    def has_quiet_hours(self) -> bool:
        """Whether there are hours in which only what is urgent is sent."""
        return self.quiet_from is not None and self.quiet_until is not None

    def wants(self, kind: NotificationKind) -> bool:
        """Whether the person is told of this at all. Questions are always asked."""
        return self.wants_outcomes or kind not in OUTCOMES


@dataclass(frozen=True)
class Moment:
    """When to send, and why not at once."""

    at: datetime
    held_for: HeldFor = HeldFor.NOTHING


def order_channels(
    wanted: Iterable[str], reachable: Iterable[str]
) -> tuple[NotificationChannel, ...]:
    """Return the wanted channels that reach the person, e-mail last unless it is placed."""
    there = {NotificationChannel.EMAIL.value, *reachable}
    found = [NotificationChannel(each) for each in dict.fromkeys(wanted) if each in there]
    if NotificationChannel.EMAIL not in found:
        found.append(NotificationChannel.EMAIL)
    return tuple(found)


def channel_for(wishes: Wishes) -> NotificationChannel:
    """Return the channel on which this person is told first."""
    return wishes.channels[0]


def channel_after(wishes: Wishes, tried: Iterable[str]) -> NotificationChannel | None:
    """Return the next channel when these did not get through, or None when all were tried."""
    left = [each for each in wishes.channels if each not in set(tried)]
    return left[0] if left else None


def when_to_send(
    kind: NotificationKind, wishes: Wishes, *, now: datetime, deadline: datetime | None
) -> Moment:
    """Return when to send a message of this kind.

    What asks somebody to decide is held only when its deadline is known and leaves
    `LEAST_LEFT` after the moment at which it would be sent.
    """
    if not wishes.holds or kind in _AT_ONCE:
        return Moment(now)
    held = _held(wishes, now)
    is_late = deadline is None or deadline < held.at + LEAST_LEFT
    return Moment(now) if kind not in OUTCOMES and is_late else held


def _held(wishes: Wishes, now: datetime) -> Moment:
    zone = ZoneInfo(wishes.zone)
    at, held_for = now, HeldFor.NOTHING
    if wishes.digest != Digest.OFF:
        at, held_for = _next_digest(wishes, now, zone), HeldFor.DIGEST
    if wishes.has_quiet_hours and _is_quiet(wishes, at, zone):
        at = next_local(at, wishes.quiet_until or time(), zone)
        if held_for == HeldFor.NOTHING:
            held_for = HeldFor.QUIET_HOURS
    return Moment(at, held_for)


def _next_digest(wishes: Wishes, now: datetime, zone: ZoneInfo) -> datetime:
    if wishes.digest == Digest.DAILY:
        return next_local(now, wishes.digest_at or time(9), zone)
    local = now.astimezone(zone)
    passed = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return now - passed + timedelta(hours=1)


def _is_quiet(wishes: Wishes, at: datetime, zone: ZoneInfo) -> bool:
    first, last = wishes.quiet_from or time(), wishes.quiet_until or time()
    local = at.astimezone(zone).time()
    if first <= last:
        return first <= local < last
    return local >= first or local < last


def next_local(now: datetime, at: time, zone: ZoneInfo) -> datetime:
    """Return the next instant after `now` at which clocks in `zone` show `at`.

    A time that occurs twice counts both times; one that does not exist is taken as much later
    as the clock was put forward (PEP 495).
    """
    today = now.astimezone(zone).date()
    found: list[datetime] = []
    for day in range(_DAYS_AHEAD):
        wall = datetime.combine(today + timedelta(days=day), at)
        found += _instants(wall, zone)
    return min(each for each in found if each > now)


def _instants(wall: datetime, zone: ZoneInfo) -> Sequence[datetime]:
    both = [wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    real = [each for each in both if each.astimezone(zone).replace(tzinfo=None) == wall]
    return real or both[:1]
