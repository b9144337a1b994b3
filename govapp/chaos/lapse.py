"""The clock of the lapse: the database's time, moved every second, and what was late by it."""

import threading
import time
from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg

from govapp.chaos.stack import Stack

TICK_SECONDS: Final = 2.0


class Lapse:
    """Moves the database's clock so that `days` pass within `seconds`.

    In steps: between two of them everything runs at its real pace, so that what is meant to be
    done within minutes (a permission, a lease) can be.
    """

    def __init__(self, stack: Stack, *, days: float, seconds: float) -> None:
        self.stack = stack
        self.days, self.seconds = days, seconds
        self.began = time.monotonic()
        self.shift = timedelta(0)
        self.amiss = timedelta(0)  # by faults, beside the plan
        self.lock = threading.Lock()
        # The latest time that the clock has shown at each step, and when that was.
        self.reached: list[datetime] = []
        self.moments: list[float] = []

    def begin(self) -> None:
        """Let the time begin now."""
        self.began = time.monotonic()

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.began

    @property
    def simulated(self) -> timedelta:
        """How far into the week it is."""
        return timedelta(days=self.days) * min(self.elapsed / self.seconds, 1.0)

    def run(self, over: threading.Event) -> None:
        """Move the clock until it is over; a database that is down is asked at the next step."""
        while not over.wait(TICK_SECONDS):
            self.step()

    def step(self, by: timedelta = timedelta(0)) -> None:
        """Set the clock to where it is to be now; `by` is a fault and stays."""
        with self.lock:
            self.amiss += by
            self._set(self.simulated + self.amiss)

    def move(self, by: timedelta) -> None:
        """Move the clock on from where it stands."""
        with self.lock:
            self._set(self.shift + by)

    def _set(self, shift: timedelta) -> None:
        moment = time.time()
        try:
            self.stack.shift_clock(shift)
        except psycopg.OperationalError:
            return
        self.shift = shift
        shown = datetime.fromtimestamp(moment, UTC) + shift
        if not self.reached or shown > self.reached[-1]:
            self.reached.append(shown)
            self.moments.append(moment)

    def real(self, at: datetime) -> float:
        """Return when (seconds since 1970, really) the clock first showed this time."""
        step = bisect_left(self.reached, at)
        since = self.reached[step - 1] if step else at
        former = self.moments[step - 1] if step else at.timestamp()
        passed = former + (at - since).total_seconds()
        return min(passed, self.moments[step]) if step < len(self.moments) else passed

    def late(self, due: datetime, done: datetime) -> float:
        """Return how many real seconds after it was due something was done."""
        return max(0.0, self.real(done) - self.real(due))
