"""What happens to a request, as the record keeps it: one typed function per event.

Each event stands alone: names, ids, versions, digests and reasons are in it, because reports and
explanations are made from the record and nothing else (design: architecture page).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from approvals.audit_events.configuration import schema_text
from approvals.audit_events.judged import (
    guardrails_of,
    held_of,
    policy_of,
    rules_of,
    unmet_of,
)
from approvals.audit_events.runs import record_in_run
from approvals.audit_events.wording import content, told, words
from approvals.digests import canonical_json
from approvals.enums import Purpose, RequestStatus, Verdict
from approvals.models import ActionRequest, RequirementStage, Timer, Vote
from approvals.selectors.runs import sources_of
from approvals.selectors.twins import Twin
from audit.actors import SYSTEM, Actor, Subject, Words
from audit.services import Alike, Entry, record_many
from govapp.common.ids import public_id
from tenants.audit_events.words import name_of, party, said
from tenants.models import Membership

_ENDED: Final[dict[str, str]] = {
    RequestStatus.ALLOWED: "was allowed by rule",
    RequestStatus.BLOCKED: "was blocked",
    RequestStatus.APPROVED: "was approved",
    RequestStatus.DENIED: "was denied",
    RequestStatus.RETURNED: "was sent back",
    RequestStatus.EXPIRED: "expired",
    RequestStatus.CANCELLED: "was cancelled",
}
_VOTED: Final[dict[str, str]] = {
    Verdict.APPROVE: "approved",
    Verdict.DENY: "denied",
    Verdict.RETURN: "sent back",
}


_ASKED: Final[dict[str, str]] = {
    Purpose.ACTION: "",
    Purpose.DRILL: "Drill, in the name of an agent: ",
    Purpose.CANARY: "Canary, in the name of an agent: ",
}


def record_submitted(*, request: ActionRequest, actor: Actor, now: datetime) -> None:
    """The agent asked. The caller holds the lock of the run that it belongs to, if any."""
    entry = _entry(
        f"{_noun(request)}.submitted",
        request,
        actor,
        now,
        f"{_ASKED[request.purpose]}{request.agent.name} asked for {request.category_key}:"
        f" {request.summary}",
        {
            "category": request.category_key,
            **_category(request),
            "agent": {"id": request.agent.public_id, "name": request.agent.name},
            "summary": content(request.summary, request),
            "reason": content(request.reason, request),
            "sources": content(schema_text(request.sources), request),
            "estimated_cost": schema_text(request.estimated_cost),
            "supersedes": _supersedes(request),
            "environment": request.environment,
            "unmet": unmet_of(request),
            "integration": request.integration,
            "run": request.run_key,
            "obligations": request.obligations,
            "on_behalf_of": content(request.on_behalf_of, request),
            "confidence": None if request.confidence is None else str(request.confidence),
            "payload": content(canonical_json(request.payload).decode(), request),
            "payload_digest": request.payload_digest,
            "policy": policy_of(request),
            "rules": rules_of(request),
            "because": content(request.because, request),
            **guardrails_of(request),
            **held_of(request, "demands"),
            **_lineage(request),
            **({"undoes": public_id("ar", request.undoes_id)} if request.undoes_id else {}),
        },
    )
    if request.run is None:
        record_many([entry])
    else:
        record_in_run(request.run, entry)


def record_decided(*, request: ActionRequest, actor: Actor, now: datetime) -> None:
    """The request ended, in whichever way."""
    why = f": {words(request.decision_reason)}" if request.decision_reason else ""
    by = "" if actor.kind == "system" else f" by {actor.name}"
    _record(
        f"{_noun(request)}.{request.status}",
        request,
        actor,
        now,
        f"“{request.summary}” {_ENDED[request.status]}{by}{why}",
        {
            "status": request.status,
            "version": request.version,
            "reason": told(request.decision_reason, actor, request),
            "payload_digest": request.payload_digest,
            "category": request.category_key,
            "agent": {"id": request.agent.public_id, "name": request.agent.name},
            "policy": policy_of(request),
            "submitted_at": _time(request.submitted_at),
            **(held_of(request, "refusals") if request.status == RequestStatus.BLOCKED else {}),
        },
    )


def _noun(request: ActionRequest) -> str:
    """What is no action has types of its own, so that no report counts it as one."""
    return "action_request" if request.purpose == Purpose.ACTION else str(request.purpose)


def type_on(request: ActionRequest, event_type: str) -> str:
    """What people do about a drill has types of its own too: "drill.vote.cast"."""
    noun = _noun(request)
    is_own = request.purpose == Purpose.ACTION or event_type.startswith(f"{noun}.")
    return event_type if is_own else f"{noun}.{event_type}"


def record_stage_opened(*, stage: RequirementStage, now: datetime) -> None:
    """People are asked from now until the deadline."""
    _record_stage(
        "stage.opened",
        stage,
        now,
        f"Stage “{stage.name}” of rule {stage.requirement.rule_id} opened;"
        f" it ends at {_time(stage.deadline_at)}",
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
    _record_stage(
        "stage.fallback_added",
        stage,
        now,
        f"Stage “{stage.name}” of rule {stage.requirement.rule_id} could no longer be completed,"
        f" so group {group} was added",
        {"group": group},
    )


def record_vote_cast(*, vote: Vote, member: Membership) -> None:
    """A person decided, with the rights that they had at that moment."""
    request, absentee = vote.request, vote.stands_for
    why = f": {words(vote.reason)}" if vote.reason else ""
    who = member.user.name + (f", standing in for {absentee.user.name}," if absentee else "")
    _record(
        "vote.cast",
        request,
        member.as_actor(),
        vote.cast_at,
        f"{who} {_VOTED[vote.verdict]} “{request.summary}”{why}",
        {
            "verdict": vote.verdict,
            "reason": said(vote.reason, member),
            "rights": vote.right["rights"],
            "seats": vote.right["seats"],
            "channel": vote.channel,
            "payload_digest": vote.payload_digest,
            "request_version": vote.request_version,
            "seconds_viewed": vote.seconds_viewed,
            "second_factor": vote.right.get("second_factor"),
            "stands_for": absentee and party(absentee),
        },
    )


def record_vote_refused(
    *, request: ActionRequest, member: Membership, verdict: str, why: str, now: datetime
) -> None:
    """A vote that does not count, and why."""
    _record(
        "vote.refused",
        request,
        member.as_actor(),
        now,
        f"The vote of {member.user.name} on “{request.summary}” was refused: {why}",
        {"verdict": verdict, "why": why, "status": request.status, "version": request.version},
    )


def reminded(*, stage: RequirementStage, timer: Timer, missing: str, now: datetime) -> Entry:
    """Whoever has not answered was reminded.

    It names the request and repeats nothing of what it asks for: thousands are due together, and
    each text that has to be hidden costs as much as the rest of the event.
    """
    entry = stage_entry(
        "timer.reminded",
        stage,
        now,
        f"Reminder {timer.level + 1} of stage “{stage.name}”; still missing: {missing}",
        timer_data(timer) | {"missing": missing},
    )
    return replace(entry, subject=replace(entry.subject, label=""))


def reminded_too(entry: Entry, twins: Sequence[Twin]) -> Entry | Alike:
    """The event `reminded`, and the same of the requests that are like that one."""
    if not twins:
        return entry
    others = [
        (
            twin.request_id,
            (_seconds(twin.opened_at), _seconds(twin.ends_at), _seconds(twin.due_at)),
        )
        for twin in twins
    ]
    return Alike(entry, ("opened_at", "deadline_at", "due_at"), others)


def _seconds(moment: str) -> str:
    """As `_time`, of UTC as PostgreSQL writes it: "2026-01-31 12:00:00.5"."""
    return f"{moment[:10]}T{moment[11:19]}Z"


def escalated(
    *,
    stage: RequirementStage,
    timer: Timer,
    added: Sequence[Mapping[str, Any]],
    missing: str,
    now: datetime,
) -> Entry:
    """More people were added; nobody was removed and the quorum is what it was."""
    names = ", ".join(f"{each['kind']} {each['ref']}" for each in added) or "nobody new"
    return stage_entry(
        "timer.escalated",
        stage,
        now,
        f"Stage “{stage.name}” was escalated: {names} added; still missing: {missing}",
        timer_data(timer) | {"added": [dict(each) for each in added], "missing": missing},
    )


def skipped_late(*, stage: RequirementStage, timer: Timer, now: datetime) -> Entry:
    """It was due, but something later was due as well, so it was not sent."""
    return stage_entry(
        "timer.skipped_late",
        stage,
        now,
        f"A late {timer.get_kind_display().lower()} of stage “{stage.name}” was skipped:"
        " something later was due as well",
        timer_data(timer),
    )


def record_outcome_overdue(*, request: ActionRequest, timer: Timer, now: datetime) -> None:
    """The permission was used and nobody reported what came of it."""
    _record(
        "execution.overdue",
        request,
        SYSTEM,
        now,
        f"{request.agent.name} has not reported the outcome of “{request.summary}” in time",
        timer_data(timer) | {"payload_digest": request.payload_digest},
    )


def _record_stage(
    event_type: str, stage: RequirementStage, now: datetime, summary: str, data: dict[str, Any]
) -> None:
    record_many([stage_entry(event_type, stage, now, summary, data)])


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
        "opened_at": _time(stage.opened_at),
        "deadline_at": _time(stage.deadline_at),
    }
    return _entry(event_type, stage.request, SYSTEM, now, summary, details | data)


def _record(
    event_type: str,
    request: ActionRequest,
    actor: Actor,
    now: datetime,
    summary: str,
    data: Mapping[str, Any],
) -> None:
    record_many([_entry(event_type, request, actor, now, summary, data)])


def _entry(
    event_type: str,
    request: ActionRequest,
    actor: Actor,
    now: datetime,
    summary: str,
    data: Mapping[str, Any],
) -> Entry:
    return Entry(
        event_type=type_on(request, event_type),
        actor=actor,
        subject=Subject(type="action_request", id=request.public_id, label=request.summary),
        summary=summary,
        data=data,
        request_id=request.pk,
        at=now,
        delegation=request.delegation_chain,
    )


def timer_data(timer: Timer) -> dict[str, Any]:
    """What was due, and when."""
    return {"kind": timer.kind, "level": timer.level, "due_at": _time(timer.due_at)}


def _time(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _category(request: ActionRequest) -> dict[str, Any]:
    """What the category said at that moment; it may be redefined."""
    category = request.category
    if category is None:
        return {"category_name": None, "risk": None, "is_reversible": None}
    return {
        "category_name": category.name,
        "risk": category.risk,
        "is_reversible": category.is_reversible,
    }


def _supersedes(request: ActionRequest) -> str | None:
    return public_id("ar", request.supersedes_id) if request.supersedes_id else None


def _lineage(request: ActionRequest) -> dict[str, Any]:
    """What flowed into it from its run: labels, and the sources by the steps that read them."""
    if request.run is None:
        return {}
    step = request.step
    found = [{"step": number, **source} for number, source in sources_of(request.run, step)]
    return {
        "lineage": {
            "step": step.public_id if step else None,
            "labels": step.carried if step else request.run.labels,
            "sources": content(schema_text(found), request),
        }
    }
