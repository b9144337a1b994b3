"""Differences between two policies in words, for whoever signs the change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from approvals.policies.comparing_flows import Gap
from approvals.policies.describing import describe_condition
from approvals.policies.implying import Answer
from approvals.policies.plan import DEFAULT_RULE
from approvals.policies.policy import Policy
from approvals.policies.rules import ALLOW, DENY, AllOf, Comparison, Condition, Rule, When
from approvals.policies.shown import listed, shorten

_LONGEST = 600
_DOES = {"deny": "denies", "require_approval": "asks people", "allow": "allows"}
_DID = {"deny": "denied", "require_approval": "asked people", "allow": "allowed"}


class Kind(Enum):
    """In which way outcomes could become looser."""

    REMOVED = "a rule that denied or asked people is gone"
    OUTCOME = "a rule has a looser outcome"
    NARROWED = "a rule that denies or asks people applies to less"
    FLOW = "a rule asks less of people"
    OPENED = "a rule lets something through that was left to the default"
    DEFAULT = "the default has a looser outcome"
    OBLIGATIONS = "a rule asks for less beside its outcome"


@dataclass(frozen=True)
class Finding:
    """One way in which outcomes could be looser on one side; `answer` is never YES."""

    kind: Kind
    rule_id: str
    answer: Answer
    gaps: tuple[Gap, ...] = ()


def say(finding: Finding, old: Policy, new: Policy, *, weakens: bool) -> str:
    """Return what happened between old and new; `weakens` where the new side is the looser one."""
    former = next((each for each in old.rules if each.id == finding.rule_id), None)
    present = next((each for each in new.rules if each.id == finding.rule_id), None)
    sentence = _sentence(finding, former, present, weakens=weakens)
    if finding.answer is Answer.UNKNOWN and weakens:
        sentence = f"{sentence[:-1]}; whether that weakens anything cannot be told."
    return shorten(sentence, _LONGEST)


def _sentence(finding: Finding, former: Rule | None, present: Rule | None, *, weakens: bool) -> str:
    name = f"Rule {finding.rule_id}"
    match finding.kind:
        case Kind.DEFAULT if weakens:
            return "What no rule names was denied; now people are asked, who can approve it."
        case Kind.DEFAULT:
            return "What no rule names was put to people; now it is denied."
        case Kind.FLOW | Kind.OBLIGATIONS if finding.gaps:
            return f"{_subject(finding)} {_gap_words(finding.gaps, weakens=weakens)}."
    if former is None and present is not None:
        return f"{name} is new: {_new_words(present)}."
    if present is None and former is not None:
        return f"{name} is gone: what it {_DID[former.then]} {_gone_words(former)}."
    if former is None or present is None:
        return f"{name} changed."
    if former.then != present.then:
        sentence = f"{name} {_DID[former.then]}; now it {_DOES[present.then]}"
        changed = "; ".join(_changes(former.when, present.when))
        return f"{sentence}, and its scope changed: {changed}." if changed else f"{sentence}."
    changed = "; ".join(_changes(former.when, present.when))
    return f"{name} {_DOES[present.then]} {_more_or_less(finding.kind, weakens)}: {changed}."


def _subject(finding: Finding) -> str:
    if finding.rule_id == DEFAULT_RULE:
        return "What no rule names asks for"
    return f"Rule {finding.rule_id} asks for"


def _gap_words(gaps: Iterable[Gap], *, weakens: bool) -> str:
    parts = []
    for gap in gaps:
        before, after = (gap.stricter, gap.looser) if weakens else (gap.looser, gap.stricter)
        place = f" in stage {gap.stage}" if gap.stage else ""
        parts.append(f"“{after}” instead of “{before}”{place}")
    return "; ".join(parts)


def _new_words(rule: Rule) -> str:
    if rule.then == DENY:
        return "it denies what it names"
    if rule.then == ALLOW:
        return "it allows what it names without asking anybody"
    return "it asks people about what it names"


def _gone_words(rule: Rule) -> str:
    if rule.then == ALLOW:
        return "is left to the other rules and the default"
    what = "denied" if rule.then == DENY else "asked"
    return f"is {what} no more, unless another rule or the default does"


def _more_or_less(kind: Kind, weakens: bool) -> str:
    # A rule that denies or asks weakens by naming less; one that lets through, by naming more.
    return "in more cases" if weakens is (kind is Kind.OPENED) else "in fewer cases"


def _changes(old: When, new: When) -> Iterator[str]:
    yield from _names("category", old.categories, new.categories)
    yield from _names("environment", old.environments, new.environments, empty="any")
    yield from _names("agent label", old.agent_labels, new.agent_labels, empty="any")
    yield from _names("agent tier", old.agent_tiers, new.agent_tiers, empty="any")
    if old.conditions != new.conditions:
        yield from _conditions(_parts(old.conditions), _parts(new.conditions))


def _names(what: str, old: tuple[str, ...], new: tuple[str, ...], empty: str = "") -> Iterator[str]:
    if set(old) != set(new):
        yield f"{what} {listed(new, 'or') or empty} instead of {listed(old, 'or') or empty}"


def _parts(condition: Condition | None) -> list[Condition]:
    if condition is None:
        return []
    return list(condition.children) if isinstance(condition, AllOf) else [condition]


def _conditions(old: list[Condition], new: list[Condition]) -> Iterator[str]:
    """Only the parts that differ; two about the same field stand beside each other."""
    kept = Counter(old) & Counter(new)
    gone, come = list((Counter(old) - kept).elements()), list((Counter(new) - kept).elements())
    for part in list(gone):
        twin = next((each for each in come if _same_field(part, each)), None)
        if twin is not None:
            gone.remove(part)
            come.remove(twin)
            yield f"“{describe_condition(twin)}” instead of “{describe_condition(part)}”"
    for part in gone:
        yield f"no longer only with “{describe_condition(part)}”"
    for part in come:
        yield f"only with “{describe_condition(part)}”"


def _same_field(one: Condition, other: Condition) -> bool:
    return (
        isinstance(one, Comparison) and isinstance(other, Comparison) and one.field == other.field
    )
