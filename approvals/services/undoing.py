"""Taking an executed action back: another request, under its own policy, once.

The row of what is taken back is locked first, and the request that takes it back is made under
that lock: of two who ask at once, one is told that it is asked for already.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from approvals.audit_events import undoing as events
from approvals.enums import LEGAL_EXECUTION_MOVES, ExecutionState, Purpose
from approvals.facts import Submission
from approvals.models import ActionRequest
from approvals.rules import may_ask_undo
from approvals.selectors.undoing import undo_of, undo_under_way, undo_until
from approvals.services import delegated_spend
from approvals.services.callbacks import queue_callbacks
from approvals.services.lifecycle import move_execution
from approvals.services.locking import lock_request
from approvals.services.spending import follow_execution
from approvals.services.submission import submit_action
from approvals.undoing import Undo, UndoInvalid
from govapp.common import clock
from govapp.common.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from govapp.common.ids import public_id
from govapp.common.writing import unit_of_work
from tenants.models import Agent, Membership
from tenants.services.budgets import hold_uses

_REASON: Final = 4_000
_SUMMARY: Final = 500


@unit_of_work()
def request_undo(*, actor: Agent | Membership, request_id: UUID, reason: str = "") -> ActionRequest:
    """Ask that an executed action is taken back; return the request that asks for it.

    That is a request of the same agent for the category that the original's category names, judged
    like any other. By the agent itself, or by an approver, compliance or an owner, who say why.
    Raises `NotFound` (also to an agent for another's), `Forbidden`, `Invalid`, and `Conflict` when
    it cannot be taken back, not any more, or is asked for already.
    """
    original = lock_request(request_id)
    if not may_ask_undo(actor, original):
        if isinstance(actor, Agent):
            raise NotFound("There is no such request.")
        raise Forbidden("Only approvers, compliance and owners ask for this.")
    reason = _reason(reason, is_needed=not isinstance(actor, Agent))
    now = clock.now()
    undo = _possible(original, now)
    payload = _payload(undo, original)
    under = _delegation(actor, original)
    made = submit_action(
        agent=original.agent,
        submission=Submission(
            category=undo.category,
            summary=f"Undo: {original.summary}"[:_SUMMARY],
            payload=payload,
            reason=reason,
            environment=original.environment,
            integration=original.integration,
            on_behalf_of=original.on_behalf_of,
            undoes=original.pk,
            delegation=under,
            # Under a delegation's budget it has to say one; what it costs is about the same.
            estimated_cost=original.estimated_cost if under else None,
        ),
        agents_side=_agents_side(actor, original),
    )
    events.undo_asked(actor=actor, request=original, made=made, undo=undo, reason=reason, now=now)
    return made


def hold_undone(*, made: ActionRequest) -> ActionRequest | None:
    """Lock what a request takes back, if it does, and the budgets of both; return it.

    Before anything of `made` is settled, which the caller has locked: requests are locked before
    the budgets of chains, those before the uses of budgets, and all of each at once.
    """
    if made.undoes_id is None:
        return None
    original = lock_request(made.undoes_id)
    delegated_spend.hold_budgets_of(made, original)
    hold_uses([made.public_id, original.public_id])
    return original


def note_undone(*, made: ActionRequest, original: ActionRequest, now: datetime) -> None:
    """Say of what a request takes back that it was taken back: the undo was executed.

    The caller holds the locks (`hold_undone`), and the execution of `made` has succeeded.
    """
    former = ExecutionState(original.execution_state)
    if (former, ExecutionState.ROLLED_BACK) not in LEGAL_EXECUTION_MOVES:
        # Its agent has said so itself, meanwhile; now it is so, and its amount is given back.
        delegated_spend.follow_execution(original, ExecutionState.ROLLED_BACK, is_undone=True)
        follow_execution(original, ExecutionState.ROLLED_BACK, now, is_undone=True)
        return
    move_execution(request=original, to=ExecutionState.ROLLED_BACK, now=now, is_undone=True)
    events.undone(request=original, made=made, former=former, now=now)
    queue_callbacks(request=original, event_type="execution.rolled_back")


def _possible(original: ActionRequest, now: datetime) -> Undo:
    """Return how it is taken back; raise `Conflict` with the sentence that says why not."""
    if original.purpose != Purpose.ACTION or original.execution_state == ExecutionState.ROLLED_BACK:
        raise Conflict("It was taken back already.", code="undone")
    if original.execution_state != ExecutionState.SUCCEEDED:
        raise Conflict(
            "Only what was reported as done can be taken back: report it first.",
            code="not_executed",
        )
    if (under_way := undo_under_way(original)) is not None:
        detail = f"That it is taken back is asked for already: {under_way.public_id}."
        raise Conflict(detail, code="undo_under_way")
    undo = undo_of(original)
    if undo is None:
        category = original.category_key
        detail = (
            f"The category {category} does not say how an action is taken back: compliance says so"
            " on its page."
        )
        raise Conflict(detail, code="no_undo")
    until = undo_until(original, undo)
    if now >= until:
        detail = f"It could be taken back until {until:%Y-%m-%d %H:%M} UTC."
        raise Conflict(detail, code="undo_too_late")
    if original.forgotten_at is not None:
        raise Conflict("What it asked for is no longer kept.", code="undo_too_late")
    return undo


def _delegation(actor: Agent | Membership, original: ActionRequest) -> str:
    """Return under what an agent's undo comes: what the action came under. A person's: nothing."""
    if not isinstance(actor, Agent) or original.delegation_id is None:
        return ""
    return public_id("dg", original.delegation_id)


def _agents_side(actor: Agent | Membership, original: ActionRequest) -> list[UUID]:
    """Return who does not decide on the undo: who could not on the action, and who asks for it."""
    asks = [actor.pk] if isinstance(actor, Membership) else []
    return [*original.delegation_owners, *asks]


def _payload(undo: Undo, original: ActionRequest) -> dict[str, Any]:
    try:
        return undo.payload_for(original.payload, original.public_id)
    except UndoInvalid as fault:
        raise Conflict(f"It cannot be taken back: {fault.detail}", code="undo_impossible") from None


def _reason(reason: str, *, is_needed: bool) -> str:
    reason = reason.strip()
    if (is_needed and not reason) or len(reason) > _REASON or "\0" in reason:
        fault = FieldError("/reason", f"Write 1 to {_REASON} characters: why it is taken back.")
        raise Invalid(fault.detail, errors=[fault])
    return reason
