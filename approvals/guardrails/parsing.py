"""Reading a document of guardrails: every mistake with its place, or rules that can be used."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import re2

from approvals.guardrails import limits
from approvals.guardrails.patterns import tenant_pattern, words_pattern
from approvals.guardrails.rules import ACTIONS, DETECTORS, KINDS, Rule, RuleSet

_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_CATEGORY: Final = re.compile(r"\*|[a-z0-9_-]+(\.[a-z0-9_-]+)*(\.\*)?")
_EVERY: Final = frozenset({"id", "kind", "action", "categories"})
_OF_KIND: Final[Mapping[str, frozenset[str]]] = {
    "pii": frozenset({"detectors"}),
    "secret": frozenset({"detectors"}),
    "injection": frozenset({"detectors"}),
    "hidden_text": frozenset({"detectors"}),
    "topic": frozenset({"words", "patterns", "is_allowed_only"}),
    "output": frozenset({"at", "max_characters", "must_match", "must_not_match", "fields"}),
}


@dataclass(frozen=True)
class Problem:
    """One mistake: its JSON pointer and what to do about it."""

    pointer: str
    message: str


class GuardrailsInvalid(ValueError):
    """The document holds no rules that can be used; `problems` says everything that is wrong."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{each.pointer}: {each.message}" for each in problems))
        self.problems = tuple(problems)


def parse_rules(document: Any, *, number: int = 0) -> RuleSet:
    """Return the rules of a document `{"rules": [...]}`. Raises `GuardrailsInvalid`."""
    problems: list[Problem] = []
    found = document.get("rules") if isinstance(document, dict) else None
    if not isinstance(document, dict) or set(document) != {"rules"} or not isinstance(found, list):
        raise GuardrailsInvalid([Problem("", "write an object with a list of rules")])
    if len(found) > limits.RULES:
        raise GuardrailsInvalid([Problem("/rules", f"at most {limits.RULES} rules")])
    rules: list[Rule] = []
    for index, each in enumerate(found):
        reader = _Reader(f"/rules/{index}", each, problems)
        rule = reader.read()
        if rule is not None and rule.id in {former.id for former in rules}:
            reader.report("/id", f"another rule is called {rule.id}; call this one otherwise")
        elif rule is not None:
            rules.append(rule)
    if problems:
        raise GuardrailsInvalid(problems[: limits.PROBLEMS])
    return RuleSet(number, tuple(rules))


class _Reader:
    """Reads one rule and reports what is wrong with it."""

    def __init__(self, pointer: str, given: Any, problems: list[Problem]) -> None:
        self._pointer = pointer
        self._given: dict[str, Any] = given if isinstance(given, dict) else {}
        self._problems = problems
        self._is_object = isinstance(given, dict)

    def report(self, place: str, message: str) -> None:
        self._problems.append(Problem(f"{self._pointer}{place}", message))

    def read(self) -> Rule | None:
        """Return the rule; None when it was reported."""
        before = len(self._problems)
        if not self._is_object:
            self.report("", "write an object")
            return None
        kind = self._choice("kind", KINDS)
        action = self._choice("action", ACTIONS)
        known = _EVERY | _OF_KIND.get(kind, frozenset())
        for name in sorted(set(self._given) - known) if kind else ():
            self.report(f"/{name[:40]}", f"a rule of the kind {kind} has no such field")
        values: dict[str, Any] = {
            "id": self._id(),
            "categories": self._categories(),
            "detectors": self._detectors(kind),
            "words": self._words(),
            "patterns": self._patterns("patterns"),
            "is_allowed_only": self._flag("is_allowed_only"),
            "at": self._at(),
            "max_characters": self._number("max_characters"),
            "must_match": self._patterns("must_match"),
            "must_not_match": self._patterns("must_not_match"),
            "fields": self._texts("fields", limits.FIELDS, limits.POINTER_CHARACTERS),
        }
        if len(self._problems) > before:
            return None
        self._check_says_something(kind, values)
        if len(self._problems) > before:
            return None
        return Rule(kind=kind, action=action, **values)  # type: ignore[arg-type]

    def _check_says_something(self, kind: str, values: dict[str, Any]) -> None:
        if kind == "topic" and not (values["words"] or values["patterns"]):
            self.report("", "name at least one word or pattern")
        demands = ("max_characters", "must_match", "must_not_match", "fields")
        if kind == "output" and all(values[name] in (None, ()) for name in demands):
            self.report("", f"say at least one of {', '.join(demands)}")

    def _choice(self, name: str, choices: tuple[str, ...]) -> str:
        value = self._given.get(name)
        if isinstance(value, str) and value in choices:
            return value
        self.report(f"/{name}", f"write one of {', '.join(choices)}")
        return ""

    def _id(self) -> str:
        value = self._given.get("id")
        if isinstance(value, str) and _ID.fullmatch(value):
            return value
        self.report("/id", "write a name of a-z, 0-9, dash and underscore, at most 60 characters")
        return ""

    def _texts(
        self,
        name: str,
        most: int,
        longest: int,
        is_fit: Callable[[str], bool] = lambda text: True,
    ) -> tuple[str, ...]:
        value = self._given.get(name, [])
        if not isinstance(value, list) or len(value) > most:
            self.report(f"/{name}", f"write a list of at most {most}")
            return ()
        for index, each in enumerate(value):
            fits = isinstance(each, str) and 0 < len(each) <= longest and _is_storable(each)
            if not fits or not each.strip() or not is_fit(each):
                self.report(f"/{name}/{index}", f"write 1 to {longest} fitting characters")
                return ()
        return tuple(dict.fromkeys(value))

    def _categories(self) -> tuple[str, ...]:
        if "categories" not in self._given:
            return ("*",)
        found = self._texts(
            "categories", limits.CATEGORIES, 100, lambda text: bool(_CATEGORY.fullmatch(text))
        )
        if not found:
            self.report("/categories", "name categories such as payments.transfer, payments.* or *")
        return found

    def _detectors(self, kind: str) -> tuple[str, ...]:
        known = DETECTORS.get(kind, {})  # type: ignore[call-overload]
        return self._texts("detectors", 20, 40, lambda text: text in known)

    def _words(self) -> tuple[str, ...]:
        found = self._texts("words", limits.WORDS, limits.WORD_CHARACTERS)
        if found:
            try:
                words_pattern(found)
            except re2.error:
                self.report("/words", "these are too many together; make two rules")
        return found

    def _patterns(self, name: str) -> tuple[str, ...]:
        found = self._texts(name, limits.PATTERNS, 500)
        for index, each in enumerate(found):
            try:
                tenant_pattern(each)
            except re2.error:
                self.report(f"/{name}/{index}", "this is not a pattern that RE2 accepts")
        return found

    def _flag(self, name: str) -> bool:
        value = self._given.get(name, False)
        if not isinstance(value, bool):
            self.report(f"/{name}", "write true or false")
        return value is True

    def _at(self) -> str:
        value = self._given.get("at", "")
        is_fit = isinstance(value, str) and len(value) <= limits.POINTER_CHARACTERS
        if not is_fit or (value and not value.startswith("/")) or not _is_storable(value):
            self.report("/at", "write a JSON pointer such as /payload/body")
            return ""
        return str(value)

    def _number(self, name: str) -> int | None:
        value = self._given.get(name)
        if value is None:
            return None
        fits = isinstance(value, int) and not isinstance(value, bool)
        if not fits or not 1 <= value <= limits.OUTPUT_CHARACTERS:
            self.report(f"/{name}", f"write a number from 1 to {limits.OUTPUT_CHARACTERS}")
            return None
        return int(value)


def _is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold it and RE2 can read it."""
    return "\0" not in text and not any("\ud800" <= each <= "\udfff" for each in text)
