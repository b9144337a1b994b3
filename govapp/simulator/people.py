"""People who vote through the pages, as a browser without scripts would."""

import asyncio
import re
import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from random import Random
from typing import Final

import httpx

from govapp.simulator.tally import Tally

LOGIN: Final = "/accounts/login/"
REASON: Final = "Decided by the simulator."


@dataclass
class Form:
    """One form of a page: where it goes and what it would send; buttons are chosen by name."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)


class Forms(HTMLParser):
    """Reads the forms of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.open: Form | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "form" and known.get("method", "").lower() == "post":
            self.open = Form(known.get("action", ""))
            self.found.append(self.open)
        name = known.get("name", "")
        if self.open is None or not name:
            return
        kind = known.get("type", "submit" if tag == "button" else "text")
        if kind in ("submit", "radio"):
            self.open.choices.setdefault(name, []).append(known.get("value", ""))
        elif tag in ("input", "textarea") and kind != "checkbox":
            self.open.fields[name] = known.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None


@dataclass
class Person:
    """An approver with a session of their own."""

    http: httpx.AsyncClient
    email: str
    password: str
    tenant: str
    tally: Tally
    rng: Random
    seen: set[str] = field(default_factory=set)

    async def log_in(self) -> None:
        """Log in through the login page. Raises RuntimeError when that did not work."""
        page = await self.http.get(LOGIN)
        form = next(each for each in Forms(page.text).found if "password" in each.fields)
        form.fields |= {"login": self.email, "password": self.password}
        answer = await self.post(page, form)
        if answer.status_code >= 400 or "sessionid" not in self.http.cookies:
            raise RuntimeError(f"{self.email} cannot log in ({answer.status_code})")

    async def post(self, page: httpx.Response, form: Form) -> httpx.Response:
        """Send a form as its page's origin would."""
        address = page.url.join(form.action) if form.action else page.url
        headers = {"Referer": str(page.url)}
        return await self.http.post(address, data=form.fields, headers=headers)

    async def work(self, until: float) -> None:
        """Look into the inbox and decide, until the time is over."""
        while time.monotonic() < until:
            try:
                if "sessionid" not in self.http.cookies:
                    await self.log_in()
                await self.look()
            except httpx.TransportError:
                self.tally.count("connection lost, page")
            await asyncio.sleep(self.rng.uniform(0.5, 1.5))

    async def look(self) -> None:
        """Decide everything in the inbox that was not decided before."""
        inbox = await self.page(f"/t/{self.tenant}/inbox/")
        pattern = rf"/t/{re.escape(self.tenant)}/requests/ar_[0-9a-z]{{26}}/"
        for path in sorted(set(re.findall(pattern, inbox.text)) - self.seen):
            await self.decide(path)
            self.seen.add(path)

    async def page(self, path: str) -> httpx.Response:
        """Read a page and count how long it took."""
        began = time.monotonic()
        answer = await self.http.get(path)
        self.tally.answered("page", answer.status_code, "page", time.monotonic() - began)
        return answer

    async def decide(self, path: str) -> None:
        """Open the request's page and vote with the form that it shows, if it shows one."""
        page = await self.page(path)
        form = next((each for each in Forms(page.text).found if offers_vote(each)), None)
        if form is None:
            return
        verdict = self.rng.choices(("approve", "deny"), (9, 1))[0]
        form.fields |= {"verdict": verdict, "reason": REASON}
        began = time.monotonic()
        answer = await self.post(page, form)
        self.tally.answered("vote", answer.status_code, "vote", time.monotonic() - began)
        if answer.status_code < 400:
            self.tally.count("voted")


def offers_vote(form: Form) -> bool:
    """Tell whether this is the form that decides."""
    return "seen" in form.fields and ("verdict" in form.choices or "verdict" in form.fields)
