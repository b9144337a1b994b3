"""Agents and people who go on while everything around them is killed."""

import asyncio
import re
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx
import jwt
from jwt.types import Options

from govapp.chaos.lapse import Lapse
from govapp.simulator.actions import any_action
from govapp.simulator.client import PAUSE_SECONDS, REQUESTS, AgentClient, Keys
from govapp.simulator.people import REASON, Forms, Person, offers_vote
from govapp.simulator.tally import Tally, open_journal

AT_ONCE: Final = 150
LAST_SECONDS: Final = 4.0
QUIET: Final = 0.25  # of the traffic, at night and on Sundays
LOGIN_WORD: Final = "/accounts/login"


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


@dataclass
class Agent(AgentClient):
    """An agent that tries again whatever was not answered, at any address."""

    rng: Random = field(default_factory=lambda: Random(1))  # noqa: S311 - dice, not a secret
    places: list[str] = field(default_factory=list)

    async def call(self, name: str, method: str, path: str, **options: Any) -> httpx.Response:
        """As the simulator's agent, at one of the addresses."""
        place = self.rng.choice(self.places)
        return await super().call(name, method, place + path, **options)

    async def surely(self, name: str, method: str, path: str, **options: Any) -> httpx.Response:
        """Repeat also what a server without its database answers."""
        while True:
            answer = await super().surely(name, method, path, **options)
            # The first one is still at it, or its transaction has not ended yet.
            in_use = name == "submit" and answer.status_code == 409
            if (answer.status_code < 500 and not in_use) or time.monotonic() > self.until:
                return answer
            await asyncio.sleep(PAUSE_SECONDS)

    async def verify(self, token: str, shown: dict[str, Any]) -> None:
        """Check the signature and what it is bound to; the times in it are those of the lapse."""
        times: Options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
        try:
            key = await self.keys.key(token)
        except (httpx.HTTPError, KeyError, ValueError):
            self.tally.count("public keys not to be had")
            return
        try:
            claims = jwt.decode(
                token, key, algorithms=["EdDSA"], audience="govapp-grant", options=times
            )
        except jwt.PyJWTError as error:
            self.tally.promise(False, f"a permission does not verify: {error}")
            return
        same = claims["payload_digest"] == shown["payload_digest"]
        self.tally.promise(same, "a permission carries another digest than its request")

    async def go(self, body: dict[str, Any]) -> None:
        """Live through one action: mostly well behaved, sometimes twice at once or cancelled."""
        dice = self.rng.random()
        try:
            if dice < 0.85:
                await self.live(body)
            elif dice < 0.95:
                await self.twice(body)
            else:
                await self.cancel(body)
        except httpx.HTTPError:
            self.tally.count("given up by an agent")

    async def twice(self, body: dict[str, Any]) -> None:
        """Submit under one key twice at once; use the permission twice at once."""
        key = str(uuid.uuid4())
        first, second = await asyncio.gather(*(self.submit(body, key=key) for _ in "12"))
        if {first.status_code, second.status_code} - {201, 202}:
            return
        one = first.json()["id"] == second.json()["id"]
        self.tally.promise(one, "one key yielded two requests")
        if first.json()["status"] != "allowed":
            return
        grant = await self.surely("grant", "POST", f"{REQUESTS}/{first.json()['id']}/grant")
        if grant.status_code == 201:
            use = {"token": grant.json()["token"]}
            calls = (self.surely("redeem", "POST", "/api/v1/grants/redeem", json=use) for _ in "12")
            statuses = [each.status_code for each in await asyncio.gather(*calls)]
            self.tally.promise(statuses.count(200) <= 1, "a permission was used twice")

    async def cancel(self, body: dict[str, Any]) -> None:
        """Ask, and think better of it."""
        answer = await self.submit(body)
        if answer.status_code == 202:
            path = f"{REQUESTS}/{answer.json()['id']}/cancel"
            await self.surely("cancel", "POST", path, json={"reason": "Not needed any more."})


@dataclass
class Approver(Person):
    """Somebody who votes on most of what they see, and lets some of it pass."""

    async def work(self, until: float) -> None:
        """Look and decide until the time is over, whatever the pages answer."""
        while time.monotonic() < until:
            try:
                if "sessionid" not in self.http.cookies:
                    await self.log_in()
                await self.look()
            except (httpx.HTTPError, RuntimeError):
                self.tally.count("connection lost, page")
            await asyncio.sleep(self.rng.uniform(0.5, 1.5))

    async def look(self) -> None:
        """Vote on what is in the inbox and was not passed over before."""
        inbox = await self.page(f"/t/{self.tenant}/inbox/")
        if LOGIN_WORD in str(inbox.url):
            self.http.cookies.clear()
            return
        pattern = rf"/t/{re.escape(self.tenant)}/requests/(ar_[0-9a-z]{{26}})/"
        for ident in sorted(set(re.findall(pattern, inbox.text)) - self.seen):
            if self.rng.random() < 0.35 or await self.vote(ident):
                self.seen.add(ident)

    async def vote(self, ident: str) -> bool:
        """Vote on one request; return whether there is nothing left to do with it."""
        page = await self.page(f"/t/{self.tenant}/requests/{ident}/")
        if page.status_code != 200:
            return page.status_code < 429
        form = next((each for each in Forms(page.text).found if offers_vote(each)), None)
        if form is None:
            return True
        verdict = self.rng.choices(("approve", "deny", "return"), (16, 1, 1))[0]
        form.fields |= {"verdict": verdict, "reason": REASON}
        answer = await self.post(page, form)
        self.tally.answered("vote", answer.status_code, "vote", 0.0)
        if answer.status_code == 200 and answer.history:
            self.tally.count("voted")
            self.tally.note("voted", id=ident, email=self.email, verdict=verdict)
        return answer.status_code < 429


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
        self.until = time.monotonic() + lapse.seconds
        self.error: Exception | None = None

    def run(self) -> None:
        """Work until the lapse is over; what goes wrong here is kept for whoever waits."""
        try:
            asyncio.run(self._live())
        except Exception as error:
            self.error = error

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
            pages = [asyncio.create_task(self._attend(*each)) for each in self._people()]
            running: set[asyncio.Task[None]] = set()
            rng = Random(self.seed)  # noqa: S311 - dice, not a secret
            agents = self._agents(http, places)
            while time.monotonic() < self.until:
                places[:] = await asyncio.to_thread(self.addresses.look)
                await asyncio.sleep(rng.expovariate(self.rate * busyness(self.lapse.simulated)))
                if len(running) < AT_ONCE:
                    running.add(asyncio.create_task(rng.choice(agents).go(any_action(rng))))
                for task in [each for each in running if each.done()]:
                    running.remove(task)
                    task.result()
            await asyncio.gather(*pages)
            if running:
                done, rest = await asyncio.wait(running, timeout=LAST_SECONDS)
                for task in rest:
                    task.cancel()
                await asyncio.gather(*rest, return_exceptions=True)
                for task in done:
                    task.result()

    def _agents(self, http: httpx.AsyncClient, places: list[str]) -> list[Agent]:
        base = httpx.URL(self.addresses.first)
        http.base_url = base
        return [
            Agent(
                http, key, self.tally, Keys(http), self.until + LAST_SECONDS,
                rng=Random(self.seed + number), places=places,  # noqa: S311 - dice, not a secret
            )
            for number, key in enumerate(self.plan["keys"].values())
        ]  # fmt: skip

    def _people(self) -> list[tuple[Approver, float]]:
        return [
            (
                Approver(
                    http=httpx.AsyncClient(
                        base_url=self.addresses.first, timeout=20, follow_redirects=True
                    ),
                    email=login["email"],
                    password=login["password"],
                    tenant=self.plan["tenant"],
                    tally=self.tally,
                    rng=Random(self.seed + number),  # noqa: S311 - dice, not a secret
                ),
                self.until,
            )
            for number, login in enumerate(self.plan["logins"])
        ]

    async def _attend(self, person: Approver, until: float) -> None:
        async with person.http:
            await person.work(until)


def busyness(into_the_week: timedelta) -> float:
    """Return how much of the full traffic there is at this time of a week that begins on Monday."""
    hour, day = into_the_week.seconds / 3600, into_the_week.days % 7
    return 1.0 if 7 <= hour < 20 and day != 6 else QUIET
