"""What sending any row of an outbox shares: claim, try, and how long to wait.

A claim moves `next_attempt_at` into the future, which is its lease: whoever dies in between
leaves a row that is due again, and the receiver recognises the second copy by its id. Nothing
is locked while the network is used, and a mark counts only for the claim that it belongs to.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from approvals.enums import DeliveryStatus
from approvals.transports.failures import DeliveryFailure, PermanentFailure

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(minutes=2)
_JITTER: Final = 0.2


@dataclass(frozen=True)
class Outcome:
    """How an attempt went, and when the next one is due if there is one."""

    status: DeliveryStatus
    next_attempt_at: datetime | None = None
    failure: DeliveryFailure | None = None

    @property
    def why(self) -> str:
        """Why it did not get through, or ""."""
        return self.failure.why if self.failure else ""


def try_to_send(send: Callable[[], None], *, attempts: int, most: int) -> DeliveryFailure | None:
    """Send; return what went wrong, or None. An attempt after the last one is none."""
    if attempts > most:
        return PermanentFailure("Every attempt was cut short.")
    try:
        send()
    except DeliveryFailure as failure:
        return failure
    except Exception as error:  # a fault of ours must not leave the row due for ever
        log.exception("delivery.fault")
        return DeliveryFailure(f"A fault of ours: {type(error).__name__}.")
    return None


def judge(
    failure: DeliveryFailure | None, *, attempts: int, delays: Sequence[timedelta], now: datetime
) -> Outcome:
    """Return what follows from an attempt: sent, given up, or to be tried again."""
    if failure is None:
        return Outcome(DeliveryStatus.SENT)
    if isinstance(failure, PermanentFailure) or attempts > len(delays):
        return Outcome(DeliveryStatus.FAILED, failure=failure)
    at = now + _jittered(delays[attempts - 1])
    return Outcome(DeliveryStatus.QUEUED, next_attempt_at=at, failure=failure)


def _jittered(delay: timedelta) -> timedelta:
    """The delay, up to a fifth longer or shorter, so that what failed together spreads out."""
    return delay * (1 + _JITTER * (secrets.randbelow(2001) / 1000 - 1))
