"""`cycle`: an agent submits, a person votes, the agent's long poll returns; 8 and 32 at once.

Submitting and waiting go over HTTP; the vote is the service in a thread here, as the page calls
it. LangGraph and DBOS are not installed with Govapp; the figures of the design page stand for
another machine and are not mixed with these.
"""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from govapp.bench.company import PENDING, Company
from govapp.bench.figures import Figure, at_most, missing, note, percentile
from govapp.bench.ground import Ground
from govapp.bench.http import Client, get, submissions
from govapp.bench.web import serving

_ROUNDS = ((1, "p50 alone", 5, 50), (8, "", 0, 0), (32, "p99 at 32", 60, 99))


def run(ground: Ground) -> Iterator[Figure]:
    """Yield cycles a second, and from the vote's commit to the agent's answer."""
    ground.company  # noqa: B018 - made before the event loop runs
    with serving(ground) as web:
        for at_once, name, limit, percent in _ROUNDS:
            rate, latencies = asyncio.run(_cycles(ground, web.port, at_once))
            yield note(f"submit, vote, resumed: {at_once} at once", f"{rate:.1f} cycles/s")
            if limit:
                value = percentile(latencies, percent) * 1000
                yield at_most(f"decided -> resumed, {name}", value, unit="ms", target=limit)
    for system in ("LangGraph", "DBOS"):
        yield missing(f"the same by {system}", "not measured here")


async def _cycles(ground: Ground, port: int, at_once: int) -> tuple[float, list[float]]:
    company, latencies = ground.company, []
    loop = asyncio.get_running_loop()
    ends = time.perf_counter() + ground.seconds(5)
    done = 0
    with ThreadPoolExecutor(4) as voters:

        async def agent(number: int) -> None:
            nonlocal done
            key = company.keys[number]
            client, bodies = Client(port), submissions(key, PENDING)
            while time.perf_counter() < ends or not done:
                made = (await client.send(next(bodies))).json()
                path = f"/api/v1/action-requests/{made['id']}"
                wait = asyncio.create_task(client.send(get(path, key, Prefer="wait=30")))
                committed = await loop.run_in_executor(voters, vote, company, made)
                answer = (await wait).json()
                if answer["status"] != "approved":
                    raise RuntimeError(f"It ended as {answer['status']}.")
                latencies.append(max(0.0, time.perf_counter() - committed))
                done += 1
            client.close()

        began = time.perf_counter()
        await asyncio.gather(*(agent(number) for number in range(at_once)))
        took = time.perf_counter() - began
        await asyncio.gather(*(loop.run_in_executor(voters, _close) for _ in range(4)))
    return done / took, latencies


def vote(company: Company, made: dict[str, Any]) -> float:
    """Approve as a person who looked, and return when it was committed."""
    from django.db import transaction

    from approvals.enums import Verdict
    from approvals.services.votes import cast_vote
    from govapp.common.ids import parse_public_id
    from govapp.common.tenancy import tenant_transaction

    moments: list[float] = []
    with tenant_transaction(company.tenant_id):
        # The first thing after the commit, before the word is spread.
        transaction.on_commit(lambda: moments.append(time.perf_counter()))
        cast_vote(
            member=company.approvers[0],
            request_id=parse_public_id("ar", made["id"]),
            verdict=Verdict.APPROVE,
            payload_digest=made["payload_digest"],
            request_version=1,
        )
    return moments[0]


def _close() -> None:
    from django.db import connections

    connections.close_all()
    time.sleep(0.05)
