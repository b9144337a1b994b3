"""That an executed action is to be taken back, and that it was."""

from datetime import datetime

from approvals.audit_events.about import action_of, moment, record_about
from approvals.audit_events.wording import told, words
from approvals.models import ActionRequest
from approvals.undoing import Undo
from audit.actors import SYSTEM, Actor
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
    record_about(
        "action_request.undo_asked",
        request,
        by,
        now,
        f"{by.name} asked that “{request.summary}” is taken back by {undo.category}{why}",
        {
            "reason": told(reason, by, request),
            "undo": made.public_id,
            "category": undo.category,
            "agent": {"id": request.agent.public_id, "name": request.agent.name},
            "payload_digest": request.payload_digest,
            "within_hours": undo.within_hours,
            "reported_at": moment(request.execution_reported_at) or "",
        },
    )


def undone(*, request: ActionRequest, made: ActionRequest, former: str, now: datetime) -> None:
    """What takes it back was executed."""
    record_about(
        "execution.undone",
        request,
        SYSTEM,
        now,
        f"“{request.summary}” was taken back: {made.public_id} was executed",
        action_of(request) | {"undone_by": made.public_id, "before": former},
    )
