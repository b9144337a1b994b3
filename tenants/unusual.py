"""Use of an integration that is unlike what it was before. Pure.

An agent is held against its own history of four weeks on the one integration; without enough of
it nothing is unusual. The numbers are for being noticed, not for being refused: nothing here stops
anything.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from tenants.enums import UnusualUse

LOOKED_BACK: Final = timedelta(days=28)
# Volume: so often in one hour, and so many times the busiest hour before.
LEAST_VOLUME: Final = 10
TIMES_BUSIEST: Final = 3
LEAST_HOURS: Final = 5  # in which it was used before
# Hour: on at least so many days before, and never within an hour of this time of day.
LEAST_DAYS: Final = 5
# Target: so many requests before, after which a new target is worth a look.
LEAST_REQUESTS: Final = 20
# Failure: so many that failed or were refused, at least half of all, and twice the former share.
LEAST_FAILURES: Final = 5
TIMES_FORMER_SHARE: Final = 2


@dataclass(frozen=True)
class HourOfUse:
    """What one agent did on one integration in one hour."""

    hour: datetime
    requests: int = 0
    refused: int = 0
    failed: int = 0
    new_targets: int = 0
    calls: int = 0

    @property
    def uses(self) -> int:
        return self.requests + self.calls

    @property
    def faults(self) -> int:
        return self.refused + self.failed


@dataclass(frozen=True)
class Unusual:
    """One way in which an hour was unusual, in words behind "agent, integration: "."""

    kind: UnusualUse
    words: str


def find_unusual(
    now: HourOfUse, before: Sequence[HourOfUse], *, zone: tzinfo
) -> tuple[Unusual, ...]:
    """Return what is unusual about this hour, held against those before it."""
    used = [each for each in before if each.uses]
    if not now.uses:
        return ()
    return (
        *_volume(now, used),
        *_time_of_day(now, used, zone),
        *_targets(now, used),
        *_failures(now, used),
    )


def _volume(now: HourOfUse, used: Sequence[HourOfUse]) -> Iterator[Unusual]:
    if len(used) < LEAST_HOURS or now.uses < LEAST_VOLUME:
        return
    busiest = max(each.uses for each in used)
    if now.uses > TIMES_BUSIEST * busiest:
        words = f"{now.uses} uses in one hour; its busiest hour before had {busiest}"
        yield Unusual(UnusualUse.VOLUME, words)


def _time_of_day(now: HourOfUse, used: Sequence[HourOfUse], zone: tzinfo) -> Iterator[Unusual]:
    local = [each.hour.astimezone(zone) for each in used]
    if len({each.date() for each in local}) < LEAST_DAYS:
        return
    hour = now.hour.astimezone(zone).hour
    near = {hour, (hour - 1) % 24, (hour + 1) % 24}
    if not near & {each.hour for each in local}:
        words = f"used between {hour}:00 and {(hour + 1) % 24}:00, when it never was before"
        yield Unusual(UnusualUse.HOUR, words)


def _targets(now: HourOfUse, used: Sequence[HourOfUse]) -> Iterator[Unusual]:
    if now.new_targets and sum(each.requests for each in used) >= LEAST_REQUESTS:
        many = "a target" if now.new_targets == 1 else f"{now.new_targets} targets"
        yield Unusual(UnusualUse.TARGET, f"acted on {many} that it had never acted on before")


def _failures(now: HourOfUse, used: Sequence[HourOfUse]) -> Iterator[Unusual]:
    if now.faults < LEAST_FAILURES or 2 * now.faults < now.requests:
        return
    faults, requests = sum(each.faults for each in used), sum(each.requests for each in used)
    # now.faults / now.requests > times * faults / requests, without dividing by nothing
    if now.faults * requests > TIMES_FORMER_SHARE * faults * now.requests or not requests:
        words = f"{now.faults} of {now.requests} requests failed or were refused in one hour"
        yield Unusual(UnusualUse.FAILURE, words)
