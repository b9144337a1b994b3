"""How a request moves: one table (`approvals.enums`) and one function each.

The only place that assigns `.status` and `.execution_state`.
"""

from datetime import datetime

from approvals.audit_events import requests as events
from approvals.enums import (
    LEGAL_EXECUTION_MOVES,
    LEGAL_MOVES,
    ExecutionState,
    Purpose,
    RequestStatus,
    StageStatus,
)
from approvals.models import ActionRequest, RequirementStage
from approvals.services import alarms, callbacks, delegated_spend, notifications, spending
from approvals.services.schedule import close_timers
from audit.actors import SYSTEM, Actor
from govapp.common.live import (
    AGENT_CHANNEL,
    REQUEST_CHANNEL,
    TENANT_CHANNEL,
    publish_to_all_on_commit,
)
from govapp.common.queue import enqueue_on_commit
from govapp.common.writing import change, insert, update

_NAME_CHARACTERS = 200


class IllegalMove(RuntimeError):
    """A programming error: this status does not follow on that one."""


def move(
    *, request: ActionRequest, to: RequestStatus, actor: Actor, reason: str, now: datetime
) -> None:
    """Give the request its first status, or end it.

    The caller has locked the row (or it is not inserted yet) and has checked that the move is
    deserved; this checks that it is legal. Everything that belongs to a move happens here: what
    is still open is closed, the record is written, whoever waits is told. Raises `IllegalMove`.
    """
    former = RequestStatus(request.status) if request.status else None
    if (former, to) not in LEGAL_MOVES:
        raise IllegalMove(f"{former} → {to}")
    request.status = to
    if to.is_final:
        request.decided_at = now
        request.decision_reason = reason
        request.decided_by_name = actor.name[:_NAME_CHARACTERS]
    if former is None:
        insert(request)
        is_action = request.purpose == Purpose.ACTION
        asker = request.agent.as_actor() if is_action else SYSTEM
        events.record_submitted(request=request, actor=asker, now=now)
    else:
        _end(request, now)
    if to.is_final:
        if former is not None:  # as it is born, it was reserved with its judgement
            delegated_spend.follow_status(request, to, now)
        events.record_decided(request=request, actor=actor, now=now)
        if former is not None:  # else nobody has been asked
            spending.follow_status(request, to, now)
            _tell_how_it_ended(request, reason)
        callbacks.queue_callbacks(request=request, event_type=f"action_request.{to}")
    if to == RequestStatus.DENIED:
        _look_at_conduct(request)
    tell_whoever_waits(request)


def move_execution(
    *, request: ActionRequest, to: ExecutionState, now: datetime, is_undone: bool = False
) -> None:
    """Say what became of the permission. The caller has locked the row and records the event.

    `now` is kept when the move is a report of how it went; `is_undone` when it was carried out that
    it is taken back. Raises `IllegalMove`.
    """
    former = ExecutionState(request.execution_state)
    if (former, to) not in LEGAL_EXECUTION_MOVES:
        raise IllegalMove(f"{former} → {to}")
    # The chain's budgets before the tenant's: the order in which a submission takes them.
    delegated_spend.follow_execution(request, to, is_undone=is_undone)
    spending.follow_execution(request, to, now, is_undone=is_undone)
    request.execution_state = to
    fields = ["execution_state"]
    if to in (ExecutionState.SUCCEEDED, ExecutionState.FAILED, ExecutionState.ROLLED_BACK):
        request.execution_reported_at = now
        fields.append("execution_reported_at")
    update(request, *fields)
    if to in (ExecutionState.FAILED, ExecutionState.ROLLED_BACK):
        _look_at_conduct(request)
    tell_whoever_waits(request)


def _look_at_conduct(request: ActionRequest) -> None:
    """Have the agent's tier of trust looked at, after commit; the daily look is the backup."""
    if request.purpose == Purpose.ACTION:
        enqueue_on_commit(
            "approvals.assess_agent", tenant_id=request.tenant_id, agent_id=request.agent_id
        )


def tell_whoever_waits(request: ActionRequest) -> None:
    """Publish, after commit, that this request has changed. Ids and statuses only."""
    message = {"request": request.public_id, "status": str(request.status)}
    places = {REQUEST_CHANNEL: request.pk, TENANT_CHANNEL: request.tenant_id}
    if request.purpose == Purpose.ACTION:  # an agent hears of no drill in its name
        places[AGENT_CHANNEL] = request.agent_id
    publish_to_all_on_commit(places, message)


def _tell_how_it_ended(request: ActionRequest, reason: str) -> None:
    if request.is_break_glass:
        alarms.tell_of_break_glass(request=request, reason=reason)
    else:
        notifications.notify_decided(request=request)


def _end(request: ActionRequest, now: datetime) -> None:
    request.version += 1
    request.deadline_at = None
    update(
        request,
        "status", "version", "decided_at", "decision_reason", "decided_by_name", "deadline_at",
    )  # fmt: skip
    # An approval by votes has no stage left.
    if request.status != RequestStatus.APPROVED or request.is_break_glass:
        left = RequirementStage.objects.filter(
            request=request, status__in=[StageStatus.WAITING, StageStatus.OPEN]
        )
        change(left, status=StageStatus.CLOSED)
    close_timers(request=request, now=now)
