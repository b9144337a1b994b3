"""Conditions on what is often, or always, missing: such a rule counts as matched, or never does.

A rule that denies or asks for approval counts as matched when its field is missing, one that
allows as not matched (domain page, section 3, point 4).
"""

from collections.abc import Iterator
from typing import Final

from approvals.linting.lint import Lint, Matter, name_rule, quoted
from approvals.policies import ALLOW, Rule
from approvals.policies.fields import PAYLOAD, find_field
from approvals.policies.kinds import Field
from approvals.policies.operator_table import PRESENCE
from approvals.policies.possible import spread, walk
from approvals.policies.schema_shapes import is_required
from approvals.policies.shown import listed

_OF_RUN: Final = frozenset({"run", "lineage"})
_OPTIONAL: Final = frozenset(
    {"confidence", "estimated_cost.amount", "estimated_cost.currency", "estimated_cost.tokens",
     "on_behalf_of", "integration"}
)  # fmt: skip
_MOST: Final = 5


def find_doubtful_fields(matter: Matter) -> Iterator[Lint]:
    """Say what a rule makes of requests that lack a field which it looks at. Once for each."""
    for place, rule in matter.placed:
        if rule.when.conditions is None:
            continue
        seen: set[str] = set()
        for part, given in walk(spread(rule.when.conditions, f"{place}/when/conditions")):
            leaf = part.leaf
            if leaf is None or leaf.op in PRESENCE or leaf.field in seen | given:
                continue
            seen.add(leaf.field)
            field = find_field(leaf.field)
            if field is not None:
                yield from _look(matter, rule, field, part.pointer)


def _look(matter: Matter, rule: Rule, field: Field, where: str) -> Iterator[Lint]:
    if never := _never_given(matter, field):
        effect = (
            "so it never matches"
            if rule.then == ALLOW
            else "so it counts as matched, whatever the request says"
        )
        yield Lint(
            "warning", where, f"{name_rule(rule)} looks at “{field.words}”: {never}, {effect}."
        )
        return
    lacking = _lacking(matter, rule, field)
    if lacking:
        effect = "does not match there" if rule.then == ALLOW else "counts as matched there"
        yield Lint(
            "warning",
            where,
            f"{name_rule(rule)} looks at “{field.words}”, which {listed(lacking, most=_MOST)}"
            f" cannot have{_because(field)}; it {effect}.",
        )
    elif rule.then != ALLOW and (why := _often_missing(matter, rule, field)):
        without = "that belongs to no run" if field.need in _OF_RUN else f"without {field.words}"
        yield Lint(
            "hint",
            where,
            f"{name_rule(rule)} counts as matched for a request {without}: {why}.",
        )


def _never_given(matter: Matter, field: Field) -> str:
    """Return why the field is missing in every request here, or an empty string."""
    if field.need == "guardrails" and not matter.runs_guardrails:
        return "no guardrail runs"
    if field.need == "business_hours" and not matter.staff.tenant.business_days:
        return "no business hours are set in the settings"
    return ""


def _lacking(matter: Matter, rule: Rule, field: Field) -> list[str]:
    """Return the categories that say nothing of what the field is made from."""
    source = {
        "history.first_for_target": "target_field",
        "history.amount_ratio": "amount_field",
        "category.cost_class": "cost_class",
    }.get(field.name)
    if source is None:
        return []
    return [each.key for each in matter.categories_of(rule) if not getattr(each, source)]


def _because(field: Field) -> str:
    if field.name == "category.cost_class":
        return " because no cost class is set for it"
    what = "target" if field.name == "history.first_for_target" else "amount"
    return f" because the category does not say which field holds the {what}"


def _often_missing(matter: Matter, rule: Rule, field: Field) -> str:
    """Return why a request may well lack the field, or an empty string."""
    if field.name in _OPTIONAL:
        return "agents need not give it"
    if field.need in _OF_RUN:
        return "agents need not name one"
    if not field.name.startswith(PAYLOAD):
        return ""
    path = field.name.removeprefix(PAYLOAD).split(".")
    free = [
        each.key
        for each in matter.categories_of(rule)
        if not is_required(each.payload_schema, path)
    ]
    if not free:
        return ""
    name = quoted([".".join(path)])[0]
    return (
        f"the schema of {listed(free, most=_MOST)} does not require {name}."
        f" Require it there, or add the condition that {name} is given"
    )
