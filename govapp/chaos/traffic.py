"""Agents and people who go on while everything around them is killed."""

import asyncio
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx

from govapp.chaos.actors import Agent, Approver
from govapp.chaos.lapse import Lapse
from govapp.simulator.actions import any_action
from govapp.simulator.client import Keys
from govapp.simulator.tally import Tally, open_journal

AT_ONCE: Final = 150
LAST_SECONDS: Final = 4.0
CALM_SECONDS: Final = 180.0  # at most, before the time begins to pass
MORNING: Final = timedelta(hours=7)
QUIET: Final = 0.25  # of the traffic, at night and on Sundays


@dataclass
class Addresses:
    """Where Govapp is to be reached; the first always, further ones while they are there."""

    first: str
    others: list[tuple[str, Callable[[], bool]]] = field(default_factory=list)

    def add(self, address: str, answers: Callable[[], bool]) -> None:
        """Let agents use this too from when it answers on."""
        self.others = [(address, answers)]

    def only_first(self) -> None:
        """Use the others no more."""
        self.others = []

    def look(self) -> list[str]:
        """Return where an agent may go. Blocks shortly."""
        return [self.first, *(address for address, answers in self.others if answers())]


class Traffic(threading.Thread):
    """All agents and people of a company, in a thread with a loop of its own."""

    def __init__(
        self, note: dict[str, Any], addresses: Addresses, lapse: Lapse, *,
        seed: int, rate: float, journal: Path,
    ) -> None:  # fmt: skip
        super().__init__(daemon=True)
        self.plan, self.addresses, self.lapse = note, addresses, lapse
        self.seed, self.rate = seed, rate
        self.tally = Tally(journal=open_journal(journal))
        self.until = float("inf")
        self.error: Exception | None = None
        self.ready = threading.Event()  # everybody has logged in, the time may pass

    def run(self) -> None:
        """Work until the lapse is over; what goes wrong here is kept for whoever waits."""
        try:
            asyncio.run(self._live())
        except Exception as error:
            self.error = error
        finally:
            self.ready.set()
            if self.tally.journal:
                self.tally.journal.close()

    def finish(self) -> Tally:
        """Wait for the end; raise what went wrong."""
        self.join()
        if self.error:
            raise self.error
        return self.tally

    async def _live(self) -> None:
        limits = httpx.Limits(max_connections=AT_ONCE * 2, max_keepalive_connections=60)
        places = [self.addresses.first]
        async with httpx.AsyncClient(timeout=30, limits=limits) as http:
            people = self._people()
            for person in people:
                await person.log_in()
            pages = [asyncio.create_task(self._attend(each)) for each in people]
            running: set[asyncio.Task[None]] = set()
            try:
                await self._submit(self._agents(http, places), places, running)
            finally:
                await _end(pages, 0.0)
                await _end(running, LAST_SECONDS)

    async def _submit(
        self, agents: list[Agent], places: list[str], running: set[asyncio.Task[None]]
    ) -> None:
        """Let agents begin one action after the other until the time is over."""
        rng = Random(self.seed)  # noqa: S311 - dice, not a secret
        calm_until = time.monotonic() + CALM_SECONDS
        while time.monotonic() < self.until:
            if not self.ready.is_set() and (self._is_at_work or time.monotonic() > calm_until):
                self._begin(agents)
            places[:] = await asyncio.to_thread(self.addresses.look)
            await asyncio.sleep(rng.expovariate(self.rate * busyness(self.lapse.simulated)))
            if len(running) < AT_ONCE:
                running.add(asyncio.create_task(rng.choice(agents).go(any_action(rng))))
            for task in [each for each in running if each.done()]:
                running.remove(task)
                task.result()

    @property
    def _is_at_work(self) -> bool:
        """Whether there is something to lose: somebody voted and knows it, a permission is used."""
        return all(self.tally.counts[name] for name in ("voted", "approved", "redeemed"))

    def _begin(self, agents: list[Agent]) -> None:
        """Let the time pass from now on."""
        self.lapse.begin()
        self.until = time.monotonic() + self.lapse.seconds
        for agent in agents:
            agent.until = self.until + LAST_SECONDS
        self.ready.set()

    def _agents(self, http: httpx.AsyncClient, places: list[str]) -> list[Agent]:
        base = httpx.URL(self.addresses.first)
        http.base_url = base
        return [
            Agent(
                http, key, self.tally, Keys(http),
                rng=Random(self.seed + number), places=places,  # noqa: S311 - dice, not a secret
            )
            for number, key in enumerate(self.plan["keys"].values())
        ]  # fmt: skip

    def _people(self) -> list[Approver]:
        return [
            Approver(
                http=httpx.AsyncClient(
                    base_url=self.addresses.first, timeout=20, follow_redirects=True
                ),
                email=login["email"],
                password=login["password"],
                tenant=self.plan["tenant"],
                tally=self.tally,
                rng=Random(self.seed + number),  # noqa: S311 - dice, not a secret
            )
            for number, login in enumerate(self.plan["logins"])
        ]

    async def _attend(self, person: Approver) -> None:
        try:
            await person.work(self.until)
        finally:
            await person.http.aclose()


async def _end(tasks: Collection[asyncio.Task[None]], seconds: float) -> None:
    """Give tasks so long to come to their end; raise what went wrong in one."""
    if not tasks:
        return
    done, rest = await asyncio.wait(tasks, timeout=seconds)
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    for task in done:
        task.result()


def busyness(into_the_week: timedelta) -> float:
    """Return how much of the full traffic there is, in a week that begins on Monday at seven."""
    into_the_week += MORNING
    hour, day = into_the_week.seconds / 3600, into_the_week.days % 7
    return 1.0 if 7 <= hour < 20 and day != 6 else QUIET
