"""That an executed action is to be taken back, and that it was."""

from datetime import UTC, datetime

from approvals.audit_events.wording import told, words
from approvals.models import ActionRequest
from approvals.undoing import Undo
from audit.actors import SYSTEM, Actor, Subject
from audit.services import record
from tenants.models import Agent, Membership


def undo_asked(
    *,
    actor: Agent | Membership,
    request: ActionRequest,
    made: ActionRequest,
    undo: Undo,
    reason: str,
    now: datetime,
) -> None:
    """Somebody asked for it; `made` is the request that does it, if it may."""
    by: Actor = actor.as_actor()
    why = f": {words(reason)}" if reason else ""
    reported = request.execution_reported_at
    record(
        event_type="action_request.undo_asked",
        actor=by,
        subject=Subject("action_request", request.public_id, request.summary),
        summary=f"{by.name} asked that “{request.summary}” is taken back by {undo.category}{why}",
        data={
            "reason": told(reason, by, request),
            "undo": made.public_id,
            "category": undo.category,
            "agent": {"id": request.agent.public_id, "name": request.agent.name},
            "payload_digest": request.payload_digest,
            "within_hours": undo.within_hours,
            "reported_at": _time(reported) if reported else "",
        },
        request_id=request.pk,
        at=now,
    )


def undone(*, request: ActionRequest, made: ActionRequest, former: str, now: datetime) -> None:
    """What takes it back was executed."""
    version = request.policy_version
    record(
        event_type="execution.undone",
        actor=SYSTEM,
        subject=Subject("action_request", request.public_id, request.summary),
        summary=f"“{request.summary}” was taken back: {made.public_id} was executed",
        data={
            "category": request.category_key,
            "agent": request.agent.public_id,
            "agent_name": request.agent.name,
            "payload_digest": request.payload_digest,
            "policy_version": version.number if version else None,
            "undone_by": made.public_id,
            "before": former,
        },
        request_id=request.pk,
        at=now,
    )


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
