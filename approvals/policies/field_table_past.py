"""The part of the table of fields on what happened before: in this run, and before that."""

from __future__ import annotations

from typing import Final

from approvals.policies import limits
from approvals.policies.facts import Facts
from approvals.policies.kinds import Field, Kind, Missing, or_absent


def _run_actions(facts: Facts) -> object:
    counts = facts.run_counts
    if counts is None:
        return Missing.ABSENT
    return Missing.TOO_MANY if len(counts) > limits.LIST_ITEMS else sum(counts.values())


def _run_categories(facts: Facts) -> object:
    counts = facts.run_counts
    if counts is None:
        return Missing.ABSENT
    if len(counts) > limits.LIST_ITEMS:
        return Missing.TOO_MANY
    return frozenset(key for key, count in counts.items() if count > 0)


PAST: Final = (
    Field(
        "run.actions",
        Kind.NUMBER,
        "number of earlier actions in this run",
        _run_actions,
        "How many actions the agent asked for earlier in the same run, refused ones left out; "
        "missing when it names no run.",
        need="run",
    ),
    Field(
        "run.categories",
        Kind.LABELS,
        "earlier categories in this run",
        _run_categories,
        "The categories of the actions that the agent asked for earlier in the same run, refused "
        "ones left out; missing when it names no run.",
        plural=True,
        need="run",
    ),
    Field(
        "run.labels",
        Kind.LABELS,
        "data labels of the run",
        lambda facts: or_absent(facts.run_labels),
        "The labels of the data that flows into the action: those that the step it acts on "
        "carries, or any step of its run when it names none; missing when it names no run by its "
        "id.",
        plural=True,
        need="lineage",
    ),
    Field(
        "history.first_for_target",
        Kind.BOOLEAN,
        "first action on this target",
        lambda facts: or_absent(facts.first_for_target),
        "Whether no action on this target, such as this payee, was granted before; missing when "
        "the category does not say what the target is.",
        phrases=("a target that is new", "a target that is known"),
        need="history",
    ),
    Field(
        "history.amount_ratio",
        Kind.NUMBER,
        "multiple of the usual amount",
        lambda facts: or_absent(facts.amount_ratio),
        "This amount divided by the average of the last 100 granted in its category: 4 means "
        "four times the usual; missing when there is nothing to compare with.",
        need="history",
    ),
    Field(
        "history.requests_last_hour",
        Kind.NUMBER,
        "number of requests by this agent in the last hour",
        lambda facts: or_absent(facts.requests_last_hour),
        "How many requests this agent sent in the 60 minutes before this one.",
        need="history",
    ),
    Field(
        "history.requests_last_day",
        Kind.NUMBER,
        "number of requests by this agent in the last day",
        lambda facts: or_absent(facts.requests_last_day),
        "How many requests this agent sent in the 24 hours before this one.",
        need="history",
    ),
)
