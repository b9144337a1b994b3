"""Native inputs as plain values, drawn by `templates/approvals/policy/editor/input.html`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from approvals.policies.form_values import split_list

Pair = tuple[str, str]
Fields = dict[str, str | list[str]]
AnyFields = Mapping[str, str | Sequence[str]]
DURATIONS: Final = ("15m", "30m", "1h", "2h", "4h", "8h", "24h", "2d", "7d")


@dataclass(frozen=True)
class Choice:
    """One option of a select, or one box of a list."""

    value: str
    label: str
    chosen: bool = False
    drawing: str = ""


@dataclass(frozen=True)
class ChoiceGroup:
    """Options under one heading; without a heading they stand alone."""

    label: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Input:
    """One question and its answer.

    `kind` is text, number, date, duration, area, select, selects (several of one name), checks,
    check, radios or hidden. `reshapes` marks answers after which other inputs are needed.
    """

    name: str
    label: str
    kind: str = "text"
    value: str = ""
    groups: tuple[ChoiceGroup, ...] = ()
    # of `selects`: the groups of each select, the last one empty for one more
    several: tuple[tuple[ChoiceGroup, ...], ...] = ()
    help: str = ""
    unit: str = ""
    placeholder: str = ""
    joint: str = ""
    errors: tuple[str, ...] = ()
    reshapes: bool = False
    is_label_hidden: bool = False
    # text that stands in quotes in the document: shown without them, and put back
    is_quoted: bool = False

    @property
    def id(self) -> str:
        return f"f-{self.name}"

    def with_errors(self, errors: Mapping[str, Sequence[str]]) -> "Input":
        """Return the same with what is wrong about it."""
        return replace(self, errors=tuple(errors.get(self.name, ())))


def one(fields: AnyFields, name: str) -> str:
    """Return what a single input holds."""
    value = fields.get(name, "")
    if isinstance(value, str):
        return value
    return value[0] if value else ""


def many(fields: AnyFields, name: str) -> list[str]:
    """Return what the inputs of one name hold, each once; commas and line ends separate."""
    return list(dict.fromkeys(split_list(fields.get(name, ()))))


def choose(
    options: Iterable[tuple[str, Sequence[Pair]]], chosen: str, *, blank: str | None = None
) -> tuple[ChoiceGroup, ...]:
    """Return grouped options with `chosen` marked, which is offered even when nobody knows it."""
    given = [(label, list(pairs)) for label, pairs in options if pairs]
    known = {value for _, pairs in given for value, _ in pairs}
    if blank is not None:
        given.insert(0, ("", [("", blank)]))
        known.add("")
    if chosen not in known and chosen:
        given.append(("Written by hand", [(chosen, chosen)]))
    return tuple(
        ChoiceGroup(label, tuple(Choice(value, words, value == chosen) for value, words in pairs))
        for label, pairs in given
    )


def several(
    options: Iterable[tuple[str, Sequence[Pair]]], chosen: Sequence[str], *, first: str, more: str
) -> tuple[tuple[ChoiceGroup, ...], ...]:
    """Return one select for each that is chosen, and a blank one to choose one more."""
    offered = [(label, list(pairs)) for label, pairs in options]
    return (
        *(choose(offered, each, blank="(remove)") for each in chosen),
        choose(offered, "", blank=more if chosen else first),
    )
