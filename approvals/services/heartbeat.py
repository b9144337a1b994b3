"""Looking, and saying outside that somebody has looked.

A machine that is dead raises no alert. So whoever watches from outside is told every time that
all is well, and misses it when it is not (settings: `GOVAPP_HEARTBEAT_URL`).
"""

import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

import httpx
import structlog
from django.conf import settings
from django.core.cache import cache

from approvals.selectors.health import Fault
from approvals.services.watch import watch

log = structlog.get_logger(__name__)

EVERY_SECONDS: Final = 30.0
LAST_LOOK: Final = "watch.last"
_TIMEOUT_SECONDS: Final = 5.0
_KEPT_SECONDS: Final = 24 * 3600

_last_look: list[float] = []  # of this process, by its own clock


def look_now_and_then(*, at_most: int = 0) -> int:
    """Look when it is time: the sweeper's part, beside beat's. `at_most` is a sweep's, unused.

    Returns 0: nothing is left over that another round at once would find.
    """
    now = time.monotonic()
    if not _last_look or now - _last_look[0] >= EVERY_SECONDS:
        _last_look[:] = [now]
        look_and_tell()
    return 0


def look_and_tell() -> list[Fault]:
    """Look at all tenants, note that it was done, and tell whoever watches from outside.

    Raises what `watch` raises, after it was told outside.
    """
    try:
        found = watch()
    except Exception as error:
        _tell(f"Govapp could not look at everything: {type(error).__name__}.", is_well=False)
        raise
    _note_look()
    ours = [fault for fault in found if not fault.is_tenants_own]
    _tell(_words(ours), is_well=not ours)
    return found


def _words(found: Sequence[Fault]) -> str:
    """Kinds and counts: what is outside learns no tenant, no name and no payload."""
    counts = Counter(fault.kind for fault in found)
    return "\n".join(f"{kind}: {count}" for kind, count in sorted(counts.items())) or "all is well"


def _note_look() -> None:
    try:
        cache.set(LAST_LOOK, time.time(), timeout=_KEPT_SECONDS)
    except Exception as error:  # Valkey is away; the findings are in PostgreSQL
        log.warning("watch.not_noted", error=type(error).__name__)


def _tell(text: str, *, is_well: bool) -> None:
    url = settings.HEARTBEAT_URL
    if not url:
        return
    address = url if is_well else f"{url.rstrip('/')}/fail"
    try:
        httpx.post(
            address, content=text, timeout=_TIMEOUT_SECONDS, follow_redirects=False
        ).raise_for_status()
    except httpx.HTTPError as error:
        # The address is a secret of a kind: whoever knows it can say that all is well.
        log.warning("heartbeat.not_sent", error=type(error).__name__)
