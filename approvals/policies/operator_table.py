"""The table of operators: how each is written, what it takes, and how it reads in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from approvals.policies.kinds import Kind

Takes = Literal["none", "one", "list", "pair"]


@dataclass(frozen=True)
class Operator:
    """One operator. In the phrases, {} stands for the policy's value.

    `symbol` is how it is written in the text form. `has` follows "has" and a field's name in a
    rule's sentence; `holds` and `fails` follow the field's name and value in a reason, and
    `plural_holds` and `plural_fails` do so for labels.
    """

    name: str
    symbol: str
    takes: Takes
    has: str
    holds: str
    fails: str
    plural_holds: str = ""
    plural_fails: str = ""

    @property
    def words(self) -> str:
        """The operator as a choice in a form: "is over", "contains any of"."""
        return self.holds.replace("{}", "").strip()


_TABLE: Final = (
    Operator("eq", "=", "one", "{}", "is {}", "is not {}"),
    Operator("ne", "!=", "one", "other than {}", "is not {}", "is {}"),
    Operator("gt", ">", "one", "over {}", "is over {}", "is not over {}"),
    Operator("gte", ">=", "one", "of at least {}", "is at least {}", "is not at least {}"),
    Operator("lt", "<", "one", "under {}", "is under {}", "is not under {}"),
    Operator("lte", "<=", "one", "of at most {}", "is at most {}", "is not at most {}"),
    Operator("in", "in", "list", "one of {}", "is one of {}", "is not one of {}"),
    Operator("not_in", "not in", "list", "none of {}", "is not one of {}", "is one of {}"),
    Operator(
        name="contains",
        symbol="contains",
        takes="one",
        has="containing {}",
        holds="contains {}",
        fails="does not contain {}",
        plural_holds="contain {}",
        plural_fails="do not contain {}",
    ),
    Operator(
        name="contains_any",
        symbol="contains any",
        takes="list",
        has="containing any of {}",
        holds="contains any of {}",
        fails="contains none of {}",
        plural_holds="contain any of {}",
        plural_fails="contain none of {}",
    ),
    Operator(
        name="contains_all",
        symbol="contains all",
        takes="list",
        has="containing all of {}",
        holds="contains all of {}",
        fails="does not contain all of {}",
        plural_holds="contain all of {}",
        plural_fails="do not contain all of {}",
    ),
    Operator(
        name="contains_none",
        symbol="contains none",
        takes="list",
        has="containing none of {}",
        holds="contains none of {}",
        fails="contains at least one of {}",
        plural_holds="contain none of {}",
        plural_fails="contain at least one of {}",
    ),
    Operator(
        name="starts_with",
        symbol="starts with",
        takes="one",
        has="starting with {}",
        holds="starts with {}",
        fails="does not start with {}",
    ),
    Operator(
        name="ends_with",
        symbol="ends with",
        takes="one",
        has="ending with {}",
        holds="ends with {}",
        fails="does not end with {}",
    ),
    Operator("matches", "matches", "one", "matching {}", "matches {}", "does not match {}"),
    Operator("before", "before", "one", "before {}", "is before {}", "is not before {}"),
    Operator("after", "after", "one", "after {}", "is after {}", "is not after {}"),
    Operator(
        name="on_or_before",
        symbol="on or before",
        takes="one",
        has="on or before {}",
        holds="is on or before {}",
        fails="is not on or before {}",
    ),
    Operator(
        name="on_or_after",
        symbol="on or after",
        takes="one",
        has="on or after {}",
        holds="is on or after {}",
        fails="is not on or after {}",
    ),
    Operator("exists", "exists", "none", "given", "is given", "is not given"),
    Operator("absent", "is missing", "none", "not given", "is not given", "is given"),
    Operator(
        name="between",
        symbol="between",
        takes="pair",
        has="between {}",
        holds="is between {}",
        fails="is not between {}",
    ),
)
BY_NAME: Final = {operator.name: operator for operator in _TABLE}
OPERATORS: Final = tuple(BY_NAME)

EQUALITY: Final = frozenset({"eq", "ne"})
NUMERIC: Final = frozenset({"gt", "gte", "lt", "lte", "between"})
TEXTUAL: Final = frozenset({"starts_with", "ends_with", "matches"})
DATED: Final = frozenset({"before", "after", "on_or_before", "on_or_after"})
PRESENCE: Final = frozenset({"exists", "absent"})
LISTED: Final = frozenset({"in", "not_in"})
CONTAINING: Final = frozenset({"contains_any", "contains_all", "contains_none"})

BY_KIND: Final[dict[Kind, frozenset[str]]] = {
    Kind.ANY: frozenset(OPERATORS),
    Kind.TEXT: EQUALITY | LISTED | TEXTUAL | PRESENCE | {"contains"},
    Kind.NUMBER: EQUALITY | LISTED | NUMERIC | PRESENCE,
    Kind.BOOLEAN: EQUALITY | PRESENCE,
    Kind.LABELS: CONTAINING | PRESENCE | {"contains"},
    Kind.DATE: EQUALITY | LISTED | DATED | PRESENCE | {"between"},
}
