"""An explanation as data, for the interface and the engineer's page."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from audit.explain.model import Answer, Explanation, Section, Sentence
from govapp.common.sensitive import mask


class SentenceAnswer(msgspec.Struct):
    """One fact in words; `events` prove it, and `details` add to it."""

    text: str
    at: datetime
    type: str
    events: list[str]
    details: list[str]


class SectionAnswer(msgspec.Struct):
    """Sentences under one question, oldest first."""

    title: str
    sentences: list[SentenceAnswer]


class ExplanationAnswer(msgspec.Struct):
    """What the record says about one request. Personal data and secrets are masked."""

    request: str
    audience: str
    status: str
    title: str
    outcome: str
    in_short: list[SentenceAnswer]
    sections: list[SectionAnswer]
    why_not: list[SectionAnswer]
    contest: list[str]
    events: list[str]
    time_zone: str


def as_answer(explanation: Explanation) -> ExplanationAnswer:
    """Return an explanation as the interface gives it out, masked whoever asks.

    Who needs the values takes the events: every sentence names its own.
    """
    return ExplanationAnswer(
        request=explanation.request,
        audience=explanation.audience.value,
        status=explanation.status,
        title=mask(explanation.title),
        outcome=explanation.outcome,
        in_short=[_sentence(each) for each in explanation.in_short],
        sections=[_section(each) for each in explanation.sections],
        why_not=[as_section(each) for each in explanation.why_not],
        contest=list(explanation.contest),
        events=[each.public_id for each in explanation.events],
        time_zone=explanation.zone,
    )


def as_data(explanation: Explanation) -> dict[str, Any]:
    """Return the same as plain JSON values."""
    data: dict[str, Any] = msgspec.to_builtins(as_answer(explanation))
    return data


def _section(section: Section) -> SectionAnswer:
    return SectionAnswer(section.title, [_sentence(each) for each in section.sentences])


def as_section(answer: Answer) -> SectionAnswer:
    """Return a "why not" with its answer, masked."""
    return SectionAnswer(mask(answer.question), [_sentence(each) for each in answer.sentences])


def _sentence(sentence: Sentence) -> SentenceAnswer:
    return SentenceAnswer(
        text=mask(sentence.text),
        at=sentence.at.astimezone(UTC),
        type=sentence.type,
        events=list(sentence.events),
        details=[mask(each) for each in sentence.details],
    )
