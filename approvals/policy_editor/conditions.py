"""The conditions of the rule that is open: rows, groups of rows, or one text for experts."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from approvals.policies.decimals import read_decimal
from approvals.policy_editor import language
from approvals.policy_editor.inputs import Choice, ChoiceGroup, Fields, Input, choose, many, one
from approvals.policy_editor.language import Known
from approvals.policy_editor.vocabulary import Vocabulary

_ROW: Final = re.compile(r"-c-(\d{1,6})-field$")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
JOINS: Final = (("all", "all of these"), ("any", "at least one of these"), ("not", "none of these"))
Errors = Mapping[str, Sequence[str]]
Offered = list[tuple[str, list[Known]]]


@dataclass(frozen=True)
class Row:
    """One line: field, operator, value. `was` tells the next reading what the value fitted."""

    key: str
    number: int
    group: Input
    field: Input
    operator: Input
    values: tuple[Input, ...]
    was: str
    description: str

    @property
    def quoted(self) -> str:
        return f"{self.key}-quoted"


@dataclass(frozen=True)
class RowGroup:
    """Rows in brackets, with how they are joined. Without a key they stand in the rule itself."""

    key: str
    number: str
    join: Input | None
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class ConditionForm:
    """Everything under "and only if"."""

    join: Input
    parts: tuple[RowGroup, ...]
    text: Input
    is_text: bool
    count: int


def row_numbers(fields: Fields, prefix: str) -> list[int]:
    """Return the numbers of the rows that were sent, ascending."""
    found = (_ROW.search(name) for name in fields if name.startswith(f"{prefix}-c-"))
    return sorted({int(each[1]) for each in found if each})


def is_blank(fields: Fields, row: str) -> bool:
    """Return whether nothing was chosen or typed in a row."""
    return not (one(fields, f"{row}-field") or many(fields, f"{row}-value"))


def filled_rows(fields: Fields, prefix: str) -> list[int]:
    """Return the rows that the document keeps, in its order: a group stands where it begins."""
    groups: dict[str, list[int]] = {}
    for number in row_numbers(fields, prefix):
        row = f"{prefix}-c-{number}"
        if not is_blank(fields, row):
            group = one(fields, f"{row}-group")
            groups.setdefault(f"g{group}" if group else f"c{number}", []).append(number)
    return [number for numbers in groups.values() for number in numbers]


def tidy_rows(fields: Fields, prefix: str, vocabulary: Vocabulary) -> None:
    """Make operator and value fit a field that was changed, and put quotes back.

    A value that was kept as text although it looks like a number is shown without its quotes.
    """
    offered = language.fields_for(vocabulary, many(fields, f"{prefix}-when-category"))
    for number in row_numbers(fields, prefix):
        row = f"{prefix}-c-{number}"
        field, was = one(fields, f"{row}-field"), one(fields, f"{row}-was")
        operator = one(fields, f"{row}-op")
        if was and field != was:
            fields[f"{row}-op"] = fields[f"{row}-value"] = fields[f"{row}-value2"] = ""
        elif field and operator and not language.is_legal(field, operator):
            fields[f"{row}-op"] = ""
        known = language.lookup(field, offered, vocabulary)
        if field and not one(fields, f"{row}-op"):
            fields[f"{row}-op"] = language.operators_for(known)[0][0]
            if known.kind == "boolean":
                fields[f"{row}-value"] = "true"
        if one(fields, f"{row}-quoted") and language.takes(operator) != "list":
            for name in (f"{row}-value", f"{row}-value2"):
                typed = one(fields, name).strip()
                if typed and read_decimal(typed) is not None:
                    fields[name] = json.dumps(typed)


def build_conditions(
    fields: Fields, prefix: str, offered: Offered, vocabulary: Vocabulary, errors: Errors
) -> ConditionForm:
    """Return the inputs of a rule's conditions, in the order of the document."""
    parts: dict[str, list[Row]] = {}
    numbers = row_numbers(fields, prefix)
    for number in numbers:
        key = f"{prefix}-c-{number}"
        group = one(fields, f"{key}-group")
        made = _row(fields, key, number, offered, vocabulary, errors)
        parts.setdefault(group or f"-{number}", []).append(made)
    groups = tuple(
        RowGroup("" if key[0] == "-" else f"{prefix}-g-{key}", key.strip("-"), _join_of(
            fields, prefix, key, errors
        ), tuple(rows))
        for key, rows in parts.items()
    )  # fmt: skip
    text = one(fields, f"{prefix}-text")
    return ConditionForm(
        join=_join(fields, f"{prefix}-join", errors),
        parts=_together(groups),
        text=Input(
            f"{prefix}-text", "Condition as text", "area", text,
            help='For example: payload.amount > 10000 and category.risk = high',
        ).with_errors(errors),
        is_text=bool(text) or f"{prefix}-is-text" in fields,
        count=len(numbers),
    )  # fmt: skip


def _together(groups: Sequence[RowGroup]) -> tuple[RowGroup, ...]:
    """Return neighbouring single rows as one part, so that they are drawn as one list."""
    found: list[RowGroup] = []
    for group in groups:
        if not group.key and found and not found[-1].key:
            found[-1] = RowGroup("", "", None, (*found[-1].rows, *group.rows))
        else:
            found.append(group)
    return tuple(found)


def _join_of(fields: Fields, prefix: str, key: str, errors: Errors) -> Input | None:
    return None if key[0] == "-" else _join(fields, f"{prefix}-g-{key}-join", errors)


def _join(fields: Fields, name: str, errors: Errors) -> Input:
    chosen = one(fields, name) or "all"
    return Input(
        name, "How many must hold", "select", chosen, choose([("", JOINS)], chosen),
        is_label_hidden=True,
    ).with_errors(errors)  # fmt: skip


def _row(
    fields: Fields,
    key: str,
    number: int,
    offered: Offered,
    vocabulary: Vocabulary,
    errors: Errors,
) -> Row:
    name = one(fields, f"{key}-field")
    known = language.lookup(name, offered, vocabulary)
    operators = language.operators_for(known, one(fields, f"{key}-op"))
    operator = one(fields, f"{key}-op") or (operators[0][0] if name else "")
    options = [(head, [(each.name, each.label) for each in found]) for head, found in offered]
    field = Input(
        f"{key}-field", f"Condition {number + 1}: what", "select", name,
        choose(options, name, blank="Choose what to look at…"),
        reshapes=True, is_label_hidden=True,
    )  # fmt: skip
    chosen = Input(
        f"{key}-op", f"Condition {number + 1}: how", "select", operator,
        choose([("", operators)], operator), reshapes=True, is_label_hidden=True,
    )  # fmt: skip
    values = _values(fields, key, number, known, operator) if name else ()
    return Row(
        key=key,
        number=number,
        group=Input(f"{key}-group", "", "hidden", one(fields, f"{key}-group")),
        field=field.with_errors(errors),
        operator=chosen.with_errors(errors),
        values=tuple(each.with_errors(errors) for each in values),
        was=name,
        description=known.description,
    )


def _values(
    fields: Fields, key: str, number: int, known: Known, operator: str
) -> tuple[Input, ...]:
    amount = language.takes(operator)
    label = f"Condition {number + 1}: value"
    if amount == "none":
        return ()
    if amount == "list":
        return (_list(fields, f"{key}-value", label, known),)
    first = _single(fields, f"{key}-value", label, known)
    if amount != "pair":
        return (first,)
    last = _single(fields, f"{key}-value2", f"Condition {number + 1}: up to", known)
    return (first, Input(**(vars(last) | {"joint": "and"})))


def _list(fields: Fields, name: str, label: str, known: Known) -> Input:
    chosen = many(fields, name)
    if known.choices and set(chosen) <= {value for value, _ in known.choices}:
        boxes = tuple(Choice(value, words, value in chosen) for value, words in known.choices)
        return Input(name, label, "checks", groups=(ChoiceGroup("", boxes),), is_label_hidden=True)
    return Input(
        name, label, "lines", "\n".join(chosen), is_label_hidden=True, help="One per line."
    )


def _single(fields: Fields, name: str, label: str, known: Known) -> Input:
    value = one(fields, name)
    if known.kind == "boolean" and value in ("", "true", "false"):
        options = [("true", "yes"), ("false", "no")]
        return Input(
            name, label, "select", value or "true", choose([("", options)], value or "true"),
            is_label_hidden=True,
        )  # fmt: skip
    if known.choices:
        return Input(
            name, label, "select", value, choose([("", known.choices)], value, blank="Choose…"),
            is_label_hidden=True,
        )  # fmt: skip
    if known.kind == "date" and (not value or _DATE.fullmatch(value)):
        return Input(name, label, "date", value, is_label_hidden=True)
    is_number = known.kind == "number"
    bare, is_quoted = _unquote(value) if is_number else (value, False)
    return Input(
        name, label, "number" if is_number else "text", bare, unit=known.unit,
        is_label_hidden=True, is_quoted=is_quoted,
    )  # fmt: skip


def _unquote(value: str) -> tuple[str, bool]:
    """Return a number that is kept as text without its quotes."""
    if _QUOTED.fullmatch(value):
        text = json.loads(value)
        if isinstance(text, str) and read_decimal(text) is not None:
            return text, True
    return value, False
