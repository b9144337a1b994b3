"""Telling whoever waits, after commit: publish a word on a Valkey channel.

A message carries ids and statuses only, never content: whoever hears it reads the state again
under their own rights. Messages may be lost; every listener also reads again by itself.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final
from uuid import UUID

import redis
import structlog
from django.conf import settings
from django.db import transaction

log = structlog.get_logger(__name__)

REQUEST_CHANNEL: Final = "govapp:request:"  # + request id: someone waits for this one
AGENT_CHANNEL: Final = "govapp:agent:"  # + agent id: an agent's event stream
TENANT_CHANNEL: Final = "govapp:tenant:"  # + tenant id: people's inboxes


@cache
def valkey() -> redis.Redis:
    """Return this process's client; it holds a pool of connections."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=10, socket_connect_timeout=5, health_check_interval=25
    )


def publish_on_commit(channel: str, ident: UUID, message: dict[str, str]) -> None:
    """Publish `message` to `channel` + `ident` once this transaction is committed."""
    publish_to_all_on_commit({channel: ident}, message)


def publish_to_all_on_commit(places: Mapping[str, UUID], message: dict[str, str]) -> None:
    """As `publish_on_commit`, to several channels in one round trip."""
    channels = [f"{channel}{ident}" for channel, ident in places.items()]
    transaction.on_commit(lambda: _publish(channels, json.dumps(message)))


def _publish(channels: Sequence[str], body: str) -> None:
    try:
        words = valkey().pipeline(transaction=False)
        for channel in channels:
            words.publish(channel, body)
        words.execute()
    except (redis.RedisError, OSError) as error:
        log.warning("live.message_lost", channels=channels, error=type(error).__name__)
