"""Text that somebody wrote, with its mistakes named by line and column."""

from collections.abc import Sequence
from typing import Final

from django import forms

from approvals.policies import Problem

_AROUND: Final = 2


class ListedForm(forms.Form):
    """A form with one text field (`listed`) whose `problems` are shown beside its lines."""

    listed: str
    problems: Sequence[Problem] = ()

    def refuse(self, problems: Sequence[Problem]) -> forms.ValidationError:
        """Keep the problems for the list above the field, and return what the field says."""
        self.problems = sorted(problems, key=lambda each: (each.line or 0, each.column or 0))
        count = len(self.problems)
        words = "is one mistake" if count == 1 else f"are {count} mistakes"
        return forms.ValidationError(f"There {words}, listed above.")

    def shown_lines(self) -> list[tuple[int, str, bool, bool]]:
        """Return the lines around each mistake.

        Each with its number, its text, whether it is wrong, and whether lines before it are
        left out.
        """
        lines = str(self[self.listed].value() or "").splitlines()
        wrong = {each.line for each in self.problems if each.line}
        near = {
            number
            for line in wrong
            for number in range(line - _AROUND, line + _AROUND + 1)
            if 1 <= number <= len(lines)
        }
        return [
            (number, lines[number - 1], number in wrong, number > 1 and number - 1 not in near)
            for number in sorted(near)
        ]
