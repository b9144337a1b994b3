"""What the sweeper does each round, in order. Add a line to have something swept.

Each entry is the dotted name of a function that takes `at_most` and returns how much it did.
"""

from collections.abc import Callable
from typing import Final, cast

import structlog
from django.db.utils import InterfaceError, OperationalError
from django.utils.module_loading import import_string

log = structlog.get_logger(__name__)

SWEEPS: Final = (
    "approvals.services.policy_schedule.sweep",
    "approvals.services.timers.sweep",
    "approvals.services.delivery.deliver_due",
)

Sweep = Callable[..., int]


def sweep_all(*, at_most: int = 500) -> int:
    """Run every sweep once; return how much they did. One that fails stops no other."""
    done = 0
    for name in SWEEPS:
        try:
            done += cast("Sweep", import_string(name))(at_most=at_most)
        except (OperationalError, InterfaceError) as error:
            log.warning("sweep.database_away", sweep=name, error=type(error).__name__)
        except Exception:
            log.exception("sweep.failed", sweep=name)
    return done
