"""What new rules do beside old ones: tighten, weaken, both, or nobody can tell.

Found from the structure of the rules alone, and only ever wrong on the strict side: when nothing
is said to weaken, no request whatever gets a looser outcome. The four ways in which an outcome
can become looser, from the order in which the engine decides:

1. a denial: where a deny rule applied, none does;
2. an approval: where people were asked, they are not, or less of them is asked;
3. the default: where no rule applied, one does that allows or asks people;
4. an obligation: where something was asked for beside the outcome, it is not.

Tightening is the same with old and new exchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from approvals.policies.comparing_flows import Demand, Gap, demand_gaps
from approvals.policies.comparing_obligations import obligation_gaps
from approvals.policies.comparing_words import Finding, Kind, say
from approvals.policies.covering import Cover
from approvals.policies.implying import Answer, categories_meet, categories_within
from approvals.policies.plan import DEFAULT_RULE
from approvals.policies.policy import Policy
from approvals.policies.rules import ALLOW, DENY, REQUIRE_APPROVAL, Rule

Direction = Literal["tightens", "weakens", "both", "same", "unknown"]
# Changed rules times rules; a change of one rule is far below it, in the largest policy there is.
_PAIRS: Final = 400_000
_TOO_MUCH: Final = "So many rules differ that they cannot be set against each other."
_NOTHING_LIVE: Final = "Until now every request was blocked, because no version was live."


@dataclass(frozen=True)
class EffectReason:
    """One difference in words. `rule_id` is "default" for what no rule names."""

    rule_id: str
    direction: Direction
    sentence: str

    def to_dict(self) -> dict[str, str]:
        """As it is kept with the version."""
        return {"rule_id": self.rule_id, "direction": self.direction, "sentence": self.sentence}


@dataclass(frozen=True)
class Effect:
    """The direction of a change, and why."""

    direction: Direction
    reasons: tuple[EffectReason, ...] = ()

    @classmethod
    def unreadable(cls, number: int) -> Effect:
        """When the old rules can no longer be read."""
        sentence = f"Version {number} can no longer be read, so nobody can compare with it."
        return cls("unknown", (EffectReason("", "unknown", sentence),))


def compare_policies(old: Policy | None, new: Policy) -> Effect:
    """Say what `new` does to outcomes beside `old`; None when nothing was in force.

    "tightens" and "same" are proved. What can be neither proved nor refuted is "unknown", which
    the reader has to take for a weakening.
    """
    if old is None:
        return Effect("weakens", (EffectReason("", "weakens", _NOTHING_LIVE),))
    if old.digest == new.digest:
        return Effect("same")
    if _is_too_much(old, new):
        return Effect("unknown", (EffectReason("", "unknown", _TOO_MUCH),))
    loosened = list(_loosened(old, new))
    tightened = list(_loosened(new, old))
    reasons = [
        EffectReason(
            finding.rule_id,
            "weakens" if finding.answer is Answer.NO else "unknown",
            say(finding, old, new, weakens=True),
        )
        for finding in loosened
    ]
    reasons += [
        EffectReason(finding.rule_id, "tightens", say(finding, old, new, weakens=False))
        for finding in tightened
    ]
    return Effect(_direction(loosened, tightened), tuple(dict.fromkeys(reasons)))


def _direction(loosened: list[Finding], tightened: list[Finding]) -> Direction:
    if not loosened:
        return "tightens" if tightened else "same"
    if all(finding.answer is Answer.UNKNOWN for finding in loosened):
        return "unknown"
    return "both" if tightened else "weakens"


def _is_too_much(old: Policy, new: Policy) -> bool:
    said = [{_said(rule, policy) for rule in policy.rules} for policy in (old, new)]
    changed = len(said[0] ^ said[1])
    return changed * max(len(old.rules), len(new.rules)) > _PAIRS


def _loosened(before: Policy, after: Policy) -> Iterator[Finding]:
    """Where outcomes could be looser after than before: nothing only when they cannot."""
    look = _Look(before, after)
    for rule in before.rules:
        yield from look.at_former(rule)
    for rule in after.rules:
        yield from look.at_present(rule)
    yield from look.at_default()


class _Look:
    """Two policies beside each other, in one direction."""

    def __init__(self, before: Policy, after: Policy) -> None:
        self._before, self._after = before, after
        self._cover = Cover()
        self._kept = {_said(rule, before) for rule in before.rules}
        self._keeps = {_said(rule, after) for rule in after.rules}
        self._present = {rule.id: rule for rule in after.rules}
        self._gaps: dict[tuple[object, ...], tuple[Gap, ...]] = {}

    def at_former(self, rule: Rule) -> Iterator[Finding]:
        """What a rule of before denied, sent to people or asked for: still so wherever it did?"""
        if _said(rule, self._before) in self._keeps:
            return
        if rule.then != ALLOW:
            found = list(self._outcome_findings(rule))
            yield from found
            if found:
                return
        yield from self._obligation_findings(rule)

    def at_present(self, rule: Rule) -> Iterator[Finding]:
        """A rule that lets something through where before no rule applied."""
        if rule.then == DENY or _said(rule, self._after) in self._kept:
            return
        if self._asks_as_default(rule):
            return
        answer = self._cover.of(rule, self._before.rules)
        if answer is not Answer.YES:
            yield Finding(Kind.OPENED, rule.id, answer)

    def at_default(self) -> Iterator[Finding]:
        """What no rule names."""
        before, after = self._before, self._after
        if after.default_flow is None:
            return
        if before.default_flow is None:
            yield Finding(Kind.DEFAULT, DEFAULT_RULE, Answer.NO)
            return
        gaps = demand_gaps(_default_demand(after), _default_demand(before))
        if gaps:
            yield Finding(Kind.FLOW, DEFAULT_RULE, Answer.NO, gaps)

    def _outcome_findings(self, rule: Rule) -> Iterator[Finding]:
        near = (each for each in self._after.rules if categories_within(rule.when, each.when))
        as_strict = [each for each in near if self._is_as_strict(each, rule)]
        answer = self._cover.of(rule, as_strict)
        if answer is Answer.YES or self._default_holds(rule):
            return
        present = self._present.get(rule.id)
        if present is None:
            yield Finding(Kind.REMOVED, rule.id, answer)
        elif _rank(present) < _rank(rule):
            yield Finding(Kind.OUTCOME, rule.id, Answer.NO)
        else:
            if present.then == rule.then == REQUIRE_APPROVAL:
                gaps = self._demand_gaps(present, rule)
                if gaps:
                    yield Finding(Kind.FLOW, rule.id, Answer.NO, gaps)
            same = self._cover.of(rule, [present])
            if same is not Answer.YES:
                yield Finding(Kind.NARROWED, rule.id, answer)

    def _is_as_strict(self, rule: Rule, former: Rule) -> bool:
        """Whether wherever this rule applies the outcome is as strict as by the former."""
        if rule.then == DENY:
            return True
        if rule.then == ALLOW or former.then == DENY:
            return False
        return not self._demand_gaps(rule, former)

    def _demand_gaps(self, present: Rule, former: Rule) -> tuple[Gap, ...]:
        """In which points a rule of after asks less of people than one of before."""
        key = (
            present.flow,
            present.separation_of_duties,
            former.flow,
            former.separation_of_duties,
        )
        if key not in self._gaps:
            demands = _demand(present, self._after), _demand(former, self._before)
            self._gaps[key] = demand_gaps(*demands)
        return self._gaps[key]

    def _default_holds(self, rule: Rule) -> bool:
        """Whether whatever else can happen to this rule's requests is as strict as it was."""
        if self._after.default_flow is not None and (
            rule.then == DENY
            or demand_gaps(_default_demand(self._after), _demand(rule, self._before))
        ):
            return False
        meeting = (each for each in self._after.rules if categories_meet(each.when, rule.when))
        return all(self._is_as_strict(each, rule) for each in meeting)

    def _asks_as_default(self, rule: Rule) -> bool:
        """Whether a rule of after asks as much of people as the default of before did."""
        if self._before.default_flow is None or rule.then != REQUIRE_APPROVAL:
            return False
        return not demand_gaps(_demand(rule, self._after), _default_demand(self._before))

    def _obligation_findings(self, rule: Rule) -> Iterator[Finding]:
        if not obligation_gaps(None, rule):
            return
        enough = [
            each
            for each in self._after.rules
            if not obligation_gaps(each, rule) or (each.then == DENY and rule.then != DENY)
        ]
        answer = self._cover.of(rule, enough)
        if answer is not Answer.YES:
            present = self._present.get(rule.id)
            yield Finding(Kind.OBLIGATIONS, rule.id, answer, obligation_gaps(present, rule))


def _rank(rule: Rule) -> int:
    return (ALLOW, REQUIRE_APPROVAL, DENY).index(rule.then)


def _demand(rule: Rule, policy: Policy) -> Demand:
    if rule.flow is None:
        raise ValueError("Only a rule that requires approval demands anything of people.")
    return Demand(policy.flows[rule.flow], rule.separation_of_duties)


def _default_demand(policy: Policy) -> Demand:
    if policy.default_flow is None:
        raise ValueError("This policy denies by default.")
    return Demand(policy.flows[policy.default_flow])


def _said(rule: Rule, policy: Policy) -> tuple[object, ...]:
    """All that a rule does, whatever it is called."""
    flow = None if rule.flow is None else policy.flows[rule.flow].stages
    return (
        rule.when,
        rule.then,
        flow,
        rule.separation_of_duties,
        obligation_gaps(None, rule),
    )


__all__ = ["Direction", "Effect", "EffectReason", "compare_policies"]
