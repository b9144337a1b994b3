"""Stages of a request, as the record keeps them: opened, satisfied, widened."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from approvals.audit_events.about import entry_about, moment, type_on
from approvals.models import RequirementStage
from audit.actors import SYSTEM, Words
from audit.services import Entry, record_many
from tenants.audit_events.words import name_of
from tenants.models import Membership


def record_stage_opened(*, stage: RequirementStage, now: datetime) -> None:
    """People are asked from now until the deadline."""
    _record(
        "stage.opened",
        stage,
        now,
        f"Stage “{stage.name}” of rule {stage.requirement.rule_id} opened;"
        f" it ends at {moment(stage.deadline_at)}",
        {"sentence": stage.requirement.sentence},
    )


def record_stage_satisfied(
    *,
    stage: RequirementStage,
    seated: Sequence[Mapping[str, str]],
    people: Collection[Membership],
    now: datetime,
) -> None:
    """Every seat is filled; `seated` says by whom (member, name, seat), `people` who voted."""
    # Two names when somebody stood in: each is hidden as what it is.
    filled = [{**each, "name": Words(each["name"], each["member"])} for each in seated]
    entry = stage_entry(
        "stage.satisfied",
        stage,
        now,
        f"Stage “{stage.name}” of rule {stage.requirement.rule_id} has all its approvals"
        f" ({', '.join(each['name'] for each in seated)})",
        {"seated": filled},
    )
    record_many([replace(entry, personal=tuple(map(name_of, people)))])


def record_fallback_added(*, stage: RequirementStage, group: str, now: datetime) -> None:
    """The quorum became impossible and the tenant's fallback group was asked."""
    _record(
        "stage.fallback_added",
        stage,
        now,
        f"Stage “{stage.name}” of rule {stage.requirement.rule_id} could no longer be completed,"
        f" so group {group} was added",
        {"group": group},
    )


def stage_entry(
    event_type: str, stage: RequirementStage, now: datetime, summary: str, data: dict[str, Any]
) -> Entry:
    """What happened to a stage, with everything that it consists of at that moment."""
    details = {
        "stage": stage.name,
        "position": stage.position,
        "rule": stage.requirement.rule_id,
        "seats": [dict(seat) for seat in stage.seats],
        "added_so_far": [dict(each) for each in stage.added],
        "opened_at": moment(stage.opened_at),
        "deadline_at": moment(stage.deadline_at),
    }
    kind = type_on(stage.request, event_type)
    return entry_about(kind, stage.request, SYSTEM, now, summary, details | data)


def _record(
    event_type: str, stage: RequirementStage, now: datetime, summary: str, data: dict[str, Any]
) -> None:
    record_many([stage_entry(event_type, stage, now, summary, data)])
