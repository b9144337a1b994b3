"""Telephone numbers: international ones (ITU-T E.164), and American ones in their usual forms.

A number without a country could be anything; only a field's name tells that it is one.
"""

import re
from collections.abc import Iterator
from typing import Final

from govapp.common.sensitive.spans import Folded, Span

_INTERNATIONAL: Final = re.compile(
    r"(?<![\w+])(?:\+|00 ?(?=[1-9]))[1-9]\d{0,2}(?:[ ()./-]{0,3}\d){6,13}(?!\d)"
)
_AMERICAN: Final = re.compile(r"(?<![\w.+-])(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])")


def find_phones(folded: Folded) -> Iterator[Span]:
    """Yield every number that some country's plan has."""
    for found in _INTERNATIONAL.finditer(folded.text):
        number = found.group()
        if _is_valid("+" + number[2:] if number.startswith("00") else number, None):
            yield folded.span("phone", found.start(), found.end())
    for found in _AMERICAN.finditer(folded.text):
        if _is_valid(found.group(), "US"):
            yield folded.span("phone", found.start(), found.end())


def _is_valid(text: str, region: str | None) -> bool:
    # Only now: its tables take a tenth of a second, and most pages show no such number.
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return False
    return bool(phonenumbers.is_valid_number(number))
