"""Evaluation: strictest wins, order means nothing, and every failure fails closed.

The rules are the domain page's, section 3. Nothing here reads a clock, a table or a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from approvals.policies import limits
from approvals.policies.compiling import Reason
from approvals.policies.evaluation import Evaluation, RequirementSpec, RuleTrace, Verdict
from approvals.policies.facts import Facts
from approvals.policies.obligations import (
    NO_OBLIGATIONS,
    EvaluatedObligations,
    merge_obligations,
)
from approvals.policies.operators import Judgement
from approvals.policies.plan import PlannedRule
from approvals.policies.policy import Policy
from approvals.policies.rules import ALLOW, DENY, REQUIRE_APPROVAL, Outcome
from approvals.policies.shown import listed, safe_text, shorten

UNUSABLE: Final = "the policy could not be evaluated"

Judged: TypeAlias = tuple[PlannedRule, Judgement]


def evaluate(policy: Policy, facts: Facts) -> Evaluation:
    """Decide what may happen. Never raises; whatever goes wrong inside ends in a denial."""
    try:
        return _decide(policy, facts)
    except Exception:
        # Failing closed is the rule here, not a way to hide a fault: the outcome says so, in the
        # words that the request, the trace and the ledger keep.
        return _unusable(policy)


def _decide(policy: Policy, facts: Facts) -> Evaluation:
    candidates = policy.plan.candidates(facts.category, remember=facts.category_known)
    judged: list[Judged] = [(each, each.compiled.test(facts)) for each in candidates]

    def write_trace(every: bool) -> tuple[RuleTrace, ...]:
        try:
            if every:
                return _trace_all(policy, judged, facts)
            return tuple(_trace(*each, facts) for each in judged)
        except Exception:
            # Writing the trace must not raise either, should the payload's own methods do.
            return _trace_unusable(policy)

    outcome, because, requirements, used_default = _conclude(policy, judged, facts)
    because = shorten(because, limits.BECAUSE_CHARACTERS)
    obligations = _obligations(judged)
    return Evaluation(outcome, because, requirements, used_default, obligations, write_trace)


def _conclude(
    policy: Policy, judged: Sequence[Judged], facts: Facts
) -> tuple[Outcome, str, tuple[RequirementSpec, ...], bool]:
    """Outcome, reason, requirements, and whether the default was used."""
    refusal = _refusal(facts)
    if refusal is not None:
        return DENY, refusal, (), False
    applying = [each for each in judged if _applies(*each)]
    if not applying:
        default = policy.plan.default
        because = _default_because(policy, judged, facts)
        return policy.default, because, () if default is None else (default,), True
    outcome = _strictest(applying)
    deciding = [each for each in applying if each[0].rule.then == outcome]
    # By id, so that the order of the rules shows nowhere in the result.
    deciding.sort(key=_by_id)
    requirements = tuple([each.requirement for each, _ in deciding if each.requirement])
    return outcome, _because(deciding, facts), requirements, False


def _applies(planned: PlannedRule, judgement: Judgement) -> bool:
    """Whether the rule holds: what could not be evaluated counts as matched unless it allows."""
    return judgement is True or (judgement is not False and planned.rule.then != ALLOW)


def _obligations(judged: Sequence[Judged]) -> EvaluatedObligations:
    """What all rules that apply ask for, whichever of them decides the outcome."""
    asked = [
        (planned.rule.id, planned.rule.obligations)
        for planned, judgement in judged
        if planned.rule.obligations is not None and _applies(planned, judgement)
    ]
    return merge_obligations(asked) if asked else NO_OBLIGATIONS


def _strictest(applying: Iterable[Judged]) -> Outcome:
    outcomes = {planned.rule.then for planned, _ in applying}
    if DENY in outcomes:
        return DENY
    return REQUIRE_APPROVAL if REQUIRE_APPROVAL in outcomes else ALLOW


def _by_id(judged: Judged) -> str:
    return judged[0].rule.id


def _refusal(facts: Facts) -> str | None:
    """What can never be allowed, whatever the rules say (domain page, section 3, point 5)."""
    if facts.category_known and facts.agent_known and not facts.payload_errors:
        return None
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


def _because(deciding: Sequence[Judged], facts: Facts) -> str:
    if len(deciding) == 1:
        planned = deciding[0][0]
        return _sentence(planned, planned.compiled.explain(facts))
    said = _because_named(deciding, facts)
    hidden = len(deciding) - limits.BECAUSE_PARTS
    return f"{said}; and {hidden} more rules" if hidden > 0 else said


def _default_because(policy: Policy, judged: Sequence[Judged], facts: Facts) -> str:
    holds = "it is denied" if policy.default == DENY else "approval is required"
    because = f"no rule matches, so {holds} by default"
    # Only allow rules can be unevaluable here; the others would have applied.
    doubtful = sorted((each for each in judged if isinstance(each[1], str)), key=_by_id)
    if doubtful:
        because += f"; {_because_named(doubtful, facts)}"
    return because


def _because_named(named: Sequence[Judged], facts: Facts) -> str:
    return "; ".join(
        f"{planned.rule.id}: {_sentence(planned, planned.compiled.explain(facts))}"
        for planned, _ in named[: limits.BECAUSE_PARTS]
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


def _unusable(policy: Policy) -> Evaluation:
    return Evaluation(DENY, UNUSABLE, (), False, NO_OBLIGATIONS, lambda _: _trace_unusable(policy))


def _trace_unusable(policy: Policy) -> tuple[RuleTrace, ...]:
    return tuple(
        RuleTrace(rule.id, rule.then, "unevaluable", UNUSABLE, {}) for rule in policy.rules
    )
