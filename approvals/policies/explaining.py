"""Why an evaluation came out as it did: the reason in words, and the trace of every rule.

Both are written on first use from the facts, so that a decision pays only for deciding, and a
replay of many requests only for those that somebody looks at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from approvals.policies import limits
from approvals.policies.compiling import Reason
from approvals.policies.evaluation import RuleTrace, Verdict
from approvals.policies.facts import Facts
from approvals.policies.operators import Judgement
from approvals.policies.plan import PlannedRule
from approvals.policies.policy import Policy
from approvals.policies.rules import ALLOW, DENY
from approvals.policies.shown import listed, safe_text, shorten

UNUSABLE: Final = "the policy could not be evaluated"

Judged: TypeAlias = tuple[PlannedRule, Judgement]


class Unusable:
    """The reasons when the policy could not be evaluated at all."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def because(self) -> str:
        """The reason in one sentence."""
        return UNUSABLE

    def trace(self, *, every: bool) -> tuple[RuleTrace, ...]:
        """Every rule, none of which could be evaluated."""
        return _trace_unusable(self._policy)


class Reasons:
    """The reasons of one decision. `deciding` are the rules behind the outcome, by id."""

    __slots__ = ("_deciding", "_facts", "_judged", "_policy")

    def __init__(
        self,
        policy: Policy,
        facts: Facts,
        judged: Sequence[Judged],
        deciding: Sequence[PlannedRule],
    ) -> None:
        self._policy = policy
        self._facts = facts
        self._judged = judged
        self._deciding = deciding

    def because(self) -> str:
        """The reason in one sentence, within the cap. Never raises."""
        try:
            said = _refusal(self._facts) or self._say()
        except Exception:
            # Writing a reason must not raise either, should the payload's own methods do.
            return UNUSABLE
        return shorten(said, limits.BECAUSE_CHARACTERS)

    def trace(self, *, every: bool) -> tuple[RuleTrace, ...]:
        """Each rule of the policy or only those whose category fits. Never raises."""
        try:
            if every:
                return _trace_all(self._policy, self._judged, self._facts)
            return tuple(_trace(*each, self._facts) for each in self._judged)
        except Exception:
            return _trace_unusable(self._policy)

    def _say(self) -> str:
        deciding = self._deciding
        if not deciding:
            return _default_because(self._policy, self._judged, self._facts)
        if len(deciding) == 1:
            return _sentence(deciding[0], deciding[0].compiled.explain(self._facts))
        said = _because_named(deciding, self._facts)
        hidden = len(deciding) - limits.BECAUSE_PARTS
        return f"{said}; and {hidden} more rules" if hidden > 0 else said


def _refusal(facts: Facts) -> str:
    """What is unknown or malformed, in words; empty when nothing is."""
    reasons = []
    if not facts.category_known:
        reasons.append(f"category {safe_text(facts.category)} is unknown")
    if not facts.agent_known:
        reasons.append(f"agent {safe_text(facts.agent_name)} is unknown")
    if facts.payload_errors:
        errors = [safe_text(each, 200) for each in facts.payload_errors[: limits.BECAUSE_PARTS]]
        hidden = len(facts.payload_errors) - len(errors)
        more = f" (and {hidden} more)" if hidden else ""
        reasons.append(f"the payload does not fit its schema: {'; '.join(errors)}{more}")
    return listed(reasons)


def _default_because(policy: Policy, judged: Sequence[Judged], facts: Facts) -> str:
    holds = "it is denied" if policy.default == DENY else "approval is required"
    because = f"no rule matches, so {holds} by default"
    # Only allow rules can be unevaluable here; the others would have applied.
    doubtful = [planned for planned, judgement in judged if isinstance(judgement, str)]
    if doubtful:
        doubtful.sort(key=lambda planned: planned.rule.id)
        because += f"; {_because_named(doubtful, facts)}"
    return because


def _because_named(named: Sequence[PlannedRule], facts: Facts) -> str:
    return "; ".join(
        f"{planned.rule.id}: {_sentence(planned, planned.compiled.explain(facts))}"
        for planned in named[: limits.BECAUSE_PARTS]
    )


def _sentence(planned: PlannedRule, reason: Reason) -> str:
    """The reason in words; for a rule that could not be evaluated, also what that counts as."""
    said = listed(reason.parts, most=limits.BECAUSE_PARTS)
    if isinstance(reason.judged, str):
        counts = "not matched" if planned.rule.then == ALLOW else "matched"
        said = f"{said}, so the rule counts as {counts}"
    elif not said:
        said = f"it applies to {listed(planned.rule.when.categories, 'or', most=5)}"
    return shorten(said, limits.BECAUSE_CHARACTERS)


def _trace_all(policy: Policy, judged: Sequence[Judged], facts: Facts) -> tuple[RuleTrace, ...]:
    looked_at = {planned.position: judgement for planned, judgement in judged}
    return tuple(
        _trace(planned, looked_at[planned.position], facts)
        if planned.position in looked_at
        else _trace_other_category(planned, facts)
        for planned in policy.plan.rules
    )


def _trace(planned: PlannedRule, judgement: Judgement, facts: Facts) -> RuleTrace:
    reason = planned.compiled.explain(facts)
    verdict: Verdict = "unevaluable"
    if isinstance(judgement, bool):
        verdict = "matched" if judgement else "not_matched"
    rule = planned.rule
    return RuleTrace(rule.id, rule.then, verdict, _sentence(planned, reason), dict(reason.values))


def _trace_other_category(planned: PlannedRule, facts: Facts) -> RuleTrace:
    rule = planned.rule
    wanted = listed(rule.when.categories, "or", most=5)
    because = f"category {safe_text(facts.category)} is not {wanted}"
    return RuleTrace(rule.id, rule.then, "not_matched", because, {})


def _trace_unusable(policy: Policy) -> tuple[RuleTrace, ...]:
    return tuple(
        RuleTrace(rule.id, rule.then, "unevaluable", UNUSABLE, {}) for rule in policy.rules
    )
