"""The blanks of a template: what the officer fills in, with good defaults, checked in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Final, Literal

from approvals.policies import duration_in_words, parse_duration
from approvals.policies.limits import LONGEST_DEADLINE, SHORTEST_DEADLINE

Kind = Literal["group", "money", "currency", "duration", "number", "yes_no", "names"]
Answer = str | bool | tuple[str, ...]
Answers = Mapping[str, Answer]

_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9_-]*", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_MONEY: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?", re.ASCII)
_MOST_NAMES: Final = 20


class AnswersInvalid(Exception):
    """Some blanks cannot be used as filled in; `problems` maps a blank's name to a sentence."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {said}" for name, said in problems.items()))
        self.problems = dict(problems)


@dataclass(frozen=True)
class Blank:
    """One thing to fill in.

    `default` is text as a person would type it; of a group it is the slug that is taken when
    there is such a group. `least` and `most` bound numbers and money, `longest` a duration, which
    has at least a minute. `unit` stands behind the input: "EUR", "times".
    """

    name: str
    label: str
    kind: Kind
    default: str = ""
    help: str = ""
    unit: str = ""
    least: Decimal = Decimal(0)
    most: Decimal = Decimal(999_999_999_999)
    longest: timedelta = LONGEST_DEADLINE

    def read(self, text: str) -> Answer:
        """Return what was typed, in its plain form. Raises ValueError with what to do."""
        text = text.strip()
        match self.kind:
            case "yes_no":
                return self._yes_no(text)
            case "names":
                return self._names(text)
            case "group":
                return self._checked(text, bool(_SLUG.fullmatch(text)), "Choose a group.")
            case "currency":
                known = bool(_CURRENCY.fullmatch(text))
                return self._checked(text, known, "Write three capital letters, such as EUR.")
            case "duration":
                return self._duration(text)
            case "money" | "number":
                return self._number(text)

    @staticmethod
    def _checked(text: str, good: bool, why: str) -> str:
        if not good:
            raise ValueError(why)
        return text

    @staticmethod
    def _yes_no(text: str) -> bool:
        if text not in ("yes", "no"):
            raise ValueError("Say yes or no.")
        return text == "yes"

    @staticmethod
    def _names(text: str) -> tuple[str, ...]:
        names = tuple(dict.fromkeys(text.replace(",", " ").split()))
        if not names or len(names) > _MOST_NAMES or not all(map(_SLUG.fullmatch, names)):
            raise ValueError(
                "Write one or more names of lower-case letters, digits and hyphens, with commas."
            )
        return names

    def _duration(self, text: str) -> str:
        try:
            duration = parse_duration(text)
        except ValueError:
            duration = timedelta(0)
        if not SHORTEST_DEADLINE <= duration <= self.longest:
            raise ValueError(
                "Write a time such as 30m, 4h or 2d, from one minute to"
                f" {duration_in_words(self.longest)}."
            )
        return text

    def _number(self, text: str) -> str:
        wrong = f"Write a number from {self.least} to {self.most}, such as {self.default}."
        if self.kind == "money" and not _MONEY.fullmatch(text):
            raise ValueError(wrong)
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise ValueError(wrong) from None
        if not number.is_finite() or not self.least <= number <= self.most:
            raise ValueError(wrong)
        return text


def read_answers(blanks: Sequence[Blank], typed: Mapping[str, str]) -> dict[str, Answer]:
    """Return every blank filled in, with its default where nothing was typed.

    Raises AnswersInvalid with a sentence for each blank that cannot be used.
    """
    answers: dict[str, Answer] = {}
    problems: dict[str, str] = {}
    for blank in blanks:
        try:
            answers[blank.name] = blank.read(typed.get(blank.name, blank.default))
        except ValueError as error:
            problems[blank.name] = str(error)
    if problems:
        raise AnswersInvalid(problems)
    return answers


def number_of(answers: Answers, name: str) -> int | float:
    """Return a number or an amount as a document holds it."""
    number = Decimal(str(answers[name]))
    return int(number) if number == number.to_integral_value() else float(number)


def text_of(answers: Answers, name: str) -> str:
    """Return a group, a duration or a choice."""
    return str(answers[name])


def names_of(answers: Answers, name: str) -> list[str]:
    """Return a list of names."""
    answer = answers[name]
    return list(answer) if isinstance(answer, tuple) else [str(answer)]
