"""Card numbers (ISO/IEC 7812, with the check digit) and IBANs (ISO 13616, with the checksum)."""

import re
from collections.abc import Iterator
from typing import Final

from govapp.common.sensitive.spans import Folded, Span

_RUN: Final = re.compile(r"(?<![\w.,+/-])\d+(?:[ -]\d+)*(?![\w/])")
_GROUP: Final = re.compile(r"\d+")
_LEAST_GROUP: Final = 3
_CARD_LENGTHS: Final = range(13, 20)
# First digits of the large schemes, and how long their numbers are.
_ISSUERS: Final = (
    (re.compile(r"4"), (13, 16, 19)),
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),
    (re.compile(r"3[47]"), (15,)),
    (re.compile(r"6011|64[4-9]|65"), (16, 19)),
    (re.compile(r"35(?:2[89]|[3-8])"), (16, 17, 18, 19)),
    (re.compile(r"30[0-5]|3[689]"), (14,)),
    (re.compile(r"62|81"), (16, 17, 18, 19)),
    (re.compile(r"50|5[6-9]|6[37]"), (16, 18, 19)),
)
_IBAN_START: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9])")
# Characters of an IBAN by country (SWIFT IBAN registry).
_IBAN_LENGTHS: Final = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22,
    "BI": 27, "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27,
    "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27,
    "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HN": 28, "HR": 21, "HU": 28,
    "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28,
    "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22,
    "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23,
    "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24,
    "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28,
    "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip


def find_ibans(folded: Folded) -> Iterator[Span]:
    """Yield every IBAN with a checksum that holds, in blocks or in one piece."""
    for found in _IBAN_START.finditer(folded.text):
        length = _IBAN_LENGTHS.get(found.group()[:2].upper())
        end = _walk(folded.text, found.start(), length) if length else None
        if end is not None:
            yield folded.span("iban", found.start(), end)


def find_cards(folded: Folded) -> Iterator[Span]:
    """Yield every card number of a large scheme with a check digit that holds."""
    for run in _RUN.finditer(folded.text):
        if sum(character.isdigit() for character in run.group()) < _CARD_LENGTHS.start:
            continue
        yield from _cards_in(folded, run.start(), run.group())


def is_luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _walk(text: str, start: int, length: int) -> int | None:
    """Return where an IBAN of this length that begins here ends; None when there is none."""
    letters: list[str] = []
    at = start
    while len(letters) < length:
        if at < len(text) and text[at] in " -" and len(letters) >= 4:
            at += 1
        if at >= len(text) or not (text[at].isascii() and text[at].isalnum()):
            return None
        letters.append(text[at].upper())
        at += 1
    if at < len(text) and text[at].isalnum():
        return None
    number = "".join(str(int(each, 36)) for each in letters[4:] + letters[:4])
    return at if int(number) % 97 == 1 else None


def _cards_in(folded: Folded, base: int, run: str) -> Iterator[Span]:
    groups = [(each.start(), each.end()) for each in _GROUP.finditer(run)]
    first = 0
    while first < len(groups):
        last = _card_from(run, groups, first)
        if last is None:
            first += 1
            continue
        yield folded.span("card", base + groups[first][0], base + groups[last][1])
        first = last + 1


def _card_from(run: str, groups: list[tuple[int, int]], first: int) -> int | None:
    digits = ""
    for last in range(first, len(groups)):
        start, end = groups[last]
        if last > first and end - start < _LEAST_GROUP:
            return None
        digits += run[start:end]
        if len(digits) >= _CARD_LENGTHS.stop:
            return None
        if len(digits) in _CARD_LENGTHS and _is_card(digits):
            return last
    return None


def _is_card(digits: str) -> bool:
    issued = any(issuer.match(digits) and len(digits) in lengths for issuer, lengths in _ISSUERS)
    return issued and len(set(digits)) > 1 and is_luhn(digits)
