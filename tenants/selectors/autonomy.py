"""What is set of autonomy and environments: for a submission, and for the pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import F, Q, QuerySet

from govapp.common.errors import NotFound
from govapp.common.ids import InvalidId, parse_public_id
from tenants.autonomy_words import autonomy_sentence, environment_sentence
from tenants.enums import AutonomyLevel, LooseningStatus
from tenants.levels import EVERY_AGENT, EVERYTHING, LevelRule
from tenants.models import Agent, Autonomy, EnvironmentRule, Loosening

_MOST_SETTLED: Final = 20

# Fragments of the one statement that a submission is judged by (`approvals.selectors.situation`):
# the rules for this agent and for every agent that fit the category.
AUTONOMY_SQL: Final = """
    SELECT json_agg(json_build_object('own', r.agent_id IS NOT NULL, 'pattern', r.pattern,
        'level', r.level))
    FROM tenants_autonomy r
    WHERE r.tenant_id = t.id AND (r.agent_id IS NULL OR r.agent_id = asked.agent_id)
      AND (r.pattern IN ('*', asked.category) OR (right(r.pattern, 2) = '.*'
        AND starts_with(asked.category, left(r.pattern, -1))))"""
# The rule of the environment, or of all that are not listed. An agent writes the name as it likes:
# one that could not be listed is held to the strictest rule there is.
ENVIRONMENT_SQL: Final = """
    SELECT json_build_object('name', e.name, 'is_read_only', e.is_read_only)
    FROM tenants_environmentrule e
      CROSS JOIN (SELECT lower(btrim(asked.environment)) AS name) AS wanted
      CROSS JOIN LATERAL (SELECT wanted.name !~ '^[a-z0-9][a-z0-9._-]*$' AS is_odd) AS looked
    WHERE e.tenant_id = t.id AND (looked.is_odd OR e.name IN ('*', wanted.name))
    ORDER BY looked.is_odd AND NOT e.is_read_only, e.name = '*', e.name LIMIT 1"""


@dataclass(frozen=True)
class AutonomyLine:
    """One rule in words. `is_own` is whether it is this agent's, and not every agent's."""

    row: Autonomy
    sentence: str
    is_own: bool


@dataclass(frozen=True)
class EnvironmentLine:
    """One environment in words."""

    rule: EnvironmentRule
    sentence: str


def level_rules() -> list[LevelRule]:
    """Return every rule; an agent is named by its id."""
    rows = Autonomy.objects.values_list("agent_id", "pattern", "level")
    return [LevelRule(str(a) if a else EVERY_AGENT, p, level) for a, p, level in rows]


def autonomy_lines(agent: Agent | None) -> list[AutonomyLine]:
    """Return what holds for an agent: its own rules, then those of every agent."""
    mine = Q(agent=None) | Q(agent=agent) if agent else Q(agent=None)
    rows = Autonomy.objects.filter(mine).select_related("set_by__user", "agent")
    return [
        AutonomyLine(
            row,
            autonomy_sentence(row.agent.name if row.agent else "", row.pattern, row.level),
            row.agent is not None,
        )
        for row in rows.order_by(F("agent_id").asc(nulls_last=True), "pattern")
    ]


def agents_with_autonomy() -> list[AutonomyLine]:
    """Return the rules of single agents, by the agents' names."""
    rows = Autonomy.objects.exclude(agent=None).select_related("set_by__user", "agent")
    return [
        AutonomyLine(row, autonomy_sentence(row.agent.name, row.pattern, row.level), True)
        for row in rows.order_by("agent__name", "pattern")
        if row.agent is not None
    ]


def read_only_of(name: str) -> bool:
    """Return whether an environment is read-only as things are set."""
    found = dict(
        EnvironmentRule.objects.filter(name__in=[name, EVERYTHING]).values_list(
            "name", "is_read_only"
        )
    )
    return bool(found.get(name, found.get(EVERYTHING, False)))


def has_read_only() -> bool:
    """Return whether any environment is read-only."""
    return EnvironmentRule.objects.filter(is_read_only=True).exists()


def environment_lines() -> list[EnvironmentLine]:
    """Return the environments that are listed, by name; all others last."""
    rows = EnvironmentRule.objects.select_related("set_by__user")
    lines = [
        EnvironmentLine(row, environment_sentence(row.name, is_read_only=row.is_read_only))
        for row in rows.order_by("name")
    ]
    return sorted(lines, key=lambda line: line.rule.name == EVERYTHING)


def waiting_loosenings() -> Sequence[Loosening]:
    """Return what waits for a second person, the oldest first."""
    return list(_loosenings().filter(status=LooseningStatus.ASKED).order_by("asked_at", "pk"))


def settled_loosenings() -> Sequence[Loosening]:
    """Return what was confirmed or withdrawn lately, the newest first."""
    settled = _loosenings().exclude(status=LooseningStatus.ASKED)
    return list(settled.order_by("-asked_at", "-pk")[:_MOST_SETTLED])


def loosening_id(ident: str) -> UUID:
    """Return the id in a public id. Raises `NotFound`."""
    try:
        return parse_public_id("lsn", ident)
    except InvalidId:
        raise NotFound("There is no such change.") from None


def level_choices() -> list[tuple[str, str]]:
    """Return the levels with what each means, the least first."""
    return [(level.value, f"{level.label}: {level.meaning}") for level in AutonomyLevel]


def _loosenings() -> QuerySet[Loosening]:
    return Loosening.objects.select_related("asked_by__user", "settled_by__user")
