"""What the rules answer, together with what else holds a request: one place for all who ask.

A submission, its preview, the version in shadow and a replay come to the same verdict, because
they all weigh it here (domain page, section 3: strictest wins).
"""

from __future__ import annotations

from dataclasses import dataclass

from approvals.leash import NOBODY_TO_ASK, Demand, Held, Refusal
from approvals.policies.engine import evaluate
from approvals.policies.evaluation import Evaluation, RuleTrace
from approvals.policies.facts import Facts
from approvals.policies.obligations import NO_OBLIGATIONS
from approvals.policies.policy import Policy
from approvals.policies.rules import ALLOW, DENY, REQUIRE_APPROVAL


def decide(policy: Policy, facts: Facts, held: Held) -> Evaluation:
    """Return what comes of a request under these rules; a refusal reads as a denial."""
    evaluation = evaluate(policy, facts)
    if held.refusals:
        return denial(" ".join(each.sentence for each in held.refusals), evaluation)
    evaluation, unmet = weigh(policy, evaluation, held)
    return evaluation if unmet is None else denial(unmet.sentence, evaluation)


def weigh(policy: Policy, evaluation: Evaluation, held: Held) -> tuple[Evaluation, Refusal | None]:
    """Add to the rules' answer what wants a person, and what need not ask for one.

    For what nothing refuses. The refusal is of what nobody could be asked about.
    """
    evaluation = answered(evaluation, held)
    if evaluation.outcome != ALLOW or not held.demands:
        return evaluation, None
    return _demanded(policy, evaluation, held.demands)


def denial(because: str, former: Evaluation | None) -> Evaluation:
    """Return what is denied whatever the rules said; `former` is what they said."""
    return Evaluation(DENY, (), False, NO_OBLIGATIONS, _Instead(because, former))


def answered(evaluation: Evaluation, held: Held) -> Evaluation:
    """Let an agent act where no rule said anything and only the policy's default would ask.

    Nothing else: not past a rule, not past a default that denies, not past anything that refuses
    or wants a person.
    """
    if not held.answers or held.refusals or held.demands:
        return evaluation
    if evaluation.outcome != REQUIRE_APPROVAL or not evaluation.used_default:
        return evaluation
    said = _Instead(" ".join(held.answers), evaluation)
    return Evaluation(ALLOW, (), True, evaluation.obligations, said)


def _demanded(
    policy: Policy, allowed: Evaluation, demands: tuple[Demand, ...]
) -> tuple[Evaluation, Refusal | None]:
    """What the rules allow and something else wants a person for: the policy's default asks.

    Where the policy has no default requirement nobody could be asked, so it is refused.
    """
    said = " ".join(each.sentence for each in demands)
    default = policy.plan.default
    if default is None:
        code = demands[0].code.replace("_ask", "_refused")
        return allowed, Refusal(code, f"{said} {NOBODY_TO_ASK}")
    because = _Instead(said, allowed)
    return Evaluation(REQUIRE_APPROVAL, (default,), True, allowed.obligations, because), None


@dataclass(frozen=True)
class _Instead:
    """Why it is something else than what the rules said, with the trace of what they said."""

    sentence: str
    former: Evaluation | None

    def because(self) -> str:
        return self.sentence

    def trace(self, *, every: bool) -> tuple[RuleTrace, ...]:
        if self.former is None:
            return ()
        return self.former.rules if every else self.former.considered
