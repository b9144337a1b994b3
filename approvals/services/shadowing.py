"""What the version in shadow would say of a submission: beside what decides, never instead."""

from dataclasses import dataclass
from typing import Final

import structlog

from approvals.leash import Held
from approvals.models import PolicyVersion
from approvals.policies import DENY, Evaluation, Facts, Policy
from approvals.policies.weighing import decide
from approvals.selectors.policies import compiled

log = structlog.get_logger(__name__)

_UNUSABLE: Final = "the version in shadow cannot be used"


@dataclass(frozen=True)
class Shadowed:
    """What the version in shadow would have said."""

    version: PolicyVersion
    outcome: str
    because: str
    differs: bool


def usable_shadow(version: PolicyVersion | None) -> Policy | None:
    """Return the policy in shadow. Whatever is wrong with it must not disturb what decides."""
    if version is None:
        return None
    try:
        return compiled(version)
    except Exception as error:
        log.warning("shadow.unusable", version=version.public_id, error=type(error).__name__)
        return None


def shadow(
    version: PolicyVersion | None,
    policy: Policy | None,
    facts: Facts,
    live: Evaluation,
    held: Held,
) -> Shadowed | None:
    """Return what it would have said, and whether that differs; None when none is in shadow.

    What refuses it or wants a person besides the rules would do so under this version, too. `live`
    is the verdict, a refusal as a denial, so that like is compared with like.
    """
    if version is None:
        return None
    if policy is None:
        # As an unusable version would if it were live: it denies.
        return Shadowed(version, DENY, _UNUSABLE, live.outcome != DENY)
    beside = decide(policy, facts, held)
    return Shadowed(version, beside.outcome, beside.because, _asked(beside) != _asked(live))


def _asked(evaluation: Evaluation) -> tuple[object, ...]:
    """The outcome, and what has to be done before anything is: whatever the rules are called."""
    if evaluation.outcome == DENY:
        return (DENY,)
    flows = {(each.flow, each.separation_of_duties) for each in evaluation.requirements}
    obliged = evaluation.obligations
    return evaluation.outcome, flows, obliged.step_up, obliged.login, obliged.delay
