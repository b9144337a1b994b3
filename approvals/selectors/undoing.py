"""Taking back: whether and until when a request can be, by what it was, and what it takes back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from approvals.enums import ExecutionState, Purpose, RequestStatus
from approvals.models import ActionRequest
from approvals.rules import may_ask_undo
from approvals.undoing import Undo, UndoInvalid, read_undo
from govapp.common.ids import public_id
from tenants.models import Membership

# As the constraint `request_undone_once`.
_HOPEFUL: Final = (RequestStatus.PENDING, RequestStatus.ALLOWED, RequestStatus.APPROVED)
_IN_VAIN: Final = (ExecutionState.FAILED, ExecutionState.REVOKED, ExecutionState.ROLLED_BACK)
_EXECUTED: Final = (ExecutionState.SUCCEEDED, ExecutionState.ROLLED_BACK)


@dataclass(frozen=True)
class Undoing:
    """What the page of a request shows of taking it back, for one reader."""

    undoes: ActionRequest | None = None
    undone_by: tuple[ActionRequest, ...] = ()
    until: datetime | None = None  # until when the reader may ask for it; None: not at all
    hours: int = 0

    @property
    def may_ask(self) -> bool:
        return self.until is not None


def undo_of(request: ActionRequest) -> Undo | None:
    """Return how a request is taken back as its category says now; None when it does not say."""
    try:
        return read_undo(request.category.undo) if request.category else None
    except UndoInvalid:
        return None


def undo_until(request: ActionRequest, undo: Undo) -> datetime:
    """Return the end of the time in which an executed request can be taken back."""
    since = request.execution_reported_at or request.submitted_at
    return since + timedelta(hours=undo.within_hours)


def undo_under_way(request: ActionRequest) -> ActionRequest | None:
    """Return the request that takes this one back and has not come to nothing."""
    return next((each for each in undos_of(request) if is_hopeful(each)), None)


def undos_of(request: ActionRequest) -> list[ActionRequest]:
    """Return the requests that take this one back, oldest first. One statement."""
    rows = ActionRequest.objects.filter(undoes=request, tenant_id=request.tenant_id)
    shown = rows.only("tenant_id", "summary", "status", "execution_state", "submitted_at")
    return list(shown.order_by("submitted_at", "pk"))


def undone_by(request: ActionRequest) -> list[str]:
    """Return the public ids of the requests that take this one back. No statement for most."""
    if request.execution_state not in _EXECUTED:
        return []
    return [public_id("ar", each.pk) for each in undos_of(request)]


def is_hopeful(request: ActionRequest) -> bool:
    """Whether this request may still be executed, or was."""
    return request.status in _HOPEFUL and request.execution_state not in _IN_VAIN


def read_undoing(request: ActionRequest, member: Membership, now: datetime) -> Undoing:
    """Return what is shown of it. One statement for what was executed, one for what takes back."""
    undoes = request.undoes if request.undoes_id else None
    if request.purpose != Purpose.ACTION or request.execution_state not in _EXECUTED:
        return Undoing(undoes)
    made = undos_of(request)
    undo = undo_of(request)
    is_free = request.execution_state == ExecutionState.SUCCEEDED and not any(map(is_hopeful, made))
    if undo is None or not is_free or not may_ask_undo(member, request):
        return Undoing(undoes, tuple(made))
    until = undo_until(request, undo)
    return Undoing(undoes, tuple(made), until if now < until else None, undo.within_hours)
