"""What a kind of report is: what it is for, what it needs, and how it is gathered and laid out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class NothingThere(Exception):
    """The record does not hold what the report is about; the message is for who asked for it."""


class Needs(StrEnum):
    """What has to be named when a report of a kind is asked for."""

    PERIOD = "period"
    REQUEST = "request"


@dataclass(frozen=True, slots=True)
class Source:
    """The state of the record that a report is made from, and what of it is wanted.

    Only events of the tree of `size` leaves count, so the same source gives the same report.
    `made_at` is when that tree was signed: a report never asks the clock.
    """

    tenant: str
    zone: str
    size: int
    root: str
    note: str
    vkey: str
    made_at: datetime
    start: datetime | None = None
    end: datetime | None = None
    request_id: UUID | None = None
    pruned: str = ""  # what of the record is gone, in a sentence
    most_events: int | None = None  # a preview reads no more than these

    @property
    def period(self) -> tuple[datetime, datetime]:
        """The period, start included and end not, of a kind that needs one."""
        if self.start is None or self.end is None:
            raise ValueError("This kind of report needs a period.")
        return self.start, self.end


Keep = Callable[[bytes], None]
"""Takes the canonical line of each event that a report was made from, for the attachment."""

Gather = Callable[[Source, Keep], Mapping[str, Any]]
"""Reads the record inside a transaction and returns what the template shows.

Each event that is read goes to `Keep`. The template gets, besides what this returns: `report` (the
Source), `kind`, `events` (how many were kept), `attachment` (a sentence), `first_day`, `last_day`,
`made_at`, `zone`, `is_preview`.
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of report. `template` extends `audit/reports/base.html`."""

    slug: str
    title: str
    purpose: str
    needs: Needs
    gather: Gather
    template: str
    attaches: bool = True  # the events; not for whoever may not read them
