"""The strict reader of documents: checks types and keys, collects every problem with its place.

Each method returns the value when it is good and None when a problem was reported, so that one
pass finds all mistakes.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, cast

from approvals.policies import limits
from approvals.policies.durations import parse_duration
from approvals.policies.problems import pointer_to
from approvals.policies.shown import listed, safe_text, show

SLUG: Final = re.compile(r"[a-z0-9][a-z0-9_-]*", re.ASCII)
_UNSTORABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Finding:
    """A problem before its line is known; `at_key` points at the key rather than its value."""

    pointer: str
    message: str
    at_key: bool = False


class TooManyProblems(Exception):
    """Enough has been reported; reading on would help nobody."""


class Checker:
    """Collects findings while a document is read."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def report(self, pointer: str, message: str, *, at_key: bool = False) -> None:
        """Note one mistake. Raises TooManyProblems at the cap."""
        self.findings.append(Finding(pointer, message, at_key))
        if len(self.findings) >= limits.PROBLEMS:
            raise TooManyProblems

    def mapping(
        self,
        value: object,
        pointer: str,
        *,
        required: Sequence[str] = (),
        optional: Sequence[str] = (),
    ) -> Mapping[str, object] | None:
        """A mapping with these keys and no others; missing and unknown ones are reported."""
        if not isinstance(value, Mapping):
            self.report(pointer, f"write keys and values here, not {show(value)}")
            return None
        known = (*required, *optional)
        for key in value:
            if key not in known:
                self._report_unknown(pointer, key, known)
        for key in required:
            if key not in value:
                self.report(pointer, f"{key} is missing; add it")
        return cast("Mapping[str, object]", value)

    def _report_unknown(self, pointer: str, key: object, known: Collection[str]) -> None:
        name = safe_text(str(key))
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}" if close else f"known here: {', '.join(known)}"
        self.report(pointer_to(pointer, name), f"unknown key {name}; {hint}", at_key=True)

    def items(
        self, value: object, pointer: str, *, most: int, least: int = 1
    ) -> Sequence[object] | None:
        """A list of `least` to `most` items."""
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            self.report(pointer, f"write a list here, not {show(value)}")
            return None
        if not least <= len(value) <= most:
            count = f"{least} to {most}" if least else f"at most {most}"
            self.report(pointer, f"write {count} items here, not {len(value)}")
            return None
        return value

    def text(
        self, value: object, pointer: str, *, most: int = limits.NAME_CHARACTERS
    ) -> str | None:
        """Non-empty text that can be stored and shown."""
        if not isinstance(value, str):
            self.report(pointer, f"write text here, not {show(value)}; put it in quotes")
        elif not value.strip():
            self.report(pointer, "write some text here; it is empty")
        elif len(value) > most:
            self.report(pointer, f"write at most {most} characters here, not {len(value)}")
        elif _UNSTORABLE.search(value):
            self.report(pointer, "remove the control characters or broken Unicode from this text")
        else:
            return value
        return None

    def line(self, value: object, pointer: str) -> str | None:
        """Text that people see as a name: one line, no invisible characters."""
        text = self.text(value, pointer)
        if text is not None and not text.isprintable():
            self.report(pointer, "write one line here, without invisible characters")
            return None
        return text

    def slug(self, value: object, pointer: str) -> str | None:
        """A name for machines and people: lower-case letters, digits, hyphen, underscore."""
        text = self.text(value, pointer)
        if text is not None and not SLUG.fullmatch(text):
            shown = show(text)
            self.report(
                pointer,
                f"write {shown} with lower-case letters, digits, hyphens and underscores only",
            )
            return None
        return text

    def choice(self, value: object, pointer: str, choices: Sequence[str]) -> str | None:
        """One of a few words."""
        if isinstance(value, str) and value in choices:
            return value
        self.report(pointer, f"write {listed(choices, 'or')} here, not {show(value)}")
        return None

    def integer(self, value: object, pointer: str, *, least: int, most: int) -> int | None:
        """A whole number between the bounds; true and false are none."""
        if type(value) is int and least <= value <= most:
            return value
        self.report(pointer, f"write a whole number from {least} to {most} here, not {show(value)}")
        return None

    def boolean(self, value: object, pointer: str) -> bool | None:
        """True or false."""
        if isinstance(value, bool):
            return value
        self.report(pointer, f"write true or false here, not {show(value)}")
        return None

    def duration(self, value: object, pointer: str) -> timedelta | None:
        """A duration of at most the longest deadline."""
        if isinstance(value, str):
            try:
                duration = parse_duration(value)
            except ValueError:
                duration = None
            if duration is not None and duration <= limits.LONGEST_DEADLINE:
                return duration
            if duration is not None:
                self.report(pointer, "write at most 90d here")
                return None
        self.report(
            pointer, f"write a duration such as 30s, 15m, 4h, 2d or PT4H here, not {show(value)}"
        )
        return None
