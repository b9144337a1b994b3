"""Who looks after calls of models that are being answered: a switch ends them within a second.

One task a process looks, twice a second while any call runs, at what the database says of them
all: one transaction a tenant, whatever the number of its calls. Nothing depends on a message that
could be lost.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from uuid import UUID

import structlog

from approvals.gateway.faults import Fault
from approvals.selectors.model_calls import Running, ended_calls
from govapp.common.asgi.bridge import Bridge

log = structlog.get_logger(__name__)

MOST_AT_ONCE: Final = 500  # calls that one process carries out
_PAUSE: Final = 0.4  # seconds


@dataclass
class Watch:
    """The calls that run in this process, each with a future that says why it has to end."""

    bridge: Bridge
    running: dict[UUID, tuple[Running, asyncio.Future[Fault]]] = field(default_factory=dict)
    _task: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        return len(self.running) >= MOST_AT_ONCE

    @contextlib.contextmanager
    def over(self, call: Running) -> Iterator[asyncio.Future[Fault]]:
        """Look after a call inside; yields the future that is set when it has to end."""
        ended: asyncio.Future[Fault] = asyncio.get_running_loop().create_future()
        self.running[call.call_id] = (call, ended)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())
        try:
            yield ended
        finally:
            del self.running[call.call_id]

    async def _look(self) -> None:
        while self.running:
            await asyncio.sleep(_PAUSE)
            by_tenant: dict[UUID, list[Running]] = {}
            for call, _ in self.running.values():
                by_tenant.setdefault(call.tenant_id, []).append(call)
            for tenant_id, calls in by_tenant.items():
                await self._look_at(tenant_id, calls)

    async def _look_at(self, tenant_id: UUID, calls: list[Running]) -> None:
        try:
            ended = await self.bridge.look(partial(ended_calls, tenant_id, calls))
        except Exception as error:
            # Whoever cannot be looked up goes on until the next look: opening is closed meanwhile.
            log.warning("model_call.not_looked_at", error=type(error).__name__)
            return
        for call_id, fault in ended.items():
            found = self.running.get(call_id)
            if found is not None and not found[1].done():
                found[1].set_result(fault)
