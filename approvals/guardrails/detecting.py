"""What each kind finds in one text, whichever rule asks; looked for once for all rules."""

from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

import re2

from approvals.guardrails.findings import is_mask
from approvals.guardrails.hidden import find_unseen
from approvals.guardrails.injection import find_injection
from approvals.guardrails.patterns import (
    encodable,
    find_all,
    placed,
    tenant_pattern,
    words_pattern,
)
from approvals.guardrails.rules import DETECTORS, Kind, Rule
from approvals.guardrails.walking import Piece
from govapp.common.sensitive import find_sensitive, kind_of_name
from govapp.common.sensitive.spans import fold

Found = tuple[str, int, int]

_EMAIL: Final = re2.compile(
    r"(?:^|[^\w.+@-])([A-Za-z0-9_%+-]{1,64}(?:\.[A-Za-z0-9_%+-]{1,64}){0,5}"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,4}[A-Za-z]{2,24})\b"
)


def detect(kind: Kind, piece: Piece) -> list[Found]:
    """Return what one of the four kinds without words of their own finds in the text."""
    if kind == "injection":
        return list(find_injection(piece.text))
    if kind == "hidden_text":
        return list(find_unseen(piece.text))
    return list(_sensitive(kind, piece))


def _sensitive(kind: Kind, piece: Piece) -> Iterator[Found]:
    wanted = DETECTORS[kind]
    named = kind_of_name(piece.named) if piece.named and not piece.in_name else None
    if named is not None and piece.text:
        # What the name says, as on every page: all of the text is that.
        if named in wanted and not is_mask(piece.text):
            yield named, 0, len(piece.text)
        return
    spans = find_sensitive(piece.text)
    for span in spans:
        if span.kind in wanted:
            yield span.kind, span.start, span.end
    if kind == "pii" and "@" in piece.text:
        # "postgres://name:password@host" holds a password and no address.
        ends = [span.end for span in spans]
        for name, start, end in _emails(piece.text):
            before = bisect_right(ends, start)
            if before == len(spans) or spans[before].start >= end:
                yield name, start, end


def _emails(text: str) -> Iterator[Found]:
    folded = fold(text)
    for start, end in find_all(_EMAIL, encodable(folded.text), group=True):
        yield "email", *placed(folded, start, end)


def detect_topic(rule: Rule, piece: Piece) -> Iterator[Found]:
    """Yield where one of the rule's words, phrases or patterns is mentioned."""
    if is_mask(piece.text):
        return
    folded = fold(piece.text)
    plain = encodable(folded.text)
    if rule.words:
        for start, end in find_all(words_pattern(rule.words), plain, group=True):
            yield "mentioned", *placed(folded, start, end)
    for pattern in rule.patterns:
        for start, end in find_all(tenant_pattern(pattern), plain):
            yield "mentioned", *placed(folded, start, end)
