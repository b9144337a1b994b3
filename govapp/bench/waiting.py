"""`wait`: thousands of agents wait on one web process; sixty decisions a second, then a thousand.

The steady decisions are denials by the service. The thousand at once are rows changed by one
statement and their words published together: no machine of two cores decides a thousand requests
in the same millisecond, and what is measured is how the waiters hear of it.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

import psutil

from govapp.bench.copies import copy_pending
from govapp.bench.figures import Figure, at_most, note, percentile
from govapp.bench.ground import Ground
from govapp.bench.http import Client, get
from govapp.bench.web import Web, serving

_STEADY, _PACE = 6.0, 60


@dataclass
class Waiters:
    """Everybody who waits: which request, since when it is decided, when its agent heard."""

    port: int
    answered: dict[UUID, float] = field(default_factory=dict)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    opened: int = 0

    async def wait(self, request: UUID, key: str) -> None:
        """Long poll until it is no longer pending, again and again."""
        from govapp.common.ids import public_id

        client = Client(self.port)
        path = f"/api/v1/action-requests/{public_id('ar', request)}"
        self.opened += 1
        while True:
            reply = await client.send(get(path, key, Prefer="wait=30"))
            if reply.status != 200:
                raise RuntimeError(f"A wait was answered {reply.status}.")
            if b'"status":"pending"' not in reply.body:
                self.answered[request] = time.perf_counter()
                client.close()
                return


def run(ground: Ground) -> Iterator[Figure]:
    """Yield latencies, memory and losses."""
    count = ground.size(2_000, 20)
    burst = ground.size(1_000, 5)
    made = copy_pending(ground, count)
    keys = dict(zip((a.pk for a in ground.company.agents), ground.company.keys, strict=True))
    with serving(ground) as web:
        yield from asyncio.run(_measure(ground, web, made, keys, burst))


async def _measure(
    ground: Ground,
    web: Web,
    made: list[tuple[UUID, UUID]],
    keys: dict[UUID, str],
    burst: int,
) -> list[Figure]:
    before, began = _memory(web), time.perf_counter()
    waiters = Waiters(web.port)
    for number, (request, agent) in enumerate(made):
        waiters.tasks.append(asyncio.create_task(waiters.wait(request, keys[agent])))
        if number % 16 == 15:
            await asyncio.sleep(0.05)  # as many as the server takes in, not a storm
    await _quiet(web)
    opened, kib = time.perf_counter() - began, (_memory(web) - before) / len(made)
    requests = [request for request, _ in made]
    steady_count = min(int(ground.seconds(_STEADY) * _PACE), len(made) - burst)
    steady = await _steady(ground, waiters, requests[:steady_count])
    at_once = await _at_once(ground, waiters, requests[steady_count : steady_count + burst])
    lost = sum(latency is None for latency in (*steady, *at_once))
    for task in waiters.tasks:
        task.cancel()
    failed = await asyncio.gather(*waiters.tasks, return_exceptions=True)
    faults = [fault for fault in failed if isinstance(fault, RuntimeError)]
    if faults:
        raise faults[0]
    heard = [latency * 1000 for latency in steady if latency is not None]
    together = [latency * 1000 for latency in at_once if latency is not None]
    who = f"{len(made):,} waiting"
    return [
        note(f"{who}: taken in within", f"{opened:.0f} s"),
        at_most(f"{who}, {_PACE}/s decided: p99", percentile(heard, 99), unit="ms", target=10,
                note=f"p50 {percentile(heard, 50):.0f} ms"),
        at_most(f"{len(together):,} decided at once: p99", percentile(together, 99), unit="ms",
                target=100, note=f"p50 {percentile(together, 50):.0f} ms"),
        at_most("memory of a waiter", kib, unit="KiB", target=12),
        at_most("decisions that were not heard of", lost, unit="lost", target=0),
    ]  # fmt: skip


async def _steady(ground: Ground, waiters: Waiters, requests: list[UUID]) -> list[float | None]:
    decided: dict[UUID, float] = {}
    loop, began = asyncio.get_running_loop(), time.perf_counter()
    for number, request in enumerate(requests):
        await asyncio.sleep(max(0.0, began + number / _PACE - time.perf_counter()))
        decided[request] = await loop.run_in_executor(None, _deny, ground, request)
    return await _heard(waiters, decided)


async def _at_once(ground: Ground, waiters: Waiters, requests: list[UUID]) -> list[float | None]:
    loop = asyncio.get_running_loop()
    moment = await loop.run_in_executor(None, _decide_together, ground, requests)
    return await _heard(waiters, dict.fromkeys(requests, moment))


async def _heard(waiters: Waiters, decided: dict[UUID, float]) -> list[float | None]:
    """Return how long each took to hear, None for those who did not within ten seconds."""
    limit = time.perf_counter() + 10
    while time.perf_counter() < limit and not decided.keys() <= waiters.answered.keys():
        await asyncio.sleep(0.05)
    return [
        max(0.0, waiters.answered[request] - moment) if request in waiters.answered else None
        for request, moment in decided.items()
    ]


def _deny(ground: Ground, request_id: UUID) -> float:
    from django.db import transaction

    from approvals.enums import Verdict
    from approvals.models import ActionRequest
    from approvals.services.votes import cast_vote
    from govapp.common.tenancy import tenant_transaction

    moments: list[float] = []
    with tenant_transaction(ground.company.tenant_id):
        transaction.on_commit(lambda: moments.append(time.perf_counter()))
        request = ActionRequest.objects.only("payload_digest", "version").get(pk=request_id)
        cast_vote(
            member=ground.company.approvers[0],
            request_id=request_id,
            verdict=Verdict.DENY,
            payload_digest=request.payload_digest,
            request_version=request.version,
            reason="not this one",
        )
    return moments[0]


def _decide_together(ground: Ground, requests: list[UUID]) -> float:
    from django.db import connection

    from govapp.common.ids import public_id
    from govapp.common.live import REQUEST_CHANNEL, valkey
    from govapp.common.tenancy import tenant_transaction

    with tenant_transaction(ground.company.tenant_id), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE approvals_actionrequest SET status = 'denied', decided_at = govapp_now(),"
            " decision_reason = 'all of them', version = version + 1 WHERE id = ANY(%s)",
            [requests],
        )
    moment = time.perf_counter()
    pipe = valkey().pipeline(transaction=False)
    for request in requests:
        word = {"request": public_id("ar", request), "status": "denied"}
        pipe.publish(f"{REQUEST_CHANNEL}{request}", json.dumps(word))
    pipe.execute()
    return moment


async def _quiet(web: Web) -> None:
    """Wait until the server has nothing more to do: everybody is let in."""
    limit, server = time.perf_counter() + 60, _server(web)
    while time.perf_counter() < limit:
        used = sum(server.cpu_times()[:2])
        await asyncio.sleep(0.5)
        if sum(server.cpu_times()[:2]) - used < 0.05:
            return


def _memory(web: Web) -> float:
    """Return the resident memory of the web process in KiB."""
    return _server(web).memory_info().rss / 1024


def _server(web: Web) -> psutil.Process:
    """Return the server itself: what was started may be its leash."""
    found = psutil.Process(web.process.pid)
    children = found.children(recursive=True)
    return max([found, *children], key=lambda process: process.memory_info().rss)
