"""Everything sensitive in a text. E-mail addresses are not: without them nobody could decide."""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

from govapp.common.sensitive.credentials import find_private_keys, find_secrets, find_tokens
from govapp.common.sensitive.identities import find_national_ids
from govapp.common.sensitive.numbers import find_cards, find_ibans
from govapp.common.sensitive.phones import find_phones
from govapp.common.sensitive.spans import Folded, Span, fold, without_overlaps

_LEAST: Final = 8  # characters of the shortest thing that is found
# What has neither six digits nor a word that leads to a secret holds nothing: most texts are done
# after this, and a list has hundreds of them.
_DIGITS: Final = re.compile(r"\d(?:\D*\d){5}")
# The beginning of a number or a token that was shortened for display: not known any more, and too
# much of it to be shown.
_CUT: Final = re.compile(r"(?<![\w+/=.-])(?:[\w+/=-]|(?<=\d)[ .](?=\d)){8,400}(?=…)", re.ASCII)
_CUT_DIGITS: Final = 6
_DOORS: Final = (
    "passw", "passphrase", "pwd", "secret", "key", "token", "bearer", "basic", "://", "eyj", "gov_",
    "github_pat_", "npm_", "sk-", "glpat-", "aiza", "akia", "asia", "abia", "acca", "a3t", "aws",
    "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "xox", "hooks.slack", "k_live_", "-us", "sg.", "sq0csp",
    "akc",
)  # fmt: skip
_OTHER_DOORS: Final = re.compile(r"(?:AC|SK)[a-z0-9]{32}|AP[\dA-F]\w{8}|[MNO][\w-]{23,25}\.")


def find_sensitive(text: str) -> list[Span]:
    """Return everything sensitive in the text, in order, no two overlapping. Pure."""
    if len(text) < _LEAST:
        return []
    folded = fold(text)
    parts: list[Iterator[Span]] = []
    low = folded.text.lower()
    if any(door in low for door in _DOORS) or _OTHER_DOORS.search(folded.text):
        parts += [find_private_keys(folded), find_tokens(folded), find_secrets(folded)]
    if _DIGITS.search(folded.text):
        parts += _numbers(folded)
    if "…" in folded.text:
        parts.append(_find_cut(folded))
    return without_overlaps(chain.from_iterable(parts)) if parts else []


def _find_cut(folded: Folded) -> Iterator[Span]:
    for found in _CUT.finditer(folded.text):
        if sum(each.isdigit() for each in found.group()) >= _CUT_DIGITS:
            yield folded.span("cut", found.start(), found.end())


def _numbers(folded: Folded) -> list[Iterator[Span]]:
    return [
        find_ibans(folded),
        find_cards(folded),
        find_national_ids(folded),
        find_phones(folded),
    ]
