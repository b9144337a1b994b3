"""One request's events as the sentences read them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from audit.explain.model import Sentence
from audit.selectors.events import EventRow

ENDS: Final = {
    f"action_request.{status}": status
    for status in (
        "allowed", "blocked", "approved", "denied", "returned", "expired", "cancelled",
    )
}  # fmt: skip
_OWN: Final = ("drill.", "canary.")


@dataclass(frozen=True, slots=True)
class Told:
    """One event: its type (a drill's like an action's), data, and who did it."""

    row: EventRow
    type: str
    data: Mapping[str, Any]

    @property
    def at(self) -> datetime:
        return self.row.occurred_at

    @property
    def ref(self) -> str:
        return self.row.public_id

    @property
    def actor(self) -> Mapping[str, Any]:
        return mapping(self.row.body.get("actor"))

    @property
    def by(self) -> str:
        return str(self.actor.get("name", "")) or "somebody"

    def text(self, key: str) -> str:
        """Return a value as text; empty when there is none, or when it was too large to keep."""
        return plain(self.data.get(key))

    def money(self, key: str) -> str:
        """Return an amount with its currency, which events hold as text; else as `text` does."""
        value = self.data.get(key)
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                return value
        amount = mapping(value)
        if not {"amount", "currency"} <= set(amount):
            return plain(value)
        more = {name: each for name, each in amount.items() if name not in ("amount", "currency")}
        words = f"{plain(amount['currency'])} {plain(amount['amount'])}"
        return f"{words}, {plain(more)}" if more else words

    def say(self, words: str, *details: str) -> Sentence:
        """Return a sentence that this event proves."""
        said = tuple(each for each in details if each)
        return Sentence(words, self.at, str(self.row.body.get("type", "")), (self.ref,), said)


class Case:
    """One request's life in the record, oldest first. Holds at least one event."""

    def __init__(self, request: str, rows: Iterable[EventRow]) -> None:
        self.request = request
        self.events = tuple(_told(row) for row in rows)
        # What set what held it: events of no request, newest first (`audit.explain.holding`).
        self.behind: tuple[Told, ...] = ()

    def look_behind(self, rows: Iterable[EventRow]) -> None:
        """Take in the events behind what held it, newest first."""
        self.behind = tuple(_told(row) for row in rows)

    def of(self, *types: str) -> list[Told]:
        """Return the events of these types; a type that ends in a dot means all below it."""
        return [each for each in self.events if is_of(each.type, types)]

    @cached_property
    def asked(self) -> Told:
        """The submission; the first event there is where that was before the record began."""
        found = self.of("action_request.submitted")
        return found[0] if found else self.events[0]

    @cached_property
    def judged(self) -> Told:
        """The event that holds the rules that count: the submission, or the last change to it."""
        changed = self.of("action_request.changed")
        return changed[-1] if changed else self.asked

    @cached_property
    def end(self) -> Told | None:
        """The event that ended it; None as long as it is open."""
        ended = [each for each in self.events if each.type in ENDS]
        return ended[-1] if ended else None

    @property
    def status(self) -> str:
        return ENDS[self.end.type] if self.end else "pending"

    @cached_property
    def votes(self) -> list[Told]:
        """The votes that count in the end: neither taken back nor fallen away."""
        gone = {
            (each.text("member"), each.text("payload_digest"))
            for each in self.of("vote.withdrawn", "vote.voided")
        }
        return [
            each
            for each in self.of("vote.cast", "break_glass.approved")
            if (str(each.actor.get("id", "")), each.text("payload_digest")) not in gone
        ]

    @cached_property
    def title(self) -> str:
        """What it is about, in the words of its newest event that has a subject of its own."""
        for each in reversed(self.events):
            subject = mapping(each.row.body.get("subject"))
            if subject.get("type") == "action_request":
                return str(subject.get("label", ""))
        return self.events[0].row.summary

    @cached_property
    def agent(self) -> str:
        agent = self.asked.data.get("agent")
        return plain(mapping(agent).get("name") or agent) or self.asked.by

    @cached_property
    def agent_id(self) -> str:
        return plain(mapping(self.asked.data.get("agent")).get("id")) or str(
            self.asked.actor.get("id", "")
        )

    @cached_property
    def refusals(self) -> list[Mapping[str, Any]]:
        """What blocked it whatever the rules say: code and sentence."""
        return rows(self.end.data.get("refusals")) if self.end else []

    @cached_property
    def demands(self) -> list[Mapping[str, Any]]:
        """Why a person had to decide whatever the rules say: code and sentence."""
        return rows(self.judged.data.get("demands"))

    @cached_property
    def delegation(self) -> list[Mapping[str, Any]]:
        """The links under which the agent acted, the first one first."""
        return rows(self.asked.row.body.get("delegation"))

    @property
    def agents(self) -> list[str]:
        """The agents that it came through by name; the one that asked is the last."""
        links = self.delegation
        if not links:
            return [self.agent]
        parties = [links[0].get("from"), *(link.get("to") for link in links)]
        return [plain(mapping(party).get("name")) for party in parties]

    @cached_property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """What the action consists of: names and values, nested ones with dotted names."""
        try:
            payload = json.loads(self.judged.text("payload") or "{}")
        except ValueError:
            return ()
        return tuple(_flat("", payload))

    @property
    def came_of_it(self) -> str:
        """What became of the permission, in the record's own words; empty without any news."""
        news = self.of("grant.", "execution.")
        return news[-1].row.summary if news else ""


def is_of(kind: str, types: Iterable[str]) -> bool:
    """Whether a type is one of these, or below one that ends in a dot."""
    return any(kind.startswith(each) if each.endswith(".") else kind == each for each in types)


def mapping(value: Any) -> Mapping[str, Any]:
    """Return the value when it is a mapping, and an empty one otherwise."""
    return value if isinstance(value, Mapping) else {}


def rows(value: Any) -> list[Mapping[str, Any]]:
    """Return the mappings of a list; none when the value is no list (it may have been cut)."""
    return [mapping(each) for each in value] if isinstance(value, list) else []


def plain(value: Any) -> str:
    """Write a value of an event in words: names and values, never brackets."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        if value.get("cut"):
            return ""  # too large for the event (`audit.services.fitting`)
        return ", ".join(f"{key} = {plain(item)}" for key, item in sorted(value.items()))
    if isinstance(value, list):
        return ", ".join(plain(item) for item in value)
    return str(value)


def _told(row: EventRow) -> Told:
    kind = str(row.body.get("type", ""))
    for own in _OWN:
        rest = kind.removeprefix(own)
        if rest != kind and rest != "started":
            kind = rest if "." in rest else f"action_request.{rest}"
    return Told(row, kind, mapping(row.body.get("data")))


def _flat(prefix: str, value: Any) -> Iterable[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(f"{prefix}.{key}" if prefix else str(key), item)
    elif isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        for number, item in enumerate(value, 1):
            yield from _flat(f"{prefix} {number}".strip(), item)
    else:
        yield prefix, plain(value)
