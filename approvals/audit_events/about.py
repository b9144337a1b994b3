"""What every event about a request says in the same way."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from approvals.enums import Purpose
from approvals.models import ActionRequest
from audit.actors import Actor, Personal, Subject
from audit.services import Entry, record_many


def record_about(
    event_type: str,
    request: ActionRequest,
    actor: Actor,
    now: datetime,
    summary: str,
    data: Mapping[str, Any],
    *personal: Personal,
) -> None:
    """Record one event about a request."""
    record_many([entry_about(event_type, request, actor, now, summary, data, *personal)])


def entry_about(
    event_type: str,
    request: ActionRequest,
    actor: Actor,
    now: datetime,
    summary: str,
    data: Mapping[str, Any],
    *personal: Personal,
) -> Entry:
    """Return an event about a request: found under its id, with the chain of who handed on what."""
    return Entry(
        event_type=event_type,
        actor=actor,
        subject=Subject(type="action_request", id=request.public_id, label=request.summary),
        summary=summary,
        data=data,
        request_id=request.pk,
        at=now,
        personal=personal,
        delegation=request.delegation_chain,
    )


def noun_of(request: ActionRequest) -> str:
    """What is no action has types of its own, so that no report counts it as one."""
    return "action_request" if request.purpose == Purpose.ACTION else str(request.purpose)


def type_on(request: ActionRequest, event_type: str) -> str:
    """What people do about a drill has types of its own too: "drill.vote.cast"."""
    noun = noun_of(request)
    is_own = request.purpose == Purpose.ACTION or event_type.startswith(f"{noun}.")
    return event_type if is_own else f"{noun}.{event_type}"


def moment(at: datetime | None) -> str | None:
    """Return a moment as events give it in their data: of UTC, to the second, with a Z."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def action_of(request: ActionRequest) -> dict[str, Any]:
    """Return which action it is that was permitted and carried out, for an event's data."""
    version = request.policy_version
    return {
        "category": request.category_key,
        "agent": request.agent.public_id,
        "agent_name": request.agent.name,
        "payload_digest": request.payload_digest,
        "policy_version": version.number if version else None,
    }
