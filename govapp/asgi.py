"""The one port: a small dispatcher in front of Django.

Who waits (long polls, event streams, the live inbox) is served in the event loop and holds neither
a thread nor a database connection. Everything else is Django's WSGI handler in a pool of threads,
because synchronous views under Django's own ASGI handler cost two to four times as much.
"""

import os
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

os.environ.setdefault(
    "DJANGO_SETTINGS_MODULE", f"govapp.settings.{os.environ.get('GOVAPP_ENV', 'dev')}"
)

from govapp.wsgi import application as wsgi_application  # isort: skip - sets Django up

from django.conf import settings
from django.db import connections
from django.urls import get_resolver

from approvals.api.gateway_calls import PATHS as GATEWAY
from approvals.api.gateway_calls import serve_call
from approvals.api.gateway_watch import Watch
from approvals.api.waiting import serve_wait, wanted_wait
from govapp.common.asgi.bridge import Bridge, Receive, Scope, Send
from govapp.common.asgi.hub import Hub
from govapp.common.asgi.streams import Stream
from govapp.common.queue import load_tasks

AGENT_STREAM: Final = "/api/v1/action-requests/events"
INBOX_STREAM: Final = re.compile(r"/t/[^/]+/live/")
THREADS: Final[int] = settings.WEB_THREADS


@dataclass
class Dispatcher:
    """The ASGI application: one hub and one bridge a process."""

    hub: Hub = field(default_factory=Hub)

    @cached_property
    def bridge(self) -> Bridge:
        return Bridge(wsgi_application, threads=THREADS)

    @cached_property
    def watch(self) -> Watch:
        return Watch(self.bridge)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http":
                await self._serve(scope, receive, send)
            case "lifespan":
                await self._live(receive, send)
            case "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1000})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if seconds := wanted_wait(scope):
            await serve_wait(
                scope, receive, send, bridge=self.bridge, hub=self.hub, seconds=seconds
            )
        elif scope["method"] == "POST" and path in GATEWAY:
            await serve_call(scope, receive, send, bridge=self.bridge, watch=self.watch)
        elif scope["method"] == "GET" and path == AGENT_STREAM:
            await self._stream(scope, receive, send, relays=False).serve()
        elif scope["method"] == "GET" and INBOX_STREAM.fullmatch(path):
            await self._stream(scope, receive, send, relays=True).serve()
        else:
            await self.bridge(scope, receive, send)

    def _stream(self, scope: Scope, receive: Receive, send: Send, *, relays: bool) -> Stream:
        return Stream(self.bridge, self.hub, scope, receive, send, relays)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        # The first request would otherwise wait a second for addresses and tasks to be read.
        get_resolver().url_patterns  # noqa: B018 - reading it is the point
        load_tasks()
        await self.hub.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.hub.stop()
        self.bridge.shut_down(connections.close_all)
        await send({"type": "lifespan.shutdown.complete"})


application = Dispatcher()
