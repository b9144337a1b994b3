"""Events about kill switches."""

from typing import Any

from audit.actors import Subject
from audit.services import record
from tenants.audit_events.words import party, said
from tenants.enums import KillPending
from tenants.models import KillSwitch, Membership


def kill_switch_thrown(*, actor: Membership, switch: KillSwitch) -> None:
    stopped = switch.stopped
    waiting = "cancelled" if switch.pending == KillPending.CANCEL else "held"
    rest = "" if switch.is_complete else " What had begun before was not waited for."
    _record(
        "kill_switch.thrown",
        actor,
        switch,
        f"{actor.user.name} threw the kill switch for {switch.what}: {switch.reason}."
        f" {_count(stopped['pending'], 'waiting request')} {_are(stopped['pending'])} {waiting},"
        f" {_count(stopped['grants'], 'permission')} not used yet {_are(stopped['grants'])}"
        f" dead, {_count(stopped['agents'], 'agent')} {_are(stopped['agents'])} stopped.{rest}",
        {
            "reason": said(switch.reason, actor),
            "pending": switch.pending,
            "stopped": stopped,
            "took_ms": switch.took_ms,
            "is_complete": switch.is_complete,
        },
    )


def kill_switch_resumed(*, actor: Membership, switch: KillSwitch) -> None:
    _record(
        "kill_switch.resumed",
        actor,
        switch,
        f"{actor.user.name} resumed {switch.what}, which {switch.thrown_by.user.name} had stopped"
        f" on {switch.thrown_at:%d %B %Y %H:%M} UTC: {switch.resume_reason}.",
        {
            "reason": said(switch.resume_reason, actor),
            "thrown_by": party(switch.thrown_by),
            "thrown_at": switch.thrown_at.isoformat(),
        },
    )


def kill_switch_drilled(*, actor: Membership, switch: KillSwitch) -> None:
    stopped = switch.stopped
    _record(
        "kill_switch.drilled",
        actor,
        switch,
        f"{actor.user.name} drilled the kill switch for {switch.what}: {switch.reason}. Nothing was"
        f" stopped. It would have been {_count(stopped['pending'], 'waiting request')},"
        f" {_count(stopped['grants'], 'permission')} not used yet and"
        f" {_count(stopped['agents'], 'agent')}; it took {switch.took_ms} ms.",
        {
            "reason": said(switch.reason, actor),
            "pending": switch.pending,
            "stopped": stopped,
            "took_ms": switch.took_ms,
        },
    )


def kill_switch_settled(*, switch: KillSwitch) -> None:
    _record(
        "kill_switch.settled",
        switch.thrown_by,
        switch,
        f"The kill switch for {switch.what} has cancelled everything that waited:"
        f" {_count(switch.cancelled, 'request')}.",
        {"cancelled": switch.cancelled},
    )


def _record(
    event_type: str, actor: Membership, switch: KillSwitch, summary: str, data: dict[str, Any]
) -> None:
    record(
        event_type=event_type,
        actor=actor.as_actor(),
        subject=Subject(type="kill_switch", id=switch.public_id, label=switch.what),
        summary=summary,
        data={"scope": switch.scope, "ref": switch.ref, "name": switch.name, **data},
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
