"""One Valkey subscription a process, fanned out to everybody in it who waits.

The channels of `govapp.common.live` are used directly rather than Channels' groups: a pattern
subscription is made once and needs no round trip for each waiter, so nobody can miss what is said
between asking and listening, and a waiter costs a set entry and a future.

Pub/sub loses messages. Whoever waits therefore reads the state after registering, is told to read
again when the subscription had to be renewed, and reads again from time to time anyway.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator
from typing import Final, Self

import redis.asyncio
import structlog
from django.conf import settings
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from govapp.common.live import AGENT_CHANNEL, REQUEST_CHANNEL, TENANT_CHANNEL

log = structlog.get_logger(__name__)

# Said to everybody after a gap: something may have been missed.
READ_AGAIN: Final = b""
MAX_WAITERS: Final = 20_000
_PATTERNS: Final = tuple(f"{name}*" for name in (AGENT_CHANNEL, REQUEST_CHANNEL, TENANT_CHANNEL))
_SILENCE: Final = 15.0  # seconds after which the connection has to prove that it lives
_KEPT: Final = 200  # messages that a slow listener may be behind; older ones mean a gap


class Waiter:
    """Somebody's place in the hub. Use it from the event loop only."""

    __slots__ = ("_messages", "_woken")

    def __init__(self) -> None:
        self._messages: deque[bytes] = deque(maxlen=_KEPT)
        self._woken: asyncio.Future[None] | None = None

    @property
    def is_listening(self) -> bool:
        """Whether it waits at this moment, with nothing left to hear."""
        return self._woken is not None and not self._woken.done()

    def tell(self, message: bytes) -> None:
        """Leave a message and wake whoever waits for it."""
        if len(self._messages) == _KEPT:
            self._messages.clear()
            message = READ_AGAIN
        self._messages.append(message)
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    async def listen(self, seconds: float, gone: asyncio.Future[None]) -> list[bytes]:
        """Return the messages there are, waiting for the first at most `seconds`.

        Returns an empty list when nothing was said, or when `gone` is done first.
        """
        if not self._messages and not gone.done():
            self._woken = asyncio.get_running_loop().create_future()
            await asyncio.wait(
                (self._woken, gone), timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            self._woken = None
        heard = list(self._messages)
        self._messages.clear()
        return heard


class Hub:
    """Fans the messages of one subscription out to the waiters of each channel."""

    def __init__(self) -> None:
        self.waiters: dict[str, set[Waiter]] = {}
        self.count = 0
        self._task: asyncio.Task[None] | None = None
        self._subscribed = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Whether nobody else should be let in to wait."""
        return self.count >= MAX_WAITERS

    @contextlib.contextmanager
    def watch(self, channel: str) -> Iterator[Waiter]:
        """Register a waiter for one channel while the block runs."""
        waiter = Waiter()
        self.waiters.setdefault(channel, set()).add(waiter)
        self.count += 1
        try:
            yield waiter
        finally:
            self.count -= 1
            self.waiters[channel].discard(waiter)
            if not self.waiters[channel]:
                del self.waiters[channel]

    async def start(self) -> Self:
        """Begin to listen, if nobody has; wait a moment for the subscription to stand."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="hub")
        if not self._subscribed.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._subscribed.wait(), timeout=2)
        return self

    async def stop(self) -> None:
        """End the subscription."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def wake_all(self) -> None:
        """Tell everybody to read again."""
        for waiters in self.waiters.values():
            for waiter in waiters:
                waiter.tell(READ_AGAIN)

    async def _run(self) -> None:
        delay = 0.1
        while True:
            try:
                await self._subscribe()
            except (RedisError, OSError) as error:
                log.warning("hub.subscription_lost", error=type(error).__name__)
            delay = 0.1 if self._subscribed.is_set() else min(delay * 2, 5.0)
            self._subscribed.clear()
            await asyncio.sleep(delay)

    async def _subscribe(self) -> None:
        client = redis.asyncio.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=5, retry=Retry(NoBackoff(), 0)
        )
        async with client, client.pubsub() as subscription:
            await subscription.psubscribe(*_PATTERNS)
            asked = False
            while True:
                message = await subscription.get_message(timeout=_SILENCE)
                if message is not None:
                    asked = False
                    self.hear(message)
                elif asked:
                    raise redis.exceptions.TimeoutError("No answer to a ping.")
                else:
                    await subscription.ping()
                    asked = True

    def hear(self, message: dict[str, object]) -> None:
        """Hand one message of the subscription to whoever waits for its channel."""
        if message["type"] == "pmessage":
            channel, data = message["channel"], message["data"]
            if isinstance(channel, bytes) and isinstance(data, bytes):
                for waiter in self.waiters.get(channel.decode(), ()):
                    waiter.tell(data)
        elif message["type"] == "psubscribe" and message["data"] == len(_PATTERNS):
            self._subscribed.set()
            self.wake_all()
