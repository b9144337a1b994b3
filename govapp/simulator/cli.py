"""``./run simulate``: who takes part, for how long, and the figures at the end."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx

from govapp.simulator.client import AgentClient, Keys
from govapp.simulator.manners import MANNERS
from govapp.simulator.people import Person
from govapp.simulator.tally import Tally, open_journal

AT_ONCE: Final = 300  # actions that wait for people at the same time
LAST_SECONDS: Final = 3.0
EVERY: Final = 5.0


@dataclass(frozen=True)
class Plan:
    """What was asked for."""

    base_url: str
    note: dict[str, Any]
    seconds: float
    rate: float
    seed: int
    approvers: bool


def main(arguments: Sequence[str]) -> int:
    """Run the simulation; 1 when the server failed or broke a promise."""
    options = parser().parse_args(arguments)
    try:
        note = json.loads(options.keys.read_text())
    except (OSError, json.JSONDecodeError) as error:
        sys.stderr.write(f"{options.keys} holds no agents' keys ({error}). ./run demo makes it.\n")
        return 2
    if not note.get("keys"):
        sys.stderr.write(f'{options.keys} names no agent under "keys".\n')
        return 2
    plan = Plan(
        options.base_url, note, options.seconds, options.rate, options.seed, options.approvers
    )
    tally = Tally(journal=open_journal(options.journal))
    try:
        asyncio.run(simulate(plan, tally))
    except KeyboardInterrupt:
        say("Interrupted.")
    say(tally.table())
    if options.json:
        options.json.write_text(json.dumps(tally.to_dict(), indent=2) + "\n")
    return 0 if tally.is_clean else 1


def parser() -> argparse.ArgumentParser:
    """Return the arguments."""
    made = argparse.ArgumentParser(prog="./run simulate", description=__doc__)
    made.add_argument("--base-url", default="http://127.0.0.1:8000", help="where Govapp runs")
    made.add_argument(
        "--keys", type=Path, default=Path(".state/demo.json"), metavar="FILE",
        help="the note of the demonstration: agents' keys, and logins for --approvers",
    )  # fmt: skip
    made.add_argument("--seconds", type=float, default=60.0, help="how long agents submit")
    made.add_argument("--rate", type=float, default=8.0, help="actions a second, all together")
    made.add_argument("--seed", type=int, default=1, help="the same seed, the same actions")
    made.add_argument("--approvers", action="store_true", help="people vote, through the pages")
    made.add_argument("--journal", type=Path, metavar="FILE", help="keep what was acknowledged")
    made.add_argument("--json", type=Path, metavar="FILE", help="the figures for a program")
    return made


async def simulate(plan: Plan, tally: Tally) -> None:
    """Let agents and people do their part at the same time, then wait for a last moment."""
    until = time.monotonic() + plan.seconds
    limits = httpx.Limits(max_connections=AT_ONCE + 50, max_keepalive_connections=100)
    async with httpx.AsyncClient(base_url=plan.base_url, timeout=40, limits=limits) as http:
        clients = agents(plan, http, tally, until + LAST_SECONDS)
        rate = plan.rate / len(clients)
        parts = [
            asyncio.create_task(behave(number, client, rate, plan, until))
            for number, client in enumerate(clients)
        ]
        parts += [asyncio.create_task(attend(person, until)) for person in people(plan, tally)]
        parts.append(asyncio.create_task(tell(tally, until)))
        done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_EXCEPTION)
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
        for part in done:
            if not part.cancelled() and (error := part.exception()):
                raise error


def agents(plan: Plan, http: httpx.AsyncClient, tally: Tally, until: float) -> list[AgentClient]:
    """Return one client for each manner at least; further keys repeat the manners."""
    found, keys = list(plan.note["keys"].values()), Keys(http)
    number = max(len(found), len(MANNERS))
    return [AgentClient(http, found[at % len(found)], tally, keys, until) for at in range(number)]


async def behave(number: int, client: AgentClient, rate: float, plan: Plan, until: float) -> None:
    """Let one agent act in its manner until the time is over; then wait for what still runs."""
    rng = Random(plan.seed * 1_000 + number)  # noqa: S311 - a game of dice, not a secret
    running: set[asyncio.Task[object]] = set()
    turns = MANNERS[number % len(MANNERS)](client, rng, rate)
    while (left := until - time.monotonic()) > 0:
        try:
            turn = await asyncio.wait_for(anext(turns), left)
        except TimeoutError:
            break
        while len(running) >= AT_ONCE // len(MANNERS) and time.monotonic() < until:
            await asyncio.wait(running, timeout=1, return_when=asyncio.FIRST_COMPLETED)
            running = {task for task in running if not finished(task)}
        running.add(asyncio.ensure_future(turn()))
        running = {task for task in running if not finished(task)}
    if running:
        done, rest = await asyncio.wait(running, timeout=LAST_SECONDS)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        for task in done:
            finished(task)


def finished(task: "asyncio.Task[object]") -> bool:
    """Tell whether it is over; a lost connection at the very end is none of our errors."""
    if not task.done():
        return False
    error = task.exception()
    if error and not isinstance(error, httpx.TransportError):
        raise error
    return True


def people(plan: Plan, tally: Tally) -> list[Person]:
    """Return everybody of the note who may approve, each with cookies of their own."""
    if not plan.approvers:
        return []
    return [
        Person(
            http=httpx.AsyncClient(base_url=plan.base_url, timeout=20, follow_redirects=True),
            email=login["email"],
            password=login["password"],
            tenant=plan.note["tenant"],
            tally=tally,
            rng=Random(plan.seed + number),  # noqa: S311 - a game of dice, not a secret
        )
        for number, login in enumerate(plan.note.get("logins", []))
        if "approver" in login["roles"]
    ]


async def attend(person: Person, until: float) -> None:
    """Let one person work, and close their browser."""
    async with person.http:
        await person.work(until)


async def tell(tally: Tally, until: float) -> None:
    """Say how it stands: in place on a terminal, a line now and then elsewhere."""
    live = sys.stdout.isatty()
    while (left := until - time.monotonic()) > 0:
        await asyncio.sleep(min(left, 0.5 if live else EVERY))
        if live:
            sys.stdout.write(f"\r\033[K{max(0, left):5.0f} s left: {tally.line()}")
            sys.stdout.flush()
        else:
            say(tally.line())


def say(text: str) -> None:
    """Write at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
