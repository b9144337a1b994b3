"""What an explanation consists of: questions, sentences, and the events that prove them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from audit.selectors.events import EventRow


class Audience(StrEnum):
    """For whom it is said. The facts are the same; words, names and depth differ.

    The person affected reads roles instead of names, and personal values masked (AI Act Art. 86,
    GDPR Art. 22). The officer reads who did what. The engineer reads types, ids and digests.
    """

    AFFECTED = "affected"
    OFFICER = "officer"
    ENGINEER = "engineer"


TITLES = {
    Audience.AFFECTED: "Person affected",
    Audience.OFFICER: "Officer",
    Audience.ENGINEER: "Engineer",
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One fact in words, and the events that prove it, oldest first."""

    text: str
    at: datetime
    type: str
    events: tuple[str, ...]
    details: tuple[str, ...] = ()

    @property
    def event(self) -> str:
        """The first of its events."""
        return self.events[0]


@dataclass(frozen=True, slots=True)
class Section:
    """Sentences under one question, oldest first."""

    title: str
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A "why not", and what the record says to it."""

    question: str
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that the record says about one action request, for one audience."""

    request: str
    audience: Audience
    title: str
    status: str  # "approved", "denied", …; "pending" as long as it is open
    outcome: str
    in_short: tuple[Sentence, ...]  # what decided it, in at most a few sentences
    sections: tuple[Section, ...]
    why_not: tuple[Answer, ...]
    contest: tuple[str, ...]  # how to contest it; for the person affected
    events: tuple[EventRow, ...]
    zone: str

    @property
    def cited(self) -> frozenset[str]:
        """The ids of all events to which a sentence points."""
        said = [self.in_short, *(each.sentences for each in self.sections)]
        said += [each.sentences for each in self.why_not]
        return frozenset(event for part in said for each in part for event in each.events)
