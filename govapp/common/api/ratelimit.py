"""How often an agent may call: the generic cell rate algorithm (GCRA), atomically in Valkey.

One number a key: the theoretical arrival time. Valkey's own clock is used, so hosts need not
agree. While Valkey is away the same algorithm runs in this process's memory: the limit then holds
for each process alone, which is neither open nor closed (docs/decisions/0009).
"""

import math
import threading
import time
from dataclasses import dataclass
from functools import cache
from typing import Final

import redis
import structlog
from django.conf import settings

from govapp.common.errors import RateLimited
from govapp.common.live import valkey

log = structlog.get_logger(__name__)

# One call of several keys at once: all of them have to let it pass, or none of them counts it.
# Returns {0, or the place of the key that does not}, then of that key, else of the first one:
# microseconds until a call would pass, and microseconds until all is back.
_SCRIPT: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local tats = {}
for place, key in ipairs(KEYS) do
  local interval, tolerance = tonumber(ARGV[2 * place - 1]), tonumber(ARGV[2 * place])
  local tat = math.max(tonumber(redis.call('GET', key) or now), now)
  local wait = tat - tolerance - now
  if wait > 0 then return {place, wait, tat - now} end
  tats[place] = tat + interval
end
for place, key in ipairs(KEYS) do
  local tat = tats[place]
  redis.call('SET', key, string.format('%.0f', tat), 'PX', math.ceil((tat - now) / 1000) + 1)
end
return {0, 0, tats[1] - now}
"""
_KEYS_REMEMBERED: Final = 10_000


@dataclass(frozen=True)
class Spent:
    """What one call did to its limit. Times in microseconds."""

    is_allowed: bool
    wait: int
    backlog: int
    per_second: int
    burst: int
    name: str = "agent"

    @property
    def retry_after(self) -> int:
        """Whole seconds until a call passes again, at least one."""
        return max(1, math.ceil(self.wait / 1_000_000))

    def headers(self) -> dict[str, str]:
        """`RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers)."""
        left = self.burst - math.ceil(self.backlog * self.per_second / 1_000_000)
        window = math.ceil(self.burst / self.per_second)
        reset = math.ceil(self.backlog / 1_000_000)
        return {
            "RateLimit-Policy": f'"{self.name}";q={self.burst};w={window}',
            "RateLimit": f'"{self.name}";r={max(0, left)};t={reset}',
        }


class RateLimit:
    """`per_second` calls in the long run, `burst` at once. `name` is what answers call it."""

    def __init__(self, *, per_second: int, burst: int, name: str = "agent") -> None:
        self.per_second, self.burst, self.name = per_second, burst, name
        self.interval = 1_000_000 // per_second
        self.tolerance = self.interval * (burst - 1)
        self._script = valkey().register_script(_SCRIPT)
        self._lock = threading.Lock()
        self._arrivals: dict[str, int] = {}

    def spend(self, key: str, *above: "tuple[RateLimit, str]") -> Spent:
        """Count one call of `key`, and of each limit above it with a key of its own.

        All of them have to let it pass, or none counts it. Tells of the one that does not, else
        of this one.
        """
        limits = [(self, key), *above]
        try:
            place, wait, backlog = self._script(
                keys=[f"govapp:rate:{each}" for _, each in limits],
                args=[
                    number for limit, _ in limits for number in (limit.interval, limit.tolerance)
                ],
            )
        except (redis.RedisError, OSError) as error:
            log.warning("ratelimit.valkey_away", error=type(error).__name__)
            return self._spend_in_memory(limits)
        return limits[max(int(place), 1) - 1][0].told(int(place) == 0, int(wait), int(backlog))

    def _spend_in_memory(self, limits: "list[tuple[RateLimit, str]]") -> Spent:
        first: Spent | None = None
        # Those above first: what they refuse is not counted for whom they stand above.
        for limit, key in reversed(limits):
            allowed, wait, backlog = limit.spend_here(key)
            first = limit.told(bool(allowed), wait, backlog)
            if not first.is_allowed:
                break
        return first or self.told(True, 0, 0)

    def told(self, is_allowed: bool, wait: int, backlog: int) -> Spent:
        """Return what became of a call of this limit."""
        return Spent(is_allowed, wait, backlog, self.per_second, self.burst, self.name)

    def spend_here(self, key: str) -> tuple[int, int, int]:
        """Count one call in this process's memory, as the script does."""
        now = time.monotonic_ns() // 1000
        with self._lock:
            arrival = max(self._arrivals.get(key, now), now)
            wait = arrival - self.tolerance - now
            if wait > 0:
                return 0, wait, arrival - now
            if len(self._arrivals) >= _KEYS_REMEMBERED:
                self._arrivals = {k: at for k, at in self._arrivals.items() if at > now}
            self._arrivals[key] = arrival + self.interval
        return 1, 0, arrival + self.interval - now


@cache
def _limit(per_second: int, burst: int, name: str = "agent") -> RateLimit:
    return RateLimit(per_second=per_second, burst=burst, name=name)


def agent_limit(wanted: int | None = None) -> RateLimit:
    """Return the limit that holds for each agent (settings `AGENT_CALLS_…`).

    `wanted` is what the tenant has set, in calls a second: within what the installation allows.
    """
    return _within(settings.AGENT_CALLS_PER_SECOND, settings.AGENT_CALLS_AT_ONCE, wanted, "agent")


def tenant_limit(wanted: int | None = None) -> RateLimit:
    """Return the limit for all callers of a tenant together (settings `TENANT_CALLS_…`)."""
    per_second, at_once = settings.TENANT_CALLS_PER_SECOND, settings.TENANT_CALLS_AT_ONCE
    return _within(per_second, at_once, wanted, "tenant")


def _within(per_second: int, at_once: int, wanted: int | None, name: str) -> RateLimit:
    if wanted is None or wanted >= per_second:
        return _limit(per_second, at_once, name)
    # As much at once as the installation gives to one of this size.
    return _limit(wanted, max(1, at_once * wanted // per_second), name)


def spend_for_address(purpose: str, address: str) -> None:
    """Count one call of an address without a key; raise `RateLimited` when it is too much.

    Settings `ANONYMOUS_CALLS_…`, in calls a second and calls at once.
    """
    limit = _limit(settings.ANONYMOUS_CALLS_PER_SECOND, settings.ANONYMOUS_CALLS_AT_ONCE)
    spent = limit.spend(f"{purpose}:{address}")
    if not spent.is_allowed:
        raise RateLimited(
            f"Too many requests; try again in {spent.retry_after} s.",
            retry_after=spent.retry_after,
        )


def may_note(purpose: str, ident: str) -> bool:
    """Whether one more of what anybody can cause may be written down: 1 a second, 20 at once."""
    return _limit(1, 20).spend(f"{purpose}:{ident}").is_allowed
