"""One generated sentence per rule: what people read, compare between versions, and sign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from approvals.policies import limits
from approvals.policies.durations import duration_in_words
from approvals.policies.fields import find_field
from approvals.policies.flows import Escalation, Flow, Reference, Seat, Stage
from approvals.policies.operator_table import BY_NAME
from approvals.policies.rules import (
    DENY,
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Not,
    Rule,
    When,
)
from approvals.policies.shown import listed, safe_text, show

if TYPE_CHECKING:
    # A policy's plan holds its sentences, so at run time the policy is the higher module.
    from approvals.policies.policy import Policy

_EXPIRES: Final = "nobody answering means it expires"


def describe_with_flow(rule: Rule, flow: Flow | None) -> str:
    """The sentence of a rule whose flow is at hand (`None` unless it requires approval)."""
    when = f"When {_describe_when(rule.when)}"
    if flow is None:
        ending = "it is denied" if rule.then == DENY else "it is allowed without asking anybody"
        return f"{when}: {ending}."
    duties = "" if rule.separation_of_duties else "; the agent's owner may be one of them"
    return f"{when}: {_flow_words(flow)}{duties}; {_EXPIRES}."


def describe_flow(flow: Flow) -> str:
    """The flow as a sentence of its own: who, in which order, by when, and what then."""
    words = _flow_words(flow)
    return f"{words[0].upper()}{words[1:]}; {_EXPIRES}."


def describe_default(flow: Flow | None) -> str:
    """What happens when no rule matches; `None` stands for the default `deny`."""
    if flow is None:
        return "When no rule matches: it is denied."
    return f"When no rule matches: {_flow_words(flow)}; {_EXPIRES}."


def name_reference(reference: Reference) -> str:
    """ "Finance" for group finance, "anybody with the role compliance", or the address."""
    if reference.kind == "group":
        words = reference.ref.replace("-", " ").replace("_", " ")
        return f"{words[0].upper()}{words[1:]}"
    return f"the role {reference.ref}" if reference.kind == "role" else reference.ref


def name_seat(seat: Seat) -> str:
    """ "2 from Finance", "1 with the role compliance", "alice@example.com"."""
    if seat.kind == "person":
        return seat.ref
    return f"{seat.count} {'from' if seat.kind == 'group' else 'with'} {name_reference(seat)}"


def _flow_words(flow: Flow) -> str:
    if len(flow.stages) == 1:
        return _stage_words(flow.stages[0])
    return "; then ".join(
        f"{'first ' if not position else ''}{_stage_words(stage)}"
        for position, stage in enumerate(flow.stages)
    )


def _stage_words(stage: Stage) -> str:
    seats = listed(name_seat(seat) for seat in stage.seats)
    words = [f"{seats} must approve within {duration_in_words(stage.deadline)}"]
    if stage.reminders:
        words.append(f"reminders after {listed(map(duration_in_words, stage.reminders))}")
    words.extend(_escalation_words(each) for each in stage.escalations)
    return "; ".join(words)


def _escalation_words(escalation: Escalation) -> str:
    added = listed(name_reference(each) for each in escalation.add)
    one_person = len(escalation.add) == 1 and escalation.add[0].kind == "person"
    verb = "is" if one_person else "are"
    return f"after {duration_in_words(escalation.after)} {added} {verb} added"


def _describe_when(when: When) -> str:
    categories = listed(when.categories, "or")
    words = ["anything" if "*" in when.categories else categories]
    if when.environments:
        words.append(f"in {listed(when.environments, 'or')}")
    agent = []
    if when.agent_labels:
        agent.append(f"labelled {listed(when.agent_labels, 'or')}")
    if when.agent_tiers:
        agent.append(f"of tier {listed(when.agent_tiers, 'or')}")
    if agent:
        words.append(f"by an agent {' and '.join(agent)}")
    if when.conditions is not None:
        words.append(f"has {describe_condition(when.conditions)}")
    return " ".join(words)


def describe_condition(condition: Condition, *, nested: bool = False) -> str:
    """The tree in words, with brackets where "and" and "or" would otherwise be read together."""
    if isinstance(condition, Comparison):
        return _comparison_words(condition)
    if isinstance(condition, Not):
        return f"not ({describe_condition(condition.child)})"
    joint = " and " if isinstance(condition, AllOf) else " or "
    words = joint.join(describe_condition(child, nested=True) for child in condition.children)
    bracketed = nested and isinstance(condition, AllOf | AnyOf) and len(condition.children) > 1
    return f"({words})" if bracketed else words


def _comparison_words(comparison: Comparison) -> str:
    field = find_field(comparison.field)
    name = field.words if field is not None else comparison.field
    value = comparison.value
    # Nothing is shortened here: two versions that differ must differ in their sentences.
    if isinstance(value, tuple):
        conjunction = "or" if comparison.op == "in" else "and"
        shown = listed((show(each, limits.VALUE_CHARACTERS) for each in value), conjunction)
    else:
        shown = show(value, limits.VALUE_CHARACTERS)
    says = BY_NAME[comparison.op].has.replace("{}", shown)
    return f"{safe_text(name, limits.FIELD_CHARACTERS)} {says}"


def describe_rule(rule: Rule, *, policy: Policy) -> str:
    """The one generated sentence of a rule of this policy."""
    return describe_with_flow(rule, None if rule.flow is None else policy.flows[rule.flow])


def describe_policy(policy: Policy) -> list[str]:
    """One sentence per rule, in the document's order, and one for the default at the end."""
    default = None if policy.default_flow is None else policy.flows[policy.default_flow]
    sentences = [describe_rule(rule, policy=policy) for rule in policy.rules]
    return [*sentences, describe_default(default)]
