"""Rules and their conditions as typed, immutable values. A bad one is stopped by the parser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from approvals.policies.obligations import Obligations

Outcome = Literal["allow", "deny", "require_approval"]
ALLOW: Final = "allow"
DENY: Final = "deny"
REQUIRE_APPROVAL: Final = "require_approval"
OUTCOMES: Final[tuple[Outcome, ...]] = (ALLOW, DENY, REQUIRE_APPROVAL)

Scalar: TypeAlias = str | int | float | bool
ConditionValue: TypeAlias = Scalar | tuple[Scalar, ...] | None


@dataclass(frozen=True)
class Comparison:
    """A leaf: one field, one operator, and the value that the operator needs, if any."""

    field: str
    op: str
    value: ConditionValue = None

    def to_dict(self) -> dict[str, object]:
        """As in the document."""
        data: dict[str, object] = {"field": self.field, "op": self.op}
        if self.value is not None:
            data["value"] = list(self.value) if isinstance(self.value, tuple) else self.value
        return data


@dataclass(frozen=True)
class AllOf:
    """True when every child is."""

    children: tuple[Condition, ...]

    def to_dict(self) -> dict[str, object]:
        """As in the document."""
        return {"all": [child.to_dict() for child in self.children]}


@dataclass(frozen=True)
class AnyOf:
    """True when at least one child is."""

    children: tuple[Condition, ...]

    def to_dict(self) -> dict[str, object]:
        """As in the document."""
        return {"any": [child.to_dict() for child in self.children]}


@dataclass(frozen=True)
class Not:
    """True when the child is false; unevaluable when the child is."""

    child: Condition

    def to_dict(self) -> dict[str, object]:
        """As in the document."""
        return {"not": self.child.to_dict()}


Condition: TypeAlias = Comparison | AllOf | AnyOf | Not


def leaves(condition: Condition) -> Iterator[Comparison]:
    """Every comparison of a tree, from left to right."""
    if isinstance(condition, Comparison):
        yield condition
    elif isinstance(condition, Not):
        yield from leaves(condition.child)
    else:
        for child in condition.children:
            yield from leaves(child)


@dataclass(frozen=True)
class When:
    """What a rule applies to. Empty tuples mean "any"; every part that is given must fit."""

    categories: tuple[str, ...]
    environments: tuple[str, ...] = ()
    agent_labels: tuple[str, ...] = ()
    agent_tiers: tuple[str, ...] = ()
    conditions: Condition | None = None

    def to_dict(self) -> dict[str, object]:
        """As in the document; parts that are not given are left out."""
        data: dict[str, object] = {"category": list(self.categories)}
        if self.environments:
            data["environment"] = list(self.environments)
        agent: dict[str, object] = {}
        if self.agent_labels:
            agent["labels"] = list(self.agent_labels)
        if self.agent_tiers:
            agent["tiers"] = list(self.agent_tiers)
        if agent:
            data["agent"] = agent
        if self.conditions is not None:
            data["conditions"] = self.conditions.to_dict()
        return data


@dataclass(frozen=True)
class Rule:
    """When … then …; `flow` is set if and only if the rule requires approval."""

    id: str
    when: When
    then: Outcome
    flow: str | None = None
    separation_of_duties: bool = True
    note: str | None = None
    obligations: Obligations | None = None

    def to_dict(self) -> dict[str, object]:
        """As in the document, with the default for separation of duties filled in."""
        data: dict[str, object] = {"id": self.id, "when": self.when.to_dict(), "then": self.then}
        if self.flow is not None:
            data["flow"] = self.flow
            data["separation_of_duties"] = self.separation_of_duties
        if self.note is not None:
            data["note"] = self.note
        if self.obligations is not None:
            data["obligations"] = self.obligations.to_dict()
        return data
