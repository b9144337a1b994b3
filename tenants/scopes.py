"""What a key may be used for: the scopes there are, and how a token has fewer of them.

Scopes say which entry points of the agents' interface a key opens; policies decide what comes of
it. They are declared when a key is issued and never change: another key is issued instead.
"""

import re
from collections.abc import Collection, Iterable
from typing import Final

from django.db import models


class Scope(models.TextChoices):
    """One kind of entry point each; the label says what a key with it can do."""

    SUBMIT = "submit", "Submit: ask for decisions, cancel, answer questions"
    READ = "read", "Read: its own requests, events and proofs"
    GRANT = "grant", "Grant: fetch signed permissions"
    REPORT = "report", "Report: say what became of an action"
    REDEEM = "redeem", "Redeem: use permissions up"
    SPEND = "spend", "Spend: book what was spent"
    DELEGATE = "delegate", "Delegate: hand rights on to another agent"
    MODEL = "model", "Model: call models through the gateway"


ALL: Final[tuple[str, ...]] = tuple(scope.value for scope in Scope)
MOST_PATTERNS: Final = 20
LONGEST_PATTERN: Final = 100
_PATTERN: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?:\.\*)?")
# A scope parameter (RFC 6749, section 3.3): tokens with one space between.
_TOKEN: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


def all_scopes() -> list[str]:
    """Return every scope: what a key without further words has."""
    return list(ALL)


def in_order(scopes: Iterable[str]) -> tuple[str, ...]:
    """Return the scopes once each, in the order of the table. Unknown ones are left out."""
    wanted = set(scopes)
    return tuple(scope for scope in ALL if scope in wanted)


def narrowed(held: Collection[str], asked: str | None) -> tuple[str, ...] | None:
    """Return what of `held` a scope parameter asks for; all when there is no parameter.

    None when it is malformed, or asks for anything that is not held: never fewer in silence, and
    never more (RFC 6749, sections 3.3 and 5.2).
    """
    if asked is None:
        return in_order(held)
    words = asked.split(" ")
    if not all(_TOKEN.fullmatch(word) for word in words):
        return None
    if not set(words) <= set(held) & set(ALL):
        return None
    return in_order(words)


def is_pattern(text: str) -> bool:
    """Whether this names a category, or with `.*` at its end everything below one."""
    return len(text) <= LONGEST_PATTERN and _PATTERN.fullmatch(text) is not None


def covers(patterns: Collection[str], category: str) -> bool:
    """Whether a key with these patterns is for this category; without any it is for all."""
    return not patterns or any(
        category.startswith(pattern[:-1]) if pattern.endswith(".*") else category == pattern
        for pattern in patterns
    )
