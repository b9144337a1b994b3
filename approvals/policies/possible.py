"""Whether a rule can match at all, and whether one covers another: read from the rules alone.

Conservative in both: what is not certain is taken as possible, and as not covered. Comparisons
of fields that are missing leave three-valued doubt; where a rule matches out of such doubt is
for the caller to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from approvals.policies.fields import find_field
from approvals.policies.kinds import Field, Kind
from approvals.policies.operator_table import EQUALITY, LISTED, NUMERIC, TEXTUAL
from approvals.policies.operators import kind_of
from approvals.policies.problems import pointer_to
from approvals.policies.ranges import clash, invert, judge, range_of
from approvals.policies.rules import AllOf, Comparison, Condition, Not, When


@dataclass(frozen=True)
class Part:
    """A condition with its negations moved to the leaves. A leaf that cannot be is None."""

    pointer: str
    leaf: Comparison | None = None
    children: tuple[Part, ...] = ()
    is_any: bool = False


@dataclass(frozen=True)
class DeadPart:
    """A part that can never hold, and the fields whose comparisons contradict each other."""

    pointer: str
    fields: tuple[str, ...]


def spread(condition: Condition, pointer: str, *, negated: bool = False) -> Part:
    """The tree with "not" only where no opposite operator says it."""
    if isinstance(condition, Comparison):
        return Part(pointer, leaf=invert(condition) if negated else condition)
    if isinstance(condition, Not):
        return spread(condition.child, pointer_to(pointer, "not"), negated=not negated)
    branch = "all" if isinstance(condition, AllOf) else "any"
    place = pointer_to(pointer, branch)
    children = tuple(
        spread(child, pointer_to(place, index), negated=negated)
        for index, child in enumerate(condition.children)
    )
    return Part(pointer, children=children, is_any=(branch == "any") is not negated)


def walk(part: Part, given: frozenset[str] = frozenset()) -> Iterator[tuple[Part, frozenset[str]]]:
    """Every leaf, with the fields that something around it asks to be given."""
    if part.leaf is not None:
        yield part, given
    inner = given | {leaf.field for leaf in _leaves_of(part) if leaf.op == "exists"}
    for child in part.children:
        yield from walk(child, inner)


def setting_of(when: When) -> list[Comparison]:
    """The parts of `when` beside its conditions, as comparisons of the same meaning."""
    found = []
    if when.environments:
        found.append(Comparison("environment", "in", when.environments))
    if when.agent_tiers:
        found.append(Comparison("agent.tier", "in", when.agent_tiers))
    if when.agent_labels:
        found.append(Comparison("agent.labels", "contains_any", when.agent_labels))
    if not any(name.endswith("*") for name in when.categories):
        found.append(Comparison("category.key", "in", when.categories))
    return found


def find_dead_parts(when: When, pointer: str) -> list[DeadPart]:
    """The outermost parts of the conditions that can never hold; the whole one comes alone."""
    if when.conditions is None:
        return []
    part = spread(when.conditions, pointer)
    return list(_dead(part, setting_of(when)))


def _dead(part: Part, around: Sequence[Comparison]) -> Iterator[DeadPart]:
    fields = _clashing(part, around)
    if fields:
        yield DeadPart(part.pointer, fields)
        return
    inner = [*around, *_leaves_of(part)]
    found = [
        list(_dead(child, inner)) for child in part.children if child.leaf is None or part.is_any
    ]
    whole = [
        each for each, child in zip(found, _looked_at(part), strict=True) if _is_whole(each, child)
    ]
    if whole and (not part.is_any or len(whole) == len(found)):
        named = {name for each in whole for dead in each for name in dead.fields}
        yield DeadPart(part.pointer, tuple(sorted(named)))
        return
    for each in found:
        yield from each


def _looked_at(part: Part) -> list[Part]:
    return [child for child in part.children if child.leaf is None or part.is_any]


def _is_whole(dead: Sequence[DeadPart], part: Part) -> bool:
    return len(dead) == 1 and dead[0].pointer == part.pointer


def _leaves_of(part: Part) -> list[Comparison]:
    """What must hold at once where this part holds."""
    if part.leaf is not None:
        return [part.leaf]
    if part.is_any and len(part.children) != 1:
        return []
    return [leaf for child in part.children for leaf in _leaves_of(child)]


def _clashing(part: Part, around: Sequence[Comparison]) -> tuple[str, ...]:
    """The fields on which what must hold here cannot hold together with what is around it."""
    own = _leaves_of(part)
    names = sorted({leaf.field for leaf in own})
    return tuple(
        name for name in names if clash([leaf for leaf in (*around, *own) if leaf.field == name])
    )


def could_hold(condition: Condition | None, known: Mapping[str, object]) -> bool:
    """Whether the condition may hold or be in doubt when these fields have these values."""
    return condition is None or _known(spread(condition, ""), known) is not False


def _known(part: Part, known: Mapping[str, object]) -> bool | None:
    if part.children:
        judged = [_known(child, known) for child in part.children]
        if part.is_any in judged:
            return part.is_any
        return None if None in judged else not part.is_any
    if part.leaf is None or part.leaf.field not in known:
        return None
    field = find_field(part.leaf.field)
    if field is None:
        return None
    said = judge(part.leaf, known[part.leaf.field], field)
    return said if isinstance(said, bool) else None


def covers(wide: When, narrow: When) -> bool:
    """Whether `wide` applies, or is in doubt, wherever `narrow` applies or is in doubt."""
    return Scope.of(wide).covers(Scope.of(narrow))


@dataclass(frozen=True)
class Scope:
    """What a rule is about, made ready to be compared with many others."""

    when: When
    conditions: Part | None

    @classmethod
    def of(cls, when: When) -> Scope:
        """The scope of a rule."""
        return cls(when, None if when.conditions is None else spread(when.conditions, ""))

    def covers(self, other: Scope) -> bool:
        """As the function `covers`."""
        wide, narrow = self.when, other.when
        return (
            all(any(fits(each, name) for each in wide.categories) for name in narrow.categories)
            and _is_at_least(wide.environments, narrow.environments)
            and _is_at_least(wide.agent_tiers, narrow.agent_tiers)
            and _is_at_least(wide.agent_labels, narrow.agent_labels)
            and self._conditions_cover(other)
        )

    def _conditions_cover(self, other: Scope) -> bool:
        if self.conditions is None:
            return True
        return other.conditions is not None and _follows(other.conditions, self.conditions)


def fits(pattern: str, name: str) -> bool:
    """Whether a pattern meets a category, or all that a narrower pattern meets."""
    if pattern in {"*", name}:
        return True
    return pattern.endswith(".*") and name.startswith(pattern[:-1])


def _is_at_least(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    return not wide or (bool(narrow) and set(narrow) <= set(wide))


def _follows(narrow: Part, wide: Part) -> bool:
    """Whether `wide` follows from `narrow`."""
    if narrow.children and narrow.is_any:
        return all(_follows(child, wide) for child in narrow.children)
    if wide.children and not wide.is_any:
        return all(_follows(narrow, child) for child in wide.children)
    if narrow.children and any(_follows(child, wide) for child in narrow.children):
        return True
    if wide.children:
        return any(_follows(narrow, child) for child in wide.children)
    return narrow.leaf is not None and wide.leaf is not None and _implies(narrow.leaf, wide.leaf)


def _implies(narrow: Comparison, wide: Comparison) -> bool:
    if narrow.field != wide.field:
        return False
    if narrow == wide:
        return True
    field = find_field(narrow.field)
    if field is None or wide.op in {"exists", "absent"}:
        return False
    first, second = range_of(narrow), range_of(wide)
    if first is not None and second is not None and field.kind is not Kind.DATE:
        return first.is_within(second)
    if narrow.op in {"eq", "in"} and _type_of(narrow, field) == _type_of(wide, field):
        return all(judge(wide, value, field) is True for value in _listed(narrow))
    if narrow.op == wide.op == "starts_with":
        return str(narrow.value).startswith(str(wide.value))
    return False


def _type_of(leaf: Comparison, field: Field) -> Kind | None:
    """What kind of value a comparison can answer for; None where that is not one kind.

    Two of different kinds are in doubt for different values, so that one never implies the other.
    """
    if leaf.op in NUMERIC:
        return Kind.NUMBER if field.kind is not Kind.DATE else None
    if leaf.op in TEXTUAL:
        return Kind.TEXT
    if leaf.op not in EQUALITY | LISTED:
        return None
    value = _listed(leaf)[0]
    return kind_of(value, field.kind) if isinstance(value, str | int | float) else None


def _listed(leaf: Comparison) -> Sequence[object]:
    return leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
