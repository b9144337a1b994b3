"""What an evaluation yields: the outcome, the reasons in words, and the trace of every rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from approvals.policies.flows import Flow
from approvals.policies.obligations import EvaluatedObligations
from approvals.policies.rules import Outcome

Verdict = Literal["matched", "not_matched", "unevaluable"]


@dataclass(frozen=True)
class RuleTrace:
    """How one rule fared; `values` are the fields it looked at, as shown to people."""

    rule_id: str
    outcome: Outcome
    verdict: Verdict
    because: str
    values: Mapping[str, str]

    def to_dict(self) -> dict[str, object]:
        """The trace as JSON, to be stored, shown and exported."""
        return {
            "rule_id": self.rule_id,
            "outcome": self.outcome,
            "verdict": self.verdict,
            "because": self.because,
            "values": dict(self.values),
        }


@dataclass(frozen=True)
class RequirementSpec:
    """What one rule demands of the request; `rule_id` is "default" for the policy's default."""

    rule_id: str
    sentence: str
    flow: Flow
    separation_of_duties: bool

    def to_dict(self) -> dict[str, object]:
        """The requirement as JSON, as it is frozen into the request."""
        return {
            "rule_id": self.rule_id,
            "sentence": self.sentence,
            "flow": self.flow.to_dict(),
            "separation_of_duties": self.separation_of_duties,
        }


@dataclass(frozen=True)
class Evaluation:
    """The result for one request. Requirements are in order of rule id, traces as in the policy.

    `rules` holds every rule of the policy and is written on first use, because most of them are
    ruled out by their category alone and a decision should not pay for that. `considered` holds
    only the rules whose category fits.
    """

    outcome: Outcome
    because: str
    requirements: tuple[RequirementSpec, ...]
    used_default: bool
    obligations: EvaluatedObligations
    _write_trace: Callable[[bool], tuple[RuleTrace, ...]] = field(compare=False, repr=False)

    @cached_property
    def rules(self) -> tuple[RuleTrace, ...]:
        """One trace per rule of the policy, in the document's order."""
        return self._write_trace(True)

    @cached_property
    def considered(self) -> tuple[RuleTrace, ...]:
        """The traces of the rules whose category fits, in the document's order."""
        return self._write_trace(False)

    def to_dict(self) -> dict[str, object]:
        """The whole evaluation as JSON, with the trace of every rule."""
        return {
            "outcome": self.outcome,
            "because": self.because,
            "used_default": self.used_default,
            "requirements": [each.to_dict() for each in self.requirements],
            "obligations": self.obligations.to_dict(),
            "rules": [each.to_dict() for each in self.rules],
        }
