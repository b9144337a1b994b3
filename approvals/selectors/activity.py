"""What an agent asked for lately."""

from dataclasses import dataclass
from typing import Final

from approvals.enums import Purpose, RequestStatus
from approvals.models import ActionRequest
from tenants.models import Agent

_SHOWN: Final = 5


@dataclass(frozen=True)
class Activity:
    """How many of its requests wait for people, and the newest ones."""

    waiting: int
    newest: list[ActionRequest]


def activity_of(agent: Agent) -> Activity:
    """Return what an agent asked for lately; exercises are not its doing. Two statements."""
    mine = ActionRequest.objects.filter(agent=agent, purpose=Purpose.ACTION)
    newest = mine.defer("payload", "trace", "facts", "sources").order_by("-submitted_at", "-pk")
    waiting = mine.filter(status=RequestStatus.PENDING).count()
    return Activity(waiting, list(newest[:_SHOWN]))
