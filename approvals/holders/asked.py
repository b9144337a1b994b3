"""What those look at who may hold a submission."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from approvals.facts import Submission
from approvals.models import ActionCategory
from tenants.models import Agent


@dataclass(frozen=True)
class Asked:
    """One submission, as those look at it who may hold it. `category` is None when unusable."""

    agent: Agent
    submission: Submission
    category: ActionCategory | None
    now: datetime
    known: Mapping[str, Any]
