"""What a submission would lead to, as agents and policies' tools get it."""

from typing import Annotated

import msgspec
from msgspec import Meta

from approvals.api.answer_parts import (
    Note,
    Outcome,
    RuleResult,
    RuleTraceResult,
    notes_of,
    rules_of,
    traced,
)
from approvals.policies import Evaluation


class PreviewedPolicy(msgspec.Struct):
    """The trace of every rule: those that took part first, at most 200, and how many in all."""

    trace: list[RuleTraceResult]
    trace_total: int


class PreviewedRequirement(msgspec.Struct):
    """What one rule would demand."""

    rule: str
    sentence: str


class Preview(msgspec.Struct):
    """What would happen. Nothing has been written."""

    outcome: Outcome
    because: str
    rules: list[RuleResult]
    policy: PreviewedPolicy
    requirements: list[PreviewedRequirement]
    notes: list[Note]
    step_up: Annotated[bool, Meta(description="Whether approvers are asked for a second factor.")]
    login: Annotated[
        bool, Meta(description="Whether approvers have to log in, whatever the channel.")
    ]
    grant_delay_seconds: Annotated[
        int, Meta(description="For how long the permission would be held back.")
    ]


def preview_for(evaluation: Evaluation) -> Preview:
    """Return what a submission would lead to."""
    attached, whole = evaluation.obligations, evaluation.to_dict()
    return Preview(
        outcome=evaluation.outcome,
        because=evaluation.because,
        rules=rules_of(whole),
        policy=PreviewedPolicy(*traced(whole)),
        requirements=[
            PreviewedRequirement(each.rule_id, each.sentence) for each in evaluation.requirements
        ],
        notes=notes_of(attached),
        step_up=attached.step_up,
        login=attached.login,
        grant_delay_seconds=round(attached.delay.total_seconds()) if attached.delay else 0,
    )
