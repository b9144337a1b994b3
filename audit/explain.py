"""Why something was decided: sentences made from recorded facts alone, each with its event.

Deterministic: the same events give the same text. No model writes any of it, and nothing is
looked up outside of the ledger, so whatever is said here can be proved with it.
Source: design page audit.md, "Explain"; AI Act Art. 86.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from audit.selectors.events import EventRow, events_of_request
from govapp.common.errors import NotFound
from govapp.common.ids import public_id

_SECTIONS: Final = (
    ("What was asked", ("action_request.submitted", "action_request.changed")),
    ("Which rules applied", ("action_request.allowed", "action_request.blocked")),
    ("Who was asked, and when", ("stage.", "timer.", "notification.", "review_link.")),
    (
        "Who decided",
        (
            "vote.",
            "break_glass.",
            "action_request.approved",
            "action_request.denied",
            "action_request.returned",
            "action_request.expired",
            "action_request.cancelled",
        ),
    ),
    ("What was said", ("comment.", "request.revealed")),
    ("What was done", ("grant.", "execution.", "callback.")),
)
_VERDICTS: Final = {
    "matched": "matched",
    "not_matched": "did not match",
    "unevaluable": "could not be evaluated",
}
_OTHER: Final = "What else happened"
_OUTCOMES: Final = {
    "action_request.allowed": "It was allowed by rule, without a person.",
    "action_request.blocked": "It was blocked by rule.",
    "action_request.approved": "It was approved.",
    "action_request.denied": "It was denied.",
    "action_request.returned": "It was sent back to the agent.",
    "action_request.expired": "Nobody decided in time: it expired and was never approved.",
    "action_request.cancelled": "It was cancelled.",
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One fact in words, and the event that proves it."""

    text: str
    at: datetime
    event: str
    type: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Sentences under one question, oldest first."""

    title: str
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that the record says about one action request."""

    request: str
    title: str
    outcome: str
    sections: tuple[Section, ...]
    events: tuple[EventRow, ...]


def explain_request(request_id: UUID) -> Explanation:
    """Explain one action request of the bound tenant from its events. One query.

    Raises `NotFound` when the record knows nothing of it.
    """
    events = events_of_request(request_id)
    if not events:
        raise NotFound("The record knows no such request.")
    kinds = [str(event.body.get("type", "")) for event in events]
    ended = [kind for kind in kinds if kind in _OUTCOMES]
    return Explanation(
        request=public_id("ar", request_id),
        title=_title(events),
        outcome=_OUTCOMES[ended[-1]] if ended else "It has not been decided yet.",
        sections=tuple(_sections(events)),
        events=tuple(events),
    )


def _title(events: list[EventRow]) -> str:
    for event in events:
        subject = event.body.get("subject")
        if isinstance(subject, Mapping) and subject.get("type") == "action_request":
            return str(subject.get("label", ""))
    return events[0].summary


def _sections(events: list[EventRow]) -> Iterator[Section]:
    titles = [title for title, _ in _SECTIONS] + [_OTHER]
    found: dict[str, list[Sentence]] = {title: [] for title in titles}
    for event in events:
        kind = str(event.body.get("type", ""))
        found[_section_of(kind)].append(_sentence(event, kind))
        found["Which rules applied"].extend(_rules(event, kind))
    for title in titles:
        if found[title]:
            yield Section(title, tuple(found[title]))


def _section_of(kind: str) -> str:
    kind = kind.removeprefix("drill.").removeprefix("canary.")
    return next((title for title, heads in _SECTIONS if kind.startswith(heads)), _OTHER)


def _sentence(event: EventRow, kind: str) -> Sentence:
    data = event.body.get("data")
    details = tuple(_details(data)) if isinstance(data, Mapping) else ()
    return Sentence(event.summary, event.occurred_at, event.public_id, kind, details)


def _details(data: Mapping[str, Any]) -> Iterator[str]:
    """Say what an event's data adds to its summary."""
    said = (
        ("reason", "The reason given was: “{}”"),
        ("remark", "The remark was: “{}”"),
        ("note", "It was noted: “{}”"),
        ("on_behalf_of", "It was on behalf of {}."),
        ("policy", "The policy was: {}."),
        ("seconds_viewed", "The page had been open for {} s."),
        ("second_factor", "The second factor was {}."),
        ("rights", "The right to decide came from {}."),
        ("seats", "The seat was {}."),
        ("former_digest", "Before that, the payload had the SHA-256 {}."),
        ("payload_digest", "The payload has the SHA-256 {}."),
        ("cost", "The cost was {}."),
    )
    for key, words in said:
        value = data.get(key)
        if value not in (None, "", [], {}):
            yield words.format(_plain(value))


def _rules(event: EventRow, kind: str) -> Iterator[Sentence]:
    """Say each rule that matched, with the values that it saw."""
    data = event.body.get("data")
    rules = data.get("rules") if isinstance(data, Mapping) else None
    if isinstance(rules, Mapping) and rules.get("cut"):
        # Too many for an event (`audit.services.fitting`): the request keeps them all.
        number = f"{rules['items']} further" if "items" in rules else "Further"
        text = f"{number} rules, see the request."
        yield Sentence(text, event.occurred_at, event.public_id, kind)
    if not isinstance(rules, list):
        return
    for rule in rules:
        if not isinstance(rule, Mapping):
            text, name, verdict, values = str(rule), "", "", ""
        else:
            name = rule.get("rule") or rule.get("name") or rule.get("id") or "a rule"
            text = str(rule.get("because") or rule.get("sentence") or f"It matched {name}.")
            verdict = _verdict(rule)
            values = _plain(rule.get("values") or {})
        details = tuple(
            words
            for words in (
                f"Rule {name}: {verdict}." if verdict else "",
                f"It saw {values}." if values else "",
            )
            if words
        )
        yield Sentence(text, event.occurred_at, event.public_id, kind, details)


def _verdict(rule: Mapping[str, Any]) -> str:
    """Say what became of a rule in the words of the request's page."""
    outcome = str(rule.get("outcome") or "").replace("_", " ")
    verdict = str(rule.get("verdict") or "")
    return ", ".join(part for part in (outcome, _VERDICTS.get(verdict, verdict)) if part)


def _plain(value: Any) -> str:
    """Write a value of an event in words: names and values, never brackets."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {_plain(item)}" for key, item in sorted(value.items()))
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    return str(value)
