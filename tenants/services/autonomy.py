"""Setting what agents may do of their own accord, and where nothing may be changed.

What takes something from agents holds at once. What gives them more waits for a second person.
"""

import re
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from govapp.common import clock
from govapp.common.errors import Conflict
from tenants.audit_events import autonomy as events
from tenants.autonomy_words import autonomy_sentence, environment_sentence
from tenants.enums import AutonomyLevel
from tenants.levels import EVERY_AGENT, EVERYTHING, LevelRule, is_autonomy_pattern, widens
from tenants.models import Agent, Autonomy, EnvironmentRule, Loosening, Membership
from tenants.selectors.autonomy import level_rules, read_only_of
from tenants.services.checks import fault
from tenants.services.loosenings import (
    CHANGED,
    ask_loosening,
    clean_reason,
    lock_leash,
    register_maker,
    require_governor,
)

MOST_RULES: Final = 1_000
_AUTONOMY: Final = "autonomy"
_ENVIRONMENT: Final = "environment"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,49}")


@transaction.atomic
def set_autonomy(
    *, actor: Membership, agent: Agent | None, pattern: str, level: str | None, reason: str
) -> Loosening | None:
    """Say what an agent, or every agent, may do in a category; None: nothing is said any more.

    Returns what waits for a second person, None when it holds already. Raises `Forbidden` (needs
    `owner` or `compliance`), `Invalid`, and `Conflict` while a change of the same waits.
    """
    require_governor(actor)
    pattern, reason = _checked_pattern(pattern), clean_reason(reason)
    if level is not None and level not in AutonomyLevel.values:
        raise fault("level", f"There is no level {level}.")
    lock_leash()
    before = level_rules()
    owner = str(agent.pk) if agent else EVERY_AGENT
    former = next((r.level for r in before if (r.agent, r.pattern) == (owner, pattern)), None)
    if level == former:
        return None
    after = [rule for rule in before if (rule.agent, rule.pattern) != (owner, pattern)]
    if level is not None:
        after.append(LevelRule(owner, pattern, level))
    if len(after) > MOST_RULES:
        raise Conflict(f"There are {MOST_RULES} rules already: remove some first.")
    if not widens(before, after):
        _write_autonomy(actor, actor, agent, pattern, level, reason)
        return None
    return ask_loosening(
        actor=actor,
        kind=_AUTONOMY,
        ref=f"{owner}:{pattern}",
        change={
            "agent": str(agent.pk) if agent else None,
            "pattern": pattern,
            "level": level,
            "former": former,
        },
        sentence=autonomy_sentence(agent.name if agent else "", pattern, level),
        reason=reason,
    )


@transaction.atomic
def set_environment(
    *, actor: Membership, name: str, is_read_only: bool, reason: str
) -> Loosening | None:
    """Say whether an environment is read-only; "*" is every one that is not listed.

    Returns what waits for a second person, None when it holds already. Raises as `set_autonomy`.
    """
    require_governor(actor)
    name, reason = name.strip().lower(), clean_reason(reason)
    if name != EVERYTHING and not _NAME.fullmatch(name):
        raise fault("name", "Write a-z, 0-9, dot, dash and underscore, or * for all others.")
    lock_leash()
    listed = EnvironmentRule.objects.filter(name=name).first()
    if (listed.is_read_only if listed else None) == is_read_only:
        return None
    if is_read_only or not read_only_of(name):
        _write_environment(actor, actor, name, is_read_only, reason)
        return None
    return ask_loosening(
        actor=actor,
        kind=_ENVIRONMENT,
        ref=name,
        change={"name": name, "former": listed.is_read_only if listed else None},
        sentence=environment_sentence(name, is_read_only=False),
        reason=reason,
    )


@register_maker(_AUTONOMY)
def _make_autonomy(loosening: Loosening, confirmed_by: Membership) -> None:
    change: dict[str, Any] = loosening.change
    agent = Agent.objects.get(pk=UUID(change["agent"])) if change["agent"] else None
    row = Autonomy.objects.filter(agent=agent, pattern=change["pattern"]).first()
    if (row.level if row else None) != change["former"]:
        raise Conflict(CHANGED, code="overtaken")
    _write_autonomy(
        confirmed_by,
        loosening.asked_by,
        agent,
        change["pattern"],
        change["level"],
        loosening.reason,
    )


@register_maker(_ENVIRONMENT)
def _make_environment(loosening: Loosening, confirmed_by: Membership) -> None:
    change: dict[str, Any] = loosening.change
    listed = EnvironmentRule.objects.filter(name=change["name"]).first()
    if (listed.is_read_only if listed else None) != change["former"]:
        raise Conflict(CHANGED, code="overtaken")
    _write_environment(confirmed_by, loosening.asked_by, change["name"], False, loosening.reason)


def _write_autonomy(
    actor: Membership,
    set_by: Membership,
    agent: Agent | None,
    pattern: str,
    level: str | None,
    reason: str,
) -> None:
    row = Autonomy.objects.filter(agent=agent, pattern=pattern).first()
    if level is None:
        if row is not None:
            row.delete()
            events.autonomy_removed(actor=actor, row=row, reason=reason, asked_by=set_by)
        return
    former = row.level if row else None
    row = row or Autonomy(agent=agent, pattern=pattern)
    row.level, row.reason, row.set_by, row.set_at = level, reason, set_by, clock.now()
    row.save()
    events.autonomy_set(actor=actor, row=row, former=former)


def _write_environment(
    actor: Membership, set_by: Membership, name: str, is_read_only: bool, reason: str
) -> None:
    rule = EnvironmentRule.objects.filter(name=name).first()
    former = rule.is_read_only if rule else None
    rule = rule or EnvironmentRule(name=name)
    rule.is_read_only, rule.reason = is_read_only, reason
    rule.set_by, rule.set_at = set_by, clock.now()
    rule.save()
    events.environment_changed(actor=actor, rule=rule, former=former)


def _checked_pattern(pattern: str) -> str:
    pattern = pattern.strip()
    if not is_autonomy_pattern(pattern):
        raise fault("pattern", f"{pattern or 'This'} is no category, and no pattern like pay.*.")
    return pattern
