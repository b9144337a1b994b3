"""`gateway`: what the gateway adds to a streamed completion, beside calling the model directly.

The model is a local server that streams at a pace which the request names: at once, which shows
what the gateway itself costs, and as fast as models usually answer. With rules that may stop or
mask, a window of the answer is held back; with rules that only warn nothing is.
"""

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from signal import SIGTERM
from typing import Any, Final

from govapp.bench.figures import Figure, at_most, median, note
from govapp.bench.ground import Ground
from govapp.bench.http import post
from govapp.bench.web import serving
from govapp.runtime.processes import spawn, stop_child
from govapp.runtime.state import ROOT
from govapp.runtime.valkey import free_port

_PATH: Final = "/gateway/v1/chat/completions"
_WORDS: Final = 200
_PACES: Final = {"at once": (0, 0), "at 200 + 10 ms": (200, 10)}
_WARNING: Final = {"rules": [{"id": "watch", "kind": "pii", "action": "warn"}]}


@dataclass(frozen=True)
class Took:
    """Seconds until the first word and until the end, as medians."""

    first: float
    total: float


def run(ground: Ground) -> Iterator[Figure]:
    """Yield first word and total as ratios to calling the local server directly."""
    with _local_model(ground) as port:
        key = _connect(ground, port)
        direct = {name: _measure(ground, port, "", "/v1/chat/completions", pace)
                  for name, pace in _PACES.items()}  # fmt: skip
        with serving(ground) as web:
            for words in ("stopping rules", "warning rules"):
                if words == "warning rules":
                    _only_warn(ground)
                for name, pace in _PACES.items():
                    found = _measure(ground, web.port, key, _PATH, pace)
                    yield from _figures(f"{words}, {name}", found, direct[name])
            ended = [_stopped(ground, web.port, key) for _ in range(ground.size(10, 2))]
            yield at_most(
                "from a kill switch to the end of a running stream: longest",
                max(ended) * 1000,
                unit="ms",
                target=1_000,
                note=f"median {median(ended) * 1000:,.0f} ms",
            )


def _figures(what: str, found: Took, direct: Took) -> Iterator[Figure]:
    for name, here, there in (
        ("first word", found.first, direct.first), ("total", found.total, direct.total),
    ):  # fmt: skip
        yield Figure(
            f"{what}: {name}",
            f"{here * 1000:,.0f} ms",
            f"{there * 1000:,.1f} ms (directly)",
            here / there if there else None,
        )
    added = (found.total - direct.total) * 1000
    yield note(f"{what}: added to the total", f"{added:,.0f} ms")


def _measure(ground: Ground, port: int, key: str, path: str, pace: tuple[int, int]) -> Took:
    rounds = ground.size(20, 2)
    words = ground.size(_WORDS, 100)
    body = json.dumps(_body(pace, words)).encode()
    request = post(path, key, body, Connection="close")

    async def every() -> list[Took]:
        await _one(port, request)  # warm
        return [await _one(port, request) for _ in range(rounds)]

    took = asyncio.run(every())
    return Took(median([each.first for each in took]), median([each.total for each in took]))


def _body(pace: tuple[int, int], words: int) -> dict[str, Any]:
    first, pause = pace
    return {
        "model": "m", "stream": True, "messages": [{"role": "user", "content": "Tell me."}],
        "metadata": {"first": str(first), "pause": str(pause), "words": str(words)},
    }  # fmt: skip


async def _one(port: int, request: bytes) -> Took:
    """Return how long one stream took. Raises when it was no stream that ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began, first, seen = time.perf_counter(), 0.0, b""
    writer.write(request)
    while piece := await reader.read(65_536):
        seen += piece
        if not first and b'"content":"word' in seen.replace(b": ", b":"):
            first = time.perf_counter() - began
        if b"data: [DONE]" in seen:
            break
    total = time.perf_counter() - began
    writer.close()
    if not first or b"data: [DONE]" not in seen:
        raise RuntimeError(f"No stream: {seen[:200]!r}")
    return Took(first, total)


def _stopped(ground: Ground, port: int, key: str) -> float:
    """Return how long a stream went on after a switch was thrown; the switch is let go again."""
    request = post(key=key, path=_PATH, content=json.dumps(_body((0, 50), 400)).encode())

    async def stopped() -> float:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        await reader.readuntil(b'"delta"')
        resume = await asyncio.to_thread(_throw, ground)
        thrown = time.perf_counter()
        seen = b""
        while b'"killed"' not in seen and (piece := await reader.read(65_536)):
            seen += piece
        took = time.perf_counter() - thrown
        writer.close()
        await asyncio.to_thread(resume)
        if b'"killed"' not in seen:
            raise RuntimeError("The stream was not ended by the switch.")
        return took

    return asyncio.run(stopped())


def _throw(ground: Ground) -> Callable[[], object]:
    """Throw the integration's switch; return what lets it go, past the second person."""
    from govapp.common import clock
    from govapp.common.tenancy import tenant_transaction
    from tenants.models import KillSwitch
    from tenants.services.kill import throw

    company = ground.company

    def resume() -> None:
        with tenant_transaction(company.tenant_id):
            rows = KillSwitch.objects.filter(resumed_at=None)
            rows.update(resumed_at=clock.now(), resumed_by=company.approvers[0])

    with tenant_transaction(company.tenant_id):
        throw(
            actor=company.owner, scope="integration", ref="local-model", reason="A benchmark.",
            pending="hold",
        )  # fmt: skip
    return resume


@contextmanager
def _local_model(ground: Ground) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "govapp.bench.local_model", str(port)]
    with (ground.services.directory / "logs" / "model.log").open("ab") as log:
        process = spawn(command, env=ground.environment, cwd=ROOT, output=log)
    try:
        _await(process, port)
        yield port
    finally:
        stop_child(process, (SIGTERM, 5.0))


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    limit = time.monotonic() + 30
    while time.monotonic() < limit and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("The local model did not start; see logs/model.log of this run.")


def _connect(ground: Ground, port: int) -> str:
    """Register the local server as the tenant's model provider; return a key of an agent."""
    from approvals.services.model_prices import set_price
    from govapp.common import clock
    from govapp.common.tenancy import tenant_transaction
    from tenants.enums import Role
    from tenants.models import Integration, Membership
    from tenants.services.integration_secrets import set_secret
    from tenants.services.integrations import activate_integration, register_integration
    from tenants.services.reach_grants import grant_integration

    company = ground.company
    with tenant_transaction(company.tenant_id):
        made = register_integration(
            actor=company.owner, slug="local-model", name="Local model", kind="model",
            address=f"http://127.0.0.1:{port}/v1", owner=company.owner, scopes=["chat"],
        )  # fmt: skip
        # As a check that it passed leaves it: a worker would make the call.
        Integration.objects.filter(pk=made.pk).update(
            check_passed=True, checked_at=clock.now(), check_result="It answered 200."
        )
        made = activate_integration(actor=company.owner, integration=made)
        set_secret(actor=company.owner, integration=made, secret="a-key-of-the-benchmark")  # noqa: S106
        grant_integration(
            actor=company.owner, integration=made, agent=company.agents[0], categories=["model.*"]
        )
        carl = Membership.objects.filter(roles__contains=[Role.COMPLIANCE]).earliest("id")
        set_price(
            actor=carl, pattern="m", currency="EUR", asked=Decimal(1), answered=Decimal(1)
        )  # fmt: skip
    return company.keys[0]


def _only_warn(ground: Ground) -> None:
    """Put guardrails in force that hold nothing back, past the second person."""
    from approvals.enums import GuardrailStatus
    from approvals.models import GuardrailVersion
    from govapp.common.tenancy import tenant_transaction

    with tenant_transaction(ground.company.tenant_id):
        GuardrailVersion.objects.create(
            number=1, status=GuardrailStatus.LIVE, document=_WARNING,
            written_by=ground.company.owner,
        )  # fmt: skip
