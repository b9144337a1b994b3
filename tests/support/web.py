"""The real ASGI application on a real port, in a thread of the test."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from govapp.asgi import Dispatcher
from govapp.common.live import valkey


@dataclass(frozen=True)
class Web:
    """A server that runs, and a look at who waits in it."""

    url: str
    dispatcher: Dispatcher

    @property
    def waiters(self) -> int:
        return self.dispatcher.hub.count

    @property
    def idle(self) -> bool:
        """Whether everybody who waits has read the state and waits for a message."""
        hub = self.dispatcher.hub
        return all(waiter.is_listening for each in hub.waiters.values() for waiter in each)

    @contextmanager
    def deaf(self) -> Iterator[None]:
        """Lose every message while the block runs."""
        hub = self.dispatcher.hub
        kept = hub.hear
        setattr(hub, "hear", lambda message: None)  # noqa: B010 - a method, for a moment
        try:
            yield
            time.sleep(0.2)  # what was published meanwhile arrives and is lost
        finally:
            setattr(hub, "hear", kept)  # noqa: B010

    def cut_subscription(self) -> None:
        """End the hub's connection, as a restart of Valkey would."""
        valkey().execute_command("CLIENT", "KILL", "TYPE", "pubsub")  # type: ignore[no-untyped-call]


@contextmanager
def running_web() -> Iterator[Web]:
    """Serve Govapp on a free loopback port, on the test's database."""
    dispatcher = Dispatcher()
    config = uvicorn.Config(
        dispatcher, host="127.0.0.1", port=0, log_level="warning", ws="none", loop="asyncio",
        timeout_graceful_shutdown=2,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), name="web")
    thread.start()
    try:
        limit = time.monotonic() + 120
        while not server.started and thread.is_alive() and time.monotonic() < limit:
            time.sleep(0.01)
        assert server.started, "the web server did not start"
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Web(f"http://127.0.0.1:{port}", dispatcher)
    finally:
        server.should_exit = True
        thread.join(120)
        assert not thread.is_alive(), "the web server did not stop"
