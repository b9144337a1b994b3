"""What an oversight report counts, and how each figure says what it was made from."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from uuid import UUID

from audit.reports.kind import Source

SAMPLES: Final = 20
"""Cases printed of each exception; the whole is attached (long tables are slow and unread)."""

RUBBER_STAMP_SECONDS: Final = 3


@dataclass(slots=True)
class Figure:
    """One number with the query and the number of events behind it.

    `number` is what is compared: a count, or seconds; `before` and `change` are filled in when the
    report is compared with the period before.
    """

    name: str
    value: str
    query: str
    events: int
    number: float | None = None
    before: str = ""
    change: str = ""


@dataclass(slots=True)
class Case:
    """One action request as far as the period's events tell it."""

    request: str
    label: str = ""
    agent: str = ""
    category: str = ""
    risk: str = ""
    submitted_at: datetime | None = None
    decided_at: datetime | None = None
    outcome: str = ""
    votes: int = 0
    escalated: bool = False
    event: str = ""  # the event that decided it

    @property
    def seconds(self) -> float | None:
        """From submit to decision, when both are in the period."""
        if self.submitted_at is None or self.decided_at is None:
            return None
        return (self.decided_at - self.submitted_at).total_seconds()


@dataclass(slots=True)
class PersonRow:
    """What one person decided."""

    name: str
    approved: int = 0
    denied: int = 0
    returned: int = 0
    fast: int = 0

    @property
    def votes(self) -> int:
        return self.approved + self.denied + self.returned


@dataclass(slots=True)
class AgentRow:
    """What one agent asked for, and how it ended."""

    name: str
    submitted: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of the record that is printed, with the event that says it."""

    at: datetime
    text: str
    event: str


@dataclass(slots=True)
class Exceptional:
    """One kind of exception: how many, and the first of them."""

    title: str
    meaning: str
    query: str
    count: int = 0
    cases: list[Line] = field(default_factory=list)

    def add(self, line: Line) -> None:
        self.count += 1
        if len(self.cases) < SAMPLES:
            self.cases.append(line)


@dataclass(slots=True)
class Oversight:
    """All that the report shows. Made from events of one period, up to one size of the record."""

    source: Source
    types: Counter[str] = field(default_factory=Counter)
    days: dict[date, Counter[str]] = field(default_factory=dict)
    cases: dict[UUID, Case] = field(default_factory=dict)
    people: dict[str, PersonRow] = field(default_factory=dict)
    agents: dict[str, AgentRow] = field(default_factory=dict)
    categories: dict[str, Counter[str]] = field(default_factory=dict)
    exceptions: dict[str, Exceptional] = field(default_factory=dict)
    policies: list[Line] = field(default_factory=list)
    changes: list[Line] = field(default_factory=list)
    changes_count: int = 0
    live_before: str = ""
    # What the version says that decided when the period ended, in the sentences that were
    # published, and the event that holds them.
    rules: tuple[str, ...] = ()
    rules_event: str = ""
    kept: str = ""  # the sentence that last said for how long records are kept
