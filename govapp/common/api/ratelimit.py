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

# Returns {1 if allowed, microseconds until a call would pass, microseconds until all is back}.
_SCRIPT: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, tolerance = tonumber(ARGV[1]), tonumber(ARGV[2])
local tat = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local wait = tat - tolerance - now
if wait > 0 then return {0, wait, tat - now} end
tat = tat + interval
redis.call('SET', KEYS[1], string.format('%.0f', tat), 'PX', math.ceil((tat - now) / 1000) + 1)
return {1, 0, tat - now}
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
            "RateLimit-Policy": f'"agent";q={self.burst};w={window}',
            "RateLimit": f'"agent";r={max(0, left)};t={reset}',
        }


class RateLimit:
    """`per_second` calls in the long run, `burst` at once."""

    def __init__(self, *, per_second: int, burst: int) -> None:
        self.per_second, self.burst = per_second, burst
        self._interval = 1_000_000 // per_second
        self._tolerance = self._interval * (burst - 1)
        self._script = valkey().register_script(_SCRIPT)
        self._lock = threading.Lock()
        self._arrivals: dict[str, int] = {}

    def spend(self, key: str) -> Spent:
        """Count one call of `key`."""
        try:
            allowed, wait, backlog = self._script(
                keys=[f"govapp:rate:{key}"], args=[self._interval, self._tolerance]
            )
        except (redis.RedisError, OSError) as error:
            log.warning("ratelimit.valkey_away", error=type(error).__name__)
            allowed, wait, backlog = self._spend_here(key)
        return Spent(bool(allowed), int(wait), int(backlog), self.per_second, self.burst)

    def _spend_here(self, key: str) -> tuple[int, int, int]:
        now = time.monotonic_ns() // 1000
        with self._lock:
            arrival = max(self._arrivals.get(key, now), now)
            wait = arrival - self._tolerance - now
            if wait > 0:
                return 0, wait, arrival - now
            if len(self._arrivals) >= _KEYS_REMEMBERED:
                self._arrivals = {k: at for k, at in self._arrivals.items() if at > now}
            self._arrivals[key] = arrival + self._interval
        return 1, 0, arrival + self._interval - now


@cache
def _limit(per_second: int, burst: int) -> RateLimit:
    return RateLimit(per_second=per_second, burst=burst)


def agent_limit() -> RateLimit:
    """Return the limit that holds for each agent (settings `AGENT_CALLS_…`)."""
    return _limit(settings.AGENT_CALLS_PER_SECOND, settings.AGENT_CALLS_AT_ONCE)


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
