"""Reports by framework: each requirement beside the recorded events that bear on it.

They say what the record shows and what it cannot show. Whether a requirement is met is a judgement
that a report does not make.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from audit.reports.figures import Figure, Line
from audit.reports.kind import Keep, Kind, Needs, Source
from audit.reports.matching import Counting, Match, Tally
from audit.reports.reading import read_period

_EXAMPLES: Final = 3
MANY: Final = 20
"""So many events of a figure are listed one by one, where each of them matters; and then it is said
how many more there are."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure that bears on a requirement, and which events it counts."""

    name: str
    match: Match
    listed: int = _EXAMPLES


@dataclass(frozen=True, slots=True)
class Duty:
    """One requirement in our words, what is shown of it, and what the record cannot show."""

    reference: str
    title: str
    asks: str
    shown: tuple[Shown, ...]
    beyond: str


@dataclass(slots=True)
class Answer:
    """What the record of a period says on one requirement."""

    duty: Duty
    figures: list[Figure] = field(default_factory=list)
    examples: list[Line] = field(default_factory=list)
    more: list[str] = field(default_factory=list)  # what is not listed where each matters

    @property
    def events(self) -> int:
        return sum(figure.events for figure in self.figures)


def framework_kind(
    *, slug: str, title: str, purpose: str, source: str, duties: Sequence[Duty]
) -> Kind:
    """Return the kind of report that answers the duties of one framework, as in `source`."""
    return Kind(
        slug=slug,
        title=title,
        purpose=purpose,
        needs=Needs.PERIOD,
        gather=_gathering(source, tuple(duties)),
        template="audit/reports/framework.html",
    )


def _gathering(
    published: str, duties: tuple[Duty, ...]
) -> Callable[[Source, Keep], Mapping[str, Any]]:
    def gather(source: Source, keep: Keep) -> Mapping[str, Any]:
        """Read the period once and count for every requirement."""
        tallies = [
            [Tally(shown.name, shown.match, most=shown.listed) for shown in duty.shown]
            for duty in duties
        ]
        counting = Counting(tally for group in tallies for tally in group)
        for read in read_period(source, keep):
            counting.take(read)
        answers = [
            Answer(duty, [tally.figure for tally in group], _examples(group), _more(group))
            for duty, group in zip(duties, tallies, strict=True)
        ]
        silent = [answer.duty.reference for answer in answers if not answer.events]
        return {
            "published": published,
            "answers": answers,
            "figures": [figure for answer in answers for figure in answer.figures],
            "silent": silent,
            "headline": [
                {"label": "Requirements looked at", "value": f"{len(answers)}"},
                {"label": "With events in the period", "value": f"{len(answers) - len(silent)}"},
                {"label": "Without", "value": f"{len(silent)}"},
            ],
        }

    return gather


def _examples(group: Sequence[Tally]) -> list[Line]:
    """Return what is listed of each figure, oldest first, each once: more where each matters."""
    some = _oldest(tally for tally in group if tally.most == _EXAMPLES)
    every = _oldest(tally for tally in group if tally.most > _EXAMPLES)
    found = {line.event: line for line in (*some[: 2 * _EXAMPLES], *every)}
    return sorted(found.values(), key=lambda line: (line.at, line.event))


def _more(group: Sequence[Tally]) -> list[str]:
    """Say of how many events a figure has more than are listed, where each of them matters."""
    return [
        f"{tally.count - tally.most:,} under “{tally.name}”"
        for tally in group
        if _EXAMPLES < tally.most < tally.count
    ]


def _oldest(group: Iterable[Tally]) -> list[Line]:
    found = {line.event: line for tally in group for line in tally.lines or ()}
    return sorted(found.values(), key=lambda line: (line.at, line.event))
