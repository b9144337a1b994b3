"""Whether the conditions of a policy fit the payloads that its categories describe.

A comparison that a payload can never answer does no harm where it fails closed, but it is not
what its author meant. The publisher is told, with the place and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from approvals.policies import limits
from approvals.policies.fields import PAYLOAD, find_field
from approvals.policies.kinds import Kind
from approvals.policies.operator_table import (
    BY_NAME,
    CONTAINING,
    DATED,
    EQUALITY,
    LISTED,
    NUMERIC,
    PRESENCE,
)
from approvals.policies.operators import compile_operator, kind_of
from approvals.policies.policy import Policy
from approvals.policies.problems import Problem, pointer_to
from approvals.policies.rules import Comparison, Condition, Not, Scalar
from approvals.policies.schema_shapes import Absence, Schema, Shape, find_shape, known_properties
from approvals.policies.shown import listed, show

_TYPE_WORDS: Final = {
    "string": "text",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "nothing",
}
_KIND_WORDS: Final = {
    "number": "a number",
    "text": "text",
    "boolean": "true or false",
    "date": "a date",
    "list": "a list of such values",
}


def check_types(policy: Policy, schemas: Mapping[str, Schema]) -> list[Problem]:
    """What the schemas of the categories say can never be answered or can never occur.

    `schemas` holds the JSON Schema of each category by its key; an empty one says nothing. At
    most as many problems as the parser would report, in the document's order.
    """
    covered: dict[int, list[str]] = {}
    for category in sorted(schemas):
        for planned in policy.plan.candidates(category):
            covered.setdefault(planned.position, []).append(category)
    check = _Check(schemas)
    for position, rule in enumerate(policy.rules):
        if rule.when.conditions is None:
            continue
        pointer = f"/rules/{position}/when/conditions"
        for leaf, place in _walk(rule.when.conditions, pointer):
            check.look_at(leaf, place, covered.get(position, ()))
            if len(check.problems) >= limits.PROBLEMS:
                return check.problems[: limits.PROBLEMS]
    return check.problems


def _walk(condition: Condition, pointer: str) -> Iterator[tuple[Comparison, str]]:
    if isinstance(condition, Comparison):
        yield condition, pointer
    elif isinstance(condition, Not):
        yield from _walk(condition.child, pointer_to(pointer, "not"))
    else:
        (branch,) = condition.to_dict()
        for index, child in enumerate(condition.children):
            yield from _walk(child, pointer_to(pointer_to(pointer, branch), index))


class _Check:
    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self.problems: list[Problem] = []
        self._schemas = schemas
        self._shapes: dict[tuple[str, str], Shape | Absence] = {}

    def look_at(self, leaf: Comparison, pointer: str, categories: Sequence[str]) -> None:
        field = find_field(leaf.field)
        if field is None:
            return
        if not leaf.field.startswith(PAYLOAD):
            self._report_impossible(leaf, pointer, field.choices, "")
            return
        said: dict[str, list[str]] = {}
        unknown: list[str] = []
        for category in categories:
            shape = self._shape(category, leaf.field)
            if shape is Absence.UNKNOWN:
                unknown.append(category)
                continue
            reason = _mismatch(leaf, shape)
            if reason is not None:
                said.setdefault(reason, []).append(category)
            elif isinstance(shape, Shape) and shape.values is not None:
                self._report_impossible(leaf, pointer, shape.values, f" in {category}")
        for reason, where in said.items():
            start = f"{leaf.field} is {reason}"
            self._report(pointer, start.replace("{}", listed(where, most=5)))
        # A rule for many categories may well name what only some of them have.
        if unknown and len(unknown) == len(categories):
            self._report(pointer_to(pointer, "field"), self._unknown(leaf.field, unknown))

    def _shape(self, category: str, name: str) -> Shape | Absence:
        key = category, name
        if key not in self._shapes:
            path = name.removeprefix(PAYLOAD).split(".")
            self._shapes[key] = find_shape(self._schemas[category], path)
        return self._shapes[key]

    def _report(self, pointer: str, message: str) -> None:
        self.problems.append(Problem(pointer, message))

    def _unknown(self, name: str, categories: Sequence[str]) -> str:
        path = name.removeprefix(PAYLOAD)
        known = [each for key in categories for each in known_properties(self._schemas[key])]
        close = difflib.get_close_matches(path, known, n=1)
        hint = f"did you mean {PAYLOAD}{close[0]}" if close else "remove this or name another field"
        return f"{name} can never be given in {listed(categories, most=5)}; {hint}"

    def _report_impossible(
        self, leaf: Comparison, pointer: str, values: Sequence[object], where: str
    ) -> None:
        """Report values of the policy that are none of those there can be."""
        if not values or leaf.op not in EQUALITY | LISTED:
            return
        place = pointer_to(pointer, "value")
        several = leaf.value if isinstance(leaf.value, tuple) else None
        wanted = (leaf.value,) if several is None else several
        for index, value in enumerate(wanted):
            if isinstance(value, Scalar) and not _occurs(value, values):
                choice = listed(map(show, values), "or", most=10)
                spot = place if several is None else pointer_to(place, index)
                self._report(spot, f"{leaf.field} is never {show(value)}{where}; use {choice}")


def _occurs(wanted: Scalar, values: Sequence[object]) -> bool:
    equals = compile_operator("eq", wanted, Kind.ANY)
    return any(equals(value) is True for value in values)


def _mismatch(leaf: Comparison, shape: Shape | Absence) -> str | None:
    """Why the comparison can never be answered; {} stands for the categories."""
    if shape is Absence.NOT_AN_OBJECT:
        return "inside something that is not an object in {}; name another field"
    if not isinstance(shape, Shape) or leaf.op in PRESENCE:
        return None
    wanted = _wanted(leaf)
    if any(_fits(kind, leaf, shape) for kind in wanted):
        return None
    found = listed((_TYPE_WORDS[each] for each in sorted(shape.types - {"null"})), "or")
    needed = listed((_KIND_WORDS[kind] for kind in wanted), "or")
    hint = "compare it with a value of its own type"
    if "number" in wanted and "string" in shape.types:
        hint = "compare it as text, or give it a numeric pattern in the category's schema"
    operator = BY_NAME[leaf.op].words
    return f'{found or "nothing"} in {{}}, and "{operator}" here needs {needed}; {hint}'


def _wanted(leaf: Comparison) -> tuple[str, ...]:
    """The kinds of payload values for which this comparison has an answer."""
    if leaf.op in NUMERIC:
        return ("number",)
    if leaf.op in DATED:
        return ("date",)
    if leaf.op in CONTAINING:
        return ("list",)
    if leaf.op == "contains":
        return ("text", "list") if isinstance(leaf.value, str) else ("list",)
    return (_value_kind(leaf),) if leaf.op in EQUALITY | LISTED else ("text",)


def _value_kind(leaf: Comparison) -> str:
    """The kind of the policy's value, which decides how a payload field is compared."""
    value = leaf.value[0] if isinstance(leaf.value, tuple) else leaf.value
    kind = Kind.TEXT if value is None else kind_of(value, Kind.ANY)
    return {Kind.NUMBER: "number", Kind.BOOLEAN: "boolean"}.get(kind, "text")


def _fits(kind: str, leaf: Comparison, shape: Shape) -> bool:
    if kind == "number":
        text = "string" in shape.types and shape.numeric_text is not False
        return "number" in shape.types or text
    if kind == "boolean":
        return "boolean" in shape.types
    if kind == "list":
        items = shape.items is None or _fits(_value_kind(leaf), leaf, shape.items)
        return "array" in shape.types and items
    dated = not shape.formats or not shape.formats.isdisjoint({"date", "date-time"})
    return "string" in shape.types and (kind == "text" or dated)
