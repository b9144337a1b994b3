"""`kill`: agents submit and use permissions as fast as they can; somebody throws the kill switch.

Everything but the press goes over HTTP. The press is the service in a thread here, as the page
calls it, and it ends with its commit. Each round has a switch of its own, which is resumed.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from govapp.bench.company import ALLOWED, Company, make_company
from govapp.bench.figures import Figure, at_most, median, note, percentile
from govapp.bench.ground import Ground
from govapp.bench.http import Client, Reply, post, submissions
from govapp.bench.web import serving

_SUBMITTERS: Final = 12
_REDEEMERS: Final = 4
_ROUNDS: Final = 40
_TOKENS: Final = 100  # a round: more than are used before the press
_BEFORE: Final = 0.6  # seconds of load before the press
_AFTER: Final = 0.3  # and after it, at least
_REDEEM: Final = "/api/v1/grants/redeem"


@dataclass
class Seen:
    """What the clients of one kind saw in one round, by the clock of this process, in seconds."""

    accepted: list[tuple[float, float]] = field(default_factory=list)  # sent, answered
    refused: list[tuple[float, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Round:
    """One press: when it began and had returned, and what was seen."""

    pressed: float
    returned: float
    submitted: Seen
    redeemed: Seen


def run(ground: Ground) -> Iterator[Figure]:
    """Yield how long the press takes, and how long after it anything is accepted."""
    company = make_company(slug="killed", agents=_SUBMITTERS, lifetime=timedelta(days=1))
    _let_try_again(company)
    rounds = ground.size(_ROUNDS, 2)
    with serving(ground) as web:
        plain = asyncio.run(_plain(web.port, company, ground.size(200, 5)))
        done = [_round(web.port, company) for _ in range(rounds)]
    yield note("one plain submit beside nothing, p50", f"{plain * 1000:.1f} ms")
    took = [(each.returned - each.pressed) * 1000 for each in done]
    load = f"{_SUBMITTERS} submit, {_REDEEMERS} redeem, {rounds} rounds"
    yield note(f"press until it has returned, p50 ({load})", f"{median(took):.1f} ms")
    yield Figure(
        "press until it has returned, p99",
        f"{percentile(took, 99):.1f} ms",
        f"{plain * 1000:.1f} ms (plain submit)",
        percentile(took, 99) / (plain * 1000),
    )
    for name, seen in (
        ("submission", [each.submitted for each in done]),
        ("redemption", [each.redeemed for each in done]),
    ):
        yield from _figures(name, done, seen, plain)


def _let_try_again(company: Company) -> None:
    """Let the same be asked for however often it was refused: each round asks for it."""
    from govapp.common.tenancy import tenant_transaction
    from tenants.models import Tenant

    with tenant_transaction(company.tenant_id):
        Tenant.objects.update(retry_limit=None)


def _figures(name: str, done: list[Round], seen: list[Seen], plain: float) -> Iterator[Figure]:
    """Times count from the press; what is negative was before it."""
    pairs = list(zip(done, seen, strict=True))
    first = [
        (min(answered for _, answered in each.refused) - one.pressed) * 1000
        for one, each in pairs
        if each.refused
    ]
    last = [
        (max(answered for _, answered in each.accepted) - one.pressed) * 1000
        for one, each in pairs
        if each.accepted
    ]
    late = sum(sent > one.returned for one, each in pairs for sent, _ in each.accepted)
    for what, values in (("first refused", first), ("last accepted", last)):
        yield Figure(
            f"press -> {what} {name} answered, p99",
            f"{percentile(values, 99):.1f} ms",
            f"p50 {median(values):.1f} ms",
            percentile(values, 99) / (plain * 1000),
        )
    yield at_most(f"{name}s sent after it returned, accepted", late, unit="", target=0)


async def _plain(port: int, company: Company, times: int) -> float:
    client, bodies, took = Client(port), submissions(company.keys[0], ALLOWED), []
    for _ in range(times):
        began = time.perf_counter()
        await client.send(next(bodies))
        took.append(time.perf_counter() - began)
    client.close()
    return median(took)


def _round(port: int, company: Company) -> Round:
    with ThreadPoolExecutor(1) as aside:
        tokens = aside.submit(_grants, company).result()
        done = asyncio.run(_load(port, company, tokens, aside))
        aside.submit(_resume, company).result()
        aside.submit(_close).result()
    return done


async def _load(port: int, company: Company, tokens: list[str], aside: ThreadPoolExecutor) -> Round:
    submitted, redeemed = Seen(), Seen()
    ended = asyncio.Event()

    def redemptions() -> Iterator[bytes]:
        while tokens:
            content = json.dumps({"token": tokens.pop(), "redeemed_by": "bench"}).encode()
            yield post(_REDEEM, company.keys[0], content)

    shared = redemptions()
    clients = [
        _client(port, submissions(key, ALLOWED), submitted, _is_allowed, ended)
        for key in company.keys[:_SUBMITTERS]
    ]
    clients += [_client(port, shared, redeemed, _is_used, ended) for _ in range(_REDEEMERS)]
    working = asyncio.gather(*clients)
    await asyncio.sleep(_BEFORE)
    while tokens and not (submitted.accepted and redeemed.accepted):  # on a slow machine
        await asyncio.sleep(0.01)
    pressed, returned = await asyncio.get_running_loop().run_in_executor(aside, _press, company)
    await asyncio.sleep(_AFTER)
    ended.set()
    await working
    return Round(pressed, returned, submitted, redeemed)


async def _client(
    port: int,
    source: Iterator[bytes],
    seen: Seen,
    is_accepted: Callable[[Reply], bool],
    ended: asyncio.Event,
) -> None:
    client = Client(port)
    while not ended.is_set() and (content := next(source, None)) is not None:
        sent = time.perf_counter()
        reply = await client.send(content)
        kept = seen.accepted if is_accepted(reply) else seen.refused
        kept.append((sent, time.perf_counter()))
    client.close()


def _is_allowed(reply: Reply) -> bool:
    if reply.status != 201:
        raise RuntimeError(f"A submission was answered with {reply.status}.")
    return bool(reply.json()["status"] == "allowed")


def _is_used(reply: Reply) -> bool:
    if reply.status not in (200, 409):
        raise RuntimeError(f"A permission was answered with {reply.status}.")
    return reply.status == 200


def _press(company: Company) -> tuple[float, float]:
    from govapp.common.tenancy import tenant_transaction
    from tenants.services.kill import throw

    pressed = time.perf_counter()
    with tenant_transaction(company.tenant_id):
        throw(actor=company.owner, scope="tenant", reason="for the benchmark")
    return pressed, time.perf_counter()


def _resume(company: Company) -> None:
    from govapp.common.tenancy import tenant_transaction
    from tenants.selectors.kill import possible_resumers, thrown_switches
    from tenants.services.kill import resume

    with tenant_transaction(company.tenant_id):
        switch = thrown_switches().get()
        resume(actor=possible_resumers(switch)[0], switch=switch, reason="for the benchmark")


def _grants(company: Company) -> list[str]:
    from approvals.services.execution import issue_grant
    from govapp.common.tenancy import tenant_transaction

    tokens = []
    for _ in range(_TOKENS):
        request = company.submit(ALLOWED)
        with tenant_transaction(company.tenant_id):
            issued = issue_grant(agent=company.agents[0], request_id=request.pk)
        tokens.append(issued.token)
    return tokens


def _close() -> None:
    from django.db import connections

    connections.close_all()
