"""What is known about one action request at the moment it is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True)
class Facts:
    """Everything a rule can look at. The core reads no clock and no table: all of it is here.

    `local_time` is the tenant's local time, converted by the caller from the database clock.
    `payload_errors` are the sentences of the JSON Schema check; any of them ends in a denial.
    `estimated_cost` may hold `amount` (decimal string), `currency` and `tokens`. The payload must
    not be changed after evaluation, because the trace of rules that did not match is written
    from it on demand.
    """

    category: str
    category_known: bool
    category_risk: str
    category_reversible: bool
    payload: Mapping[str, object]
    environment: str
    agent_name: str
    agent_labels: frozenset[str]
    agent_tier: str
    agent_age_days: int
    agent_known: bool
    confidence: Decimal | None
    estimated_cost: Mapping[str, object] | None
    on_behalf_of: str | None
    local_time: datetime
    payload_errors: tuple[str, ...] = ()
