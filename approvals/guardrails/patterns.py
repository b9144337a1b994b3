"""Searching with RE2, so that no pattern takes more than time in proportion to the text."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import re2

from approvals.guardrails import limits
from approvals.policies.operators import compile_pattern
from govapp.common.sensitive.spans import Folded

# Scripts that write no blanks between words.
_RUN_ON: Final = re2.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
)
_EDGE: Final = r"[^\pL\pN_]"


@lru_cache(maxsize=2048)
def tenant_pattern(pattern: str) -> "re2._Regexp":
    """Return a tenant's pattern compiled. Raises `re2.error`, also for one that is too large."""
    return compile_pattern(pattern)


@lru_cache(maxsize=512)
def words_pattern(words: tuple[str, ...]) -> "re2._Regexp":
    """Return what finds any of these words or phrases, whole, whatever their case.

    Group 1 is what was found. Raises `re2.error` when they are too many together.
    """
    apart = [_quoted(each) for each in words if not _RUN_ON.search(each)]
    run_on = [_quoted(each) for each in words if _RUN_ON.search(each)]
    ways = []
    if apart:
        # Several with one character between them are one finding: that character ends the one
        # and begins the other, and each is looked at once.
        any_of = "|".join(sorted(apart, key=len, reverse=True))
        ways.append(f"(?:^|{_EDGE})((?:{any_of})(?:{_EDGE}(?:{any_of}))*)(?:{_EDGE}|$)")
    if run_on:
        ways.append(f"({'|'.join(sorted(run_on, key=len, reverse=True))})")
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    options.max_mem = limits.WORDS_BYTES
    return re2.compile("|".join(ways), options)


def _quoted(phrase: str) -> str:
    return r"[\s\pZ]{1,3}".join(re2.escape(word) for word in phrase.split())


def find_all(
    pattern: "re2._Regexp", text: str, *, group: bool = False
) -> Iterator[tuple[int, int]]:
    """Yield where the pattern is found, up to the cap; what is left after it is one more.

    Each search may look at all of the rest, so only the cap keeps many finds linear. Matches of
    nothing are none. With `group` it is the group that took part which counts, not the match.
    """
    for count, found in enumerate(pattern.finditer(text)):
        start, end = found.span()
        if group:
            start, end = next(each for each in map(found.span, _groups(pattern)) if each[0] >= 0)
        if count == limits.FOUND_BY_PATTERN:
            end = len(text)
        if start < end:
            yield start, end
        if count == limits.FOUND_BY_PATTERN:
            return


def _groups(pattern: "re2._Regexp") -> range:
    return range(1, pattern.groups + 1)


def placed(folded: Folded, start: int, end: int) -> tuple[int, int]:
    """Return where a span of the folded text stands in the text as it was given."""
    if folded.origin is None:
        return start, end
    return folded.origin[start], folded.origin[end - 1] + 1


def encodable(text: str) -> str:
    """Return the text as RE2 can read it: half a surrogate pair becomes a question mark."""
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text
