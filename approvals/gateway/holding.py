"""An answer as it streams in: a window of it is held back, so that what spans pieces is found.

What is let go was looked through together with the `WINDOW` characters that follow it and those
that went before, and never ends inside of a word. So nothing up to half a window long goes out in
parts, however the model cuts its answer. What is longer is found when it can be, which ends the
stream or masks the rest, but what went out before stays out.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from approvals.guardrails import GuardrailFinding, Rule, RuleSet, redact, scan

WINDOW: Final = 256
_SETTLED: Final = WINDOW // 2
_LONGEST_WORD: Final = 8_192  # such as a token or a key in Base64: longer ones are cut
_MOST_HELD: Final = 32_768
_STRIDE: Final = 24  # new characters before it is looked through again
Path = tuple[str | int, ...]


class Stopped(Exception):
    """The guardrails refuse the answer, or want a person for it."""

    def __init__(self, findings: Iterable[GuardrailFinding]) -> None:
        super().__init__()
        self.findings = tuple(findings)


def is_about_the_whole(rule: Rule) -> bool:
    """Whether a rule can only be judged when the whole answer is there."""
    return bool(rule.is_allowed_only or rule.max_characters or rule.must_match or rule.fields)


def is_strict(rule: Rule) -> bool:
    """Whether what the rule finds may not simply go out."""
    return rule.action != "warn"


def placed(path: Path, text: str) -> Any:
    """Return a value in which the text stands at its place, as rules look for it."""
    value: Any = text
    for part in reversed(path):
        value = {part: value} if isinstance(part, str) else [*([None] * part), value]
    return value


class Channel:
    """One text of an answer as it comes in; `findings` is what was found in it so far."""

    def __init__(self, path: Path, rules: RuleSet, *, category: str) -> None:
        self.path = path
        self.findings: list[GuardrailFinding] = []
        self._rules = rules
        self._category = category
        own = tuple(rules.for_category(category))
        self._looks = bool(own)
        self._holds = any(map(is_strict, own))  # what only warns is looked at when all is there
        self._text = ""  # what went out last, for what begins in it, and what is held
        self._sent = 0  # how much of it went out
        self._base = 0  # where it begins in the whole
        self._seen = 0  # how much of it was looked through
        self._known: set[tuple[str, str, int]] = set()

    def push(self, text: str) -> str:
        """Take what came in and return what may go out. Raises `Stopped`."""
        if not self._looks:
            return text
        self._text += text
        if not self._holds:
            return text
        # The more is held, the rarer: a text of any length costs time in proportion to it.
        is_due = len(self._text) - self._seen >= max(_STRIDE, self.held // 8)
        return self._release(is_last=False) if is_due else ""

    @property
    def held(self) -> int:
        """How many characters wait."""
        return len(self._text) - self._sent if self._holds else 0

    def finish(self) -> str:
        """Return what is left. Raises `Stopped`."""
        if self._holds:
            return self._release(is_last=True)
        if self._looks:
            self._noted(scan(placed(self.path, self._text), self._rules, category=self._category))
        return ""

    def _release(self, *, is_last: bool) -> str:
        self._seen = length = len(self._text)
        held = length - self._sent
        if not is_last and held <= WINDOW:
            return ""
        is_over = held > _MOST_HELD
        found = [
            each
            for each in scan(
                placed(self.path, self._text), self._rules, category=self._category
            )
            if each.end > self._sent
        ]  # fmt: skip
        settled = [
            each for each in found if is_last or is_over or each.end <= length - _SETTLED
        ]  # fmt: skip
        if strict := [each for each in settled if each.action in ("refuse", "ask")]:
            raise Stopped(self._noted(settled) or strict)
        border = length if is_last else self._border(found, settled, is_over=is_over)
        masks = [each for each in settled if each.action == "mask" and each.start < border]
        self._noted(each for each in settled if each.start < border)
        shown = self._shown(masks, border)
        self._forget(border)
        return shown

    def _border(
        self, found: list[GuardrailFinding], settled: list[GuardrailFinding], *, is_over: bool
    ) -> int:
        """Return up to where it may go out: in front of what is not settled, between words."""
        length = len(self._text)
        border = length - WINDOW
        if not is_over:
            for each in sorted(found, key=lambda one: one.start, reverse=True):
                if each not in settled and each.start < border:
                    border = each.start
        border = self._between_words(max(border, self._sent))
        # A mask goes out whole.
        for each in sorted(settled, key=lambda one: one.start):
            if each.action == "mask" and each.start < border:
                border = max(border, each.end)
        return max(border, self._sent)

    def _between_words(self, border: int) -> int:
        place = border
        while place > self._sent and _is_of_word(self._text[place - 1], self._text[place]):
            place -= 1
        if place == self._sent and border - self._sent > _LONGEST_WORD:
            return border
        return place

    def _shown(self, masks: list[GuardrailFinding], border: int) -> str:
        shifted = [
            replace(
                each,
                pointer="",
                start=max(each.start, self._sent) - self._sent,
                end=min(each.end, border) - self._sent,
            )
            for each in masks
        ]
        return str(redact(self._text[self._sent : border], shifted))

    def _noted(self, found: Iterable[GuardrailFinding]) -> list[GuardrailFinding]:
        """Keep what was not found before, by its place in the whole; return what was new."""
        new = []
        for each in found:
            where = (each.rule, each.detector, self._base + each.start)
            if where not in self._known:
                self._known.add(where)
                new.append(replace(each, start=self._base + each.start, end=self._base + each.end))
        self.findings += new
        return new

    def _forget(self, border: int) -> None:
        self._sent = border
        cut = max(border - WINDOW, 0)
        while 0 < cut < border and _is_of_word(self._text[cut - 1], self._text[cut]):
            cut += 1
        self._text = self._text[cut:]
        self._sent -= cut
        self._base += cut
        self._seen -= cut


def _is_of_word(before: str, after: str) -> bool:
    """Whether two neighbours belong to one word, number, address or key."""
    return _is_letter(before) and _is_letter(after)


def _is_letter(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character in "-_.+/=@%~:")
