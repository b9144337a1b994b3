"""What the sweeper does each round. Add a line to have something swept.

Each entry is the dotted name of a function that takes `at_most` and returns how much it did.
"""

from collections.abc import Callable
from typing import Final, cast

import structlog
from django.utils.module_loading import import_string

from govapp.common.unavailable import is_away

log = structlog.get_logger(__name__)

# The steady process gives each a thread with a connection of its own: no timer waits for a mail.
SWEEPS: Final = (
    "approvals.services.policy_schedule.sweep",
    "approvals.services.timers.sweep",
    "approvals.services.kill.sweep",
    "approvals.services.delivery.deliver_due",
    "approvals.services.heartbeat.look_now_and_then",
    "approvals.services.exercises.sweep",
)

Sweep = Callable[..., int]


def sweep_all(*, at_most: int = 500) -> int:
    """Run every sweep once, in order; return how much they did. One that fails stops no other."""
    return sum(sweep_one(name, at_most=at_most) for name in SWEEPS)


def sweep_one(name: str, *, at_most: int = 500) -> int:
    """Run one sweep once; return how much it did. What fails is logged and tried next round."""
    try:
        return cast("Sweep", import_string(name))(at_most=at_most)
    except Exception as error:
        if is_away(error):
            log.warning("sweep.database_away", sweep=name, error=type(error).__name__)
        else:
            log.exception("sweep.failed", sweep=name)
    return 0
