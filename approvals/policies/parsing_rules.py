"""Reading `rules`: what each applies to, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import cast

from approvals.policies import limits
from approvals.policies.checking import Checker
from approvals.policies.fields import CATEGORY_PATTERN
from approvals.policies.parsing_conditions import parse_conditions
from approvals.policies.parsing_obligations import parse_obligations
from approvals.policies.plan import DEFAULT_RULE
from approvals.policies.problems import pointer_to
from approvals.policies.rules import OUTCOMES, REQUIRE_APPROVAL, Outcome, Rule, When
from approvals.policies.shown import listed, show
from approvals.policies.text_form import check_condition_text


def parse_rules(
    checker: Checker, value: object, pointer: str, flow_names: Collection[str]
) -> tuple[Rule, ...]:
    """The rules that are in order; the others are reported. An empty list is a policy too."""
    items = checker.items(value, pointer, most=limits.RULES, least=0) or ()
    rules: list[Rule] = []
    seen: set[str] = set()
    for index, item in enumerate(items):
        place = pointer_to(pointer, index)
        rule = _parse_rule(checker, item, place, flow_names)
        if rule is None:
            continue
        if rule.id in seen:
            where = pointer_to(place, "id")
            checker.report(where, f"another rule is called {rule.id}; choose a new id")
        seen.add(rule.id)
        rules.append(rule)
    return tuple(rules)


def _parse_rule(
    checker: Checker, value: object, pointer: str, flow_names: Collection[str]
) -> Rule | None:
    data = checker.mapping(
        value,
        pointer,
        required=("id", "when", "then"),
        optional=("flow", "separation_of_duties", "note", "obligations"),
    )
    if data is None:
        return None
    rule_id = _parse_id(checker, data, pointer)
    when = (
        _parse_when(checker, data["when"], pointer_to(pointer, "when")) if "when" in data else None
    )
    then = None
    if "then" in data:
        then = checker.choice(data["then"], pointer_to(pointer, "then"), OUTCOMES)
    note = None
    if "note" in data:
        place = pointer_to(pointer, "note")
        note = checker.text(data["note"], place, most=limits.NOTE_CHARACTERS)
    if then is None:
        return None
    flow, duties = _parse_approval(checker, data, pointer, then, flow_names)
    obligations = None
    if "obligations" in data:
        place = pointer_to(pointer, "obligations")
        obligations = parse_obligations(checker, data["obligations"], place, then)
    if rule_id is None or when is None:
        return None
    return Rule(rule_id, when, cast("Outcome", then), flow, duties, note, obligations)


def _parse_id(checker: Checker, data: Mapping[str, object], pointer: str) -> str | None:
    if "id" not in data:
        return None
    place = pointer_to(pointer, "id")
    rule_id = checker.slug(data["id"], place)
    if rule_id == DEFAULT_RULE:
        checker.report(place, "default names the policy's default; choose another id")
        return None
    return rule_id


def _parse_approval(
    checker: Checker,
    data: Mapping[str, object],
    pointer: str,
    then: str,
    flow_names: Collection[str],
) -> tuple[str | None, bool]:
    """Flow and separation of duties, which belong to `require_approval` and to nothing else."""
    if then != REQUIRE_APPROVAL:
        for key in ("flow", "separation_of_duties"):
            if key in data:
                place = pointer_to(pointer, key)
                message = f"remove {key}; only then: require_approval has one"
                checker.report(place, message, at_key=True)
        return None, True
    duties = True
    if "separation_of_duties" in data:
        place = pointer_to(pointer, "separation_of_duties")
        duties = checker.boolean(data["separation_of_duties"], place) is not False
    if "flow" not in data:
        checker.report(pointer, "flow is missing; name the flow that decides")
        return None, duties
    flow = parse_flow_name(checker, data["flow"], pointer_to(pointer, "flow"), flow_names)
    return flow, duties


def parse_flow_name(
    checker: Checker, value: object, pointer: str, flow_names: Collection[str]
) -> str | None:
    """The name of a flow that the document defines."""
    name = checker.slug(value, pointer)
    if name is not None and name not in flow_names:
        known = listed(flow_names, "or", most=5)
        hint = f"use {known}" if known else "define it under flows"
        checker.report(pointer, f"there is no flow {name}; {hint}")
        return None
    return name


def _parse_when(checker: Checker, value: object, pointer: str) -> When | None:
    before = len(checker.findings)
    data = checker.mapping(
        value,
        pointer,
        required=("category",),
        optional=("environment", "agent", "conditions"),
    )
    if data is None or "category" not in data:
        return None
    categories = _names(checker, data["category"], pointer_to(pointer, "category"), _category)
    environments: tuple[str, ...] = ()
    if "environment" in data:
        place = pointer_to(pointer, "environment")
        environments = _names(checker, data["environment"], place, Checker.slug)
    labels, tiers = _parse_agent(checker, data, pointer)
    conditions = None
    if "conditions" in data:
        place = pointer_to(pointer, "conditions")
        raw = data["conditions"]
        if isinstance(raw, str):
            conditions = check_condition_text(checker, raw, place)
        else:
            conditions = parse_conditions(checker, raw, place)
    if len(checker.findings) > before:
        return None
    return When(categories, environments, labels, tiers, conditions)


def _parse_agent(
    checker: Checker, data: Mapping[str, object], pointer: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if "agent" not in data:
        return (), ()
    place = pointer_to(pointer, "agent")
    agent = checker.mapping(data["agent"], place, optional=("labels", "tiers"))
    if agent is None:
        return (), ()
    if not agent:
        checker.report(place, "write labels or tiers here, or remove agent")
    labels, tiers = (
        _names(checker, agent[key], pointer_to(place, key), Checker.slug) if key in agent else ()
        for key in ("labels", "tiers")
    )
    return labels, tiers


def _category(checker: Checker, value: object, pointer: str) -> str | None:
    text = checker.text(value, pointer)
    if text is not None and not CATEGORY_PATTERN.fullmatch(text):
        checker.report(
            pointer,
            f"write a category such as payments.transfer, payments.* or *, not {show(text)}",
        )
        return None
    return text


def _names(
    checker: Checker,
    value: object,
    pointer: str,
    parse: Callable[[Checker, object, str], str | None],
) -> tuple[str, ...]:
    """One name or a list of different names."""
    if isinstance(value, str):
        name = parse(checker, value, pointer)
        return () if name is None else (name,)
    items = checker.items(value, pointer, most=limits.NAMES_IN_LIST) or ()
    names: list[str] = []
    for index, item in enumerate(items):
        place = pointer_to(pointer, index)
        name = parse(checker, item, place)
        if name in names:
            checker.report(place, f"{name} is already in this list; remove it")
        elif name is not None:
            names.append(name)
    return tuple(names)
