"""The table of fixed fields: everything but payload paths and counts of one category."""

from __future__ import annotations

from typing import Final

from approvals.policies.facts import Facts
from approvals.policies.field_table_past import PAST
from approvals.policies.kinds import Field, Kind, Missing, Reader, or_absent

WEEKDAYS: Final = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)


def _cost(key: str) -> Reader:
    def read(facts: Facts) -> object:
        return or_absent((facts.estimated_cost or {}).get(key))

    return read


CATEGORY: Final = (
    Field(
        "category.key",
        Kind.TEXT,
        "category",
        lambda facts: facts.category,
        "The dotted name of the kind of action, such as payments.transfer.",
    ),
    Field(
        "category.risk",
        Kind.TEXT,
        "category risk",
        lambda facts: facts.category_risk,
        "How much harm an action of this category can do, as set on the category.",
        choices=("low", "medium", "high", "critical"),
    ),
    Field(
        "category.reversible",
        Kind.BOOLEAN,
        "category reversible",
        lambda facts: facts.category_reversible,
        "Whether an action of this category can be undone afterwards.",
        phrases=("a reversible category", "an irreversible category"),
    ),
    Field(
        "category.cost_class",
        Kind.TEXT,
        "cost class",
        lambda facts: facts.category_cost_class or Missing.ABSENT,
        "How expensive an action of this category is as a rule, as set on the category; "
        "missing when none is set.",
        choices=("low", "medium", "high"),
    ),
)
AGENT: Final = (
    Field(
        "agent.name",
        Kind.TEXT,
        "agent name",
        lambda facts: facts.agent_name,
        "The name under which the agent is registered.",
    ),
    Field(
        "agent.labels",
        Kind.LABELS,
        "agent labels",
        lambda facts: facts.agent_labels,
        "The labels that your organisation gave the agent.",
        plural=True,
    ),
    Field(
        "agent.tier",
        Kind.TEXT,
        "agent tier",
        lambda facts: facts.agent_tier,
        "How far the agent is trusted: lowered at once by what it did, raised only by a person.",
        choices=("new", "low", "medium", "high"),
    ),
    Field(
        "agent.age_days",
        Kind.NUMBER,
        "agent age in days",
        lambda facts: facts.agent_age_days,
        "How many whole days ago the agent was registered.",
    ),
    Field(
        "delegation.depth",
        Kind.NUMBER,
        "delegation depth",
        lambda facts: facts.delegation_depth,
        "How many agents passed the task on before this one: 0 when it acts for itself, 1 when "
        "another agent handed it part of its rights.",
    ),
)
REQUEST: Final = (
    Field(
        "environment",
        Kind.TEXT,
        "environment",
        lambda facts: facts.environment,
        "Where the action would take place, such as production.",
    ),
    Field(
        "integration",
        Kind.TEXT,
        "integration",
        lambda facts: facts.integration or Missing.ABSENT,
        "The external system that the agent would act on; missing when it names none.",
    ),
    Field(
        "confidence",
        Kind.NUMBER,
        "confidence",
        lambda facts: or_absent(facts.confidence),
        "How sure the agent says it is, from 0 to 1; missing when it does not say.",
    ),
    Field(
        "estimated_cost.amount",
        Kind.NUMBER,
        "estimated cost",
        _cost("amount"),
        "What the agent expects the action itself to cost; missing when it does not say.",
    ),
    Field(
        "estimated_cost.currency",
        Kind.TEXT,
        "estimated cost currency",
        _cost("currency"),
        "The currency of the estimated cost, as a code such as EUR.",
    ),
    Field(
        "estimated_cost.tokens",
        Kind.NUMBER,
        "estimated tokens",
        _cost("tokens"),
        "How many model tokens the agent expects to use; missing when it does not say.",
    ),
    Field(
        "on_behalf_of",
        Kind.TEXT,
        "on behalf of",
        lambda facts: or_absent(facts.on_behalf_of),
        "The person for whom the agent says it acts; missing when it names nobody.",
    ),
    Field(
        "guardrails.findings",
        Kind.LABELS,
        "guardrail findings",
        lambda facts: or_absent(facts.guardrail_findings),
        "What the automatic checks of the content found; missing when none ran.",
        plural=True,
        need="guardrails",
    ),
)
TIME: Final = (
    Field(
        "time.hour",
        Kind.NUMBER,
        "hour",
        lambda facts: facts.local_time.hour,
        "The hour of day in your organisation's time zone, from 0 to 23.",
    ),
    Field(
        "time.weekday",
        Kind.TEXT,
        "weekday",
        lambda facts: WEEKDAYS[facts.local_time.weekday()],
        "The day of the week in your organisation's time zone.",
        choices=WEEKDAYS,
    ),
    Field(
        "time.date",
        Kind.DATE,
        "date",
        lambda facts: facts.local_time.date(),
        "Today's date in your organisation's time zone.",
    ),
    Field(
        "time.business_hours",
        Kind.BOOLEAN,
        "business hours",
        lambda facts: or_absent(facts.business_hours),
        "Whether it is now within your organisation's business hours, holidays counted as "
        "outside; missing when none are set.",
        phrases=("a time within business hours", "a time outside business hours"),
        plural=True,
        need="business_hours",
    ),
)
FIXED: Final[dict[str, Field]] = {
    field.name: field for field in (*CATEGORY, *AGENT, *REQUEST, *PAST, *TIME)
}
