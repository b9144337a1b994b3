"""What other floors know and do of a kill switch: what it stops, and what follows a throw.

The floor above knows requests and permissions, which this one does not: it registers here when it
starts, as with `tenants/departures.py`.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final

from tenants.models import KillSwitch


@dataclass(frozen=True)
class Stopped:
    """What a switch stops: requests that wait, permissions not used yet, and agents."""

    pending: int = 0
    grants: int = 0
    agents: int = 0

    def to_dict(self) -> dict[str, int]:
        return asdict(self)


Counter = Callable[[KillSwitch], Stopped]
Follower = Callable[[KillSwitch], None]

_counters: Final[list[Counter]] = []
_followers: Final[list[Follower]] = []


def register_effects(count: Counter, follow: Follower) -> None:
    """Have `count` asked what a switch stops, and `follow` called in the transaction of a throw."""
    if count not in _counters:
        _counters.append(count)
        _followers.append(follow)


def count_stopped(switch: KillSwitch) -> Stopped:
    """Return what the switch stops, or would; it need not be stored."""
    counted = [count(switch) for count in _counters]
    return Stopped(
        sum(each.pending for each in counted),
        sum(each.grants for each in counted),
        sum(each.agents for each in counted),
    )


def follow_throw(switch: KillSwitch) -> None:
    """Have done what follows from a throw, in its transaction."""
    for follow in _followers:
        follow(switch)
