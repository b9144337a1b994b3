"""National identity numbers of some countries, by the rules of those who issue them.

Only those with a form or a checksum of their own: what could be any other number is not masked.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from govapp.common.sensitive.numbers import is_luhn
from govapp.common.sensitive.spans import Folded, Span

# What every one of them has: six digits with hardly anything between, or Italy's letters.
_ANY: Final = re.compile(r"(?:\d[ .-]?){6}|[a-zA-Z]{6}[\dL-Vl-v]{2}")
_SEPARATORS: Final = str.maketrans("", "", " .-/")
_DNI: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
_PESEL: Final = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
_ODD: Final = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21) * 2
        + (2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        strict=True,
    )
)
_VERHOEFF: Final = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
_DIHEDRAL: Final = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)


def find_national_ids(folded: Folded) -> Iterator[Span]:
    """Yield every identity number that one of the countries could have issued."""
    if not _ANY.search(folded.text):
        return
    for pattern, is_valid in _COUNTRIES:
        for found in pattern.finditer(folded.text):
            if is_valid(found.group().translate(_SEPARATORS).upper()):
                yield folded.span("national_id", found.start(), found.end())


def _brazil(digits: str) -> bool:
    """CPF: two check digits, modulo 11 (Receita Federal)."""
    if len(set(digits)) == 1:
        return False
    for length in (9, 10):
        total = sum(int(digits[n]) * (length + 1 - n) for n in range(length))
        if total * 10 % 11 % 10 != int(digits[length]):
            return False
    return True


def _france(digits: str) -> bool:
    """NIR: the key is 97 minus the number modulo 97; Corsica's letters stand for 19 and 18."""
    number = digits[:13].replace("2A", "19").replace("2B", "18")
    return number.isdigit() and 97 - int(number) % 97 == int(digits[13:])


def _germany(digits: str) -> bool:
    """Steuer-IdNr. (section 139b AO): one digit two or three times, ISO 7064 modulo 11, 10."""
    counts = sorted(Counter(digits[:10]).values(), reverse=True)
    if counts[0] not in (2, 3) or (len(counts) > 1 and counts[1] > 1):
        return False
    product = 10
    for digit in digits[:10]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def _india(digits: str) -> bool:
    """Aadhaar: the check digit is Verhoeff's."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit)
        for _ in range(place % 8):
            value = _VERHOEFF[value]
        check = _DIHEDRAL[check][value]
    return check == 0


def _italy(letters: str) -> bool:
    """Codice fiscale: the last letter sums up the others (D.M. 23 December 1976)."""
    total = sum(
        int(each, 36) - (10 if each.isalpha() else 0) if place % 2 else _ODD[each]
        for place, each in enumerate(letters[:15])
    )
    return chr(ord("A") + total % 26) == letters[15]


def _poland(digits: str) -> bool:
    """PESEL: weights 1, 3, 7, 9; the month says the century too."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, _PESEL, strict=False))
    month, day = int(digits[2:4]) % 20, int(digits[4:6])
    return 1 <= month <= 12 and 1 <= day <= 31 and -total % 10 == int(digits[10])


def _spain(letters: str) -> bool:
    """DNI and NIE: the letter is the number modulo 23."""
    number = str("XYZ".find(letters[0])) + letters[1:8] if letters[0] in "XYZ" else letters[:8]
    return _DNI[int(number) % 23] == letters[8]


def _sweden(digits: str) -> bool:
    """Personnummer: Luhn over the last ten digits."""
    ten = digits.replace("+", "")[-10:]
    day = int(ten[4:6])
    return 1 <= int(ten[2:4]) <= 12 and (1 <= day <= 31 or 61 <= day <= 91) and is_luhn(ten)


def _switzerland(digits: str) -> bool:
    """AHV number: 756, and the check digit of EAN-13."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits[:12]))
    return -total % 10 == int(digits[12])


def _britain(letters: str) -> bool:
    """National Insurance number: prefixes that were never given are none."""
    return letters[:2] not in {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"}


def _states(digits: str) -> bool:
    """Social Security number: areas, groups and serials that were never given are none."""
    return digits[:3] not in {"000", "666"} and digits[3:5] != "00" and digits[5:] != "0000"


def _whole(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.,+-])(?:{pattern})(?![\w-])", re.ASCII | re.IGNORECASE)


_COUNTRIES: Final[tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...]] = (
    (_whole(r"[0-8]\d\d-\d\d-\d{4}"), _states),
    (
        _whole(
            r"[a-ceghj-prstw-z][a-ceghj-nprstw-z] ?\d{2} ?\d{2} ?\d{2} ?[a-d]",
        ),
        _britain,
    ),
    (
        _whole(r"[1-478] ?\d{2} ?(?:0[1-9]|[1-9]\d) ?(?:\d{2}|2[ab]) ?\d{3} ?\d{3} ?\d{2}"),
        _france,
    ),
    (_whole(r"[1-9]\d ?\d{3} ?\d{3} ?\d{3}"), _germany),
    (_whole(r"(?:\d{8}|[xyz]-?\d{7})-?[a-z]"), _spain),
    (
        _whole(
            r"[a-z]{6}[\dlmnp-v]{2}[abcdehlmprst][\dlmnp-v]{2}[a-z][\dlmnp-v]{3}[a-z]",
        ),
        _italy,
    ),
    (_whole(r"756\.?\d{4}\.?\d{4}\.?\d{2}"), _switzerland),
    (_whole(r"\d{11}"), _poland),
    (_whole(r"(?:19|20)?\d{6}[-+]\d{4}"), _sweden),
    (_whole(r"\d{3}\.\d{3}\.\d{3}-\d{2}"), _brazil),
    (_whole(r"[2-9]\d{3} \d{4} \d{4}"), _india),
)
