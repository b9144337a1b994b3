"""Agents and people who try again whatever was not answered."""

import asyncio
import re
import time
import uuid
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import httpx
import jwt
from jwt.types import Options

from govapp.simulator.client import PAUSE_SECONDS, REQUESTS, AgentClient
from govapp.simulator.people import REASON, Forms, Person, offers_vote

LOGIN_PAUSE: Final = 3.0
LOGIN_WORD: Final = "/accounts/login"


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
            if dice < 0.8:
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
            except (httpx.HTTPError, RuntimeError) as error:
                self.tally.count(f"page lost: {error}"[:39])
                # Too many attempts to log in would shut everybody out for a minute.
                await asyncio.sleep(LOGIN_PAUSE)
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
        # Taken, it leads back to its page, which may be away by then.
        if answer.history and answer.url == page.url:
            self.tally.count("voted")
            self.tally.note("voted", id=ident, email=self.email, verdict=verdict)
        return answer.status_code < 429
