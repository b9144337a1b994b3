"""The real ASGI application on a real port, in a thread of the test."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from govapp.asgi import Dispatcher


@contextmanager
def running_web() -> Iterator[str]:
    """Serve Govapp on a free loopback port, on the test's database; yield its address."""
    config = uvicorn.Config(
        Dispatcher(), host="127.0.0.1", port=0, log_level="warning", ws="none", loop="asyncio"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="web")
    thread.start()
    try:
        limit = time.monotonic() + 30
        while not server.started and thread.is_alive() and time.monotonic() < limit:
            time.sleep(0.01)
        assert server.started, "the web server did not start"
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive(), "the web server did not stop"
