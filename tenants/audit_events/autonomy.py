"""Events about what lets agents do more or less: autonomy, environments, and second persons."""

from audit.actors import Subject
from audit.services import record
from govapp.common.ids import public_id
from tenants.audit_events.words import agent_subject, name_of, said
from tenants.autonomy_words import autonomy_sentence, environment_sentence
from tenants.models import Agent, Autonomy, EnvironmentRule, Loosening, Membership


def autonomy_set(*, actor: Membership, row: Autonomy, former: str | None) -> None:
    """What an agent, or every agent, may do in a category is another level from now on."""
    agent = row.agent
    _autonomy(
        "agent.autonomy_set", actor, agent, row.pattern, row.level, former, row.reason, row.set_by
    )


def autonomy_removed(
    *, actor: Membership, row: Autonomy, reason: str, asked_by: Membership
) -> None:
    """Nothing is set any more: what is less specific holds, or the policy."""
    _autonomy(
        "agent.autonomy_removed", actor, row.agent, row.pattern, None, row.level, reason, asked_by
    )


def _autonomy(
    event_type: str,
    actor: Membership,
    agent: Agent | None,
    pattern: str,
    level: str | None,
    former: str | None,
    reason: str,
    asked_by: Membership,
) -> None:
    words = autonomy_sentence(agent.name if agent else "", pattern, level)
    record(
        event_type=event_type,
        actor=actor.as_actor(),
        subject=agent_subject(agent) if agent else Subject("autonomy", "every", "Every agent"),
        summary=f"{actor.user.name} set: {words}",
        data={
            "agent": agent.public_id if agent else None,
            "agent_name": agent.name if agent else None,
            "pattern": pattern,
            "level": level,
            "former": former,
            "reason": said(reason, asked_by),
            "asked_by": asked_by.public_id,
        },
    )


def environment_changed(*, actor: Membership, rule: EnvironmentRule, former: bool | None) -> None:
    """An environment is read-only from now on, or is so no more."""
    words = environment_sentence(rule.name, is_read_only=rule.is_read_only)
    record(
        event_type="environment.changed",
        actor=actor.as_actor(),
        subject=Subject("environment", public_id("env", rule.pk), rule.name),
        summary=f"{actor.user.name} set: {words}",
        data={
            "name": rule.name,
            "is_read_only": rule.is_read_only,
            "former": former,
            "reason": said(rule.reason, rule.set_by),
            "asked_by": rule.set_by.public_id,
        },
    )


def loosening_asked(*, loosening: Loosening) -> None:
    """Somebody wants to let agents do more; a second person has to confirm it."""
    actor = loosening.asked_by
    _loosening("loosening.asked", actor, loosening, f"{actor.user.name} asks for a second person")


def loosening_confirmed(*, actor: Membership, loosening: Loosening) -> None:
    """A second person let it hold; or nobody else, where the account lets one person decide."""
    alone = " alone" if actor.pk == loosening.asked_by_id else ""
    _loosening("loosening.confirmed", actor, loosening, f"{actor.user.name} confirms{alone}")


def loosening_withdrawn(*, actor: Membership, loosening: Loosening) -> None:
    """It will not hold."""
    _loosening("loosening.withdrawn", actor, loosening, f"{actor.user.name} withdraws")


def _loosening(event_type: str, actor: Membership, loosening: Loosening, does: str) -> None:
    asked_by = loosening.asked_by
    record(
        event_type=event_type,
        actor=actor.as_actor(),
        subject=Subject("loosening", loosening.public_id, loosening.kind.replace("_", " ")),
        summary=f"{does}: {loosening.sentence}",
        data={
            "kind": loosening.kind,
            "sentence": loosening.sentence,
            "reason": said(loosening.reason, asked_by),
            "asked_by": asked_by.public_id,
            "single_person": event_type == "loosening.confirmed"
            and actor.pk == loosening.asked_by_id,
        },
        personal=(name_of(asked_by),),
    )
