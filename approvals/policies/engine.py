"""Evaluation: strictest wins, order means nothing, and every failure fails closed.

The rules are the domain page's, section 3. Nothing here reads a clock, a table or a file.
"""

from __future__ import annotations

from collections.abc import Sequence

from approvals.policies.evaluation import Evaluation
from approvals.policies.explaining import Judged, Reasons, Unusable
from approvals.policies.facts import Facts
from approvals.policies.obligations import (
    NO_OBLIGATIONS,
    EvaluatedObligations,
    merge_obligations,
)
from approvals.policies.plan import PlannedRule
from approvals.policies.policy import Policy
from approvals.policies.rules import ALLOW, DENY


def evaluate(policy: Policy, facts: Facts) -> Evaluation:
    """Decide what may happen. Never raises; whatever goes wrong inside ends in a denial."""
    try:
        return _decide(policy, facts)
    except Exception:
        # Failing closed is the rule here, not a way to hide a fault: the outcome says so, in the
        # words that the request, the trace and the ledger keep.
        return Evaluation(DENY, (), False, NO_OBLIGATIONS, Unusable(policy))


def _decide(policy: Policy, facts: Facts) -> Evaluation:
    judged: list[Judged] = []
    applying: list[PlannedRule] = []
    strictest = 0
    for planned in policy.plan.candidates(facts.category, remember=facts.category_known):
        judgement = planned.test(facts)
        judged.append((planned, judgement))
        # What could not be evaluated counts as matched, unless the rule allows.
        if judgement is True or (judgement is not False and planned.rule.then != ALLOW):
            applying.append(planned)
            if planned.strictness > strictest:
                strictest = planned.strictness
    obligations = _obligations(applying)
    if _is_refused(facts):
        return Evaluation(DENY, (), False, obligations, Reasons(policy, facts, judged, ()))
    if not applying:
        default = () if policy.plan.default is None else (policy.plan.default,)
        reasons = Reasons(policy, facts, judged, ())
        return Evaluation(policy.default, default, True, obligations, reasons)
    deciding = [each for each in applying if each.strictness == strictest]
    if len(deciding) > 1:
        # By id, so that the order of the rules shows nowhere in the result.
        deciding.sort(key=_by_id)
    requirements = tuple([each.requirement for each in deciding if each.requirement])
    outcome = deciding[0].rule.then
    reasons = Reasons(policy, facts, judged, deciding)
    return Evaluation(outcome, requirements, False, obligations, reasons)


def _is_refused(facts: Facts) -> bool:
    """What can never be allowed, whatever the rules say (domain page, section 3, point 5)."""
    return not (facts.category_known and facts.agent_known) or bool(facts.payload_errors)


def _by_id(planned: PlannedRule) -> str:
    return planned.rule.id


def _obligations(applying: Sequence[PlannedRule]) -> EvaluatedObligations:
    """What all rules that apply ask for, whichever of them decides the outcome."""
    asked = [
        (each.rule.id, each.rule.obligations)
        for each in applying
        if each.rule.obligations is not None
    ]
    return merge_obligations(asked) if asked else NO_OBLIGATIONS
