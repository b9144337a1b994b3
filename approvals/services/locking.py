"""The one lock: the request's row, always taken first (security page, "Decisions")."""

from collections.abc import Sequence
from uuid import UUID

from approvals.enums import RequestStatus
from approvals.killing import SWITCHES
from approvals.models import ActionRequest
from govapp.common.arrays import is_any
from govapp.common.errors import NotFound
from govapp.common.formats import utc_minute
from tenants.models import Agent
from tenants.selectors.kill import ThrownSwitches

_HOW: dict[str, str] = {
    RequestStatus.ALLOWED: "was allowed by rule",
    RequestStatus.BLOCKED: "was blocked",
    RequestStatus.APPROVED: "has been approved",
    RequestStatus.DENIED: "has been denied",
    RequestStatus.RETURNED: "has been sent back",
    RequestStatus.EXPIRED: "has expired",
    RequestStatus.CANCELLED: "has been cancelled",
}

_TO_PROMPT = (
    "tenant_id", "agent_id", "owner_at_submission_id", "category_id", "summary", "on_behalf_of",
    "status", "version", "execution_state", "purpose", "deadline_at", "delegation_id",
    "delegation_chain", "delegation_owners",
)  # fmt: skip


def lock_request(request_id: UUID) -> ActionRequest:
    """Lock the request's row until the transaction ends, and return it. Raises `NotFound`.

    Everything that is decided about it is read after this, never before.
    """
    request = _locked(request_id, skip_locked=False)
    if request is None:
        raise NotFound("There is no such request.")
    return request


def try_to_lock(request_id: UUID) -> ActionRequest | None:
    """As `lock_request`, but None when somebody else holds it at this moment."""
    return _locked(request_id, skip_locked=True)


def try_to_lock_many(request_ids: Sequence[UUID]) -> list[ActionRequest]:
    """Lock those that nobody else holds, waiting for none; return them in the order given.

    With what is needed to prompt people; the rest of a row is read when it is asked for.
    """
    rows = ActionRequest.objects.select_for_update(of=("self",), skip_locked=True).only(*_TO_PROMPT)
    found = {request.pk: request for request in rows.filter(is_any("pk", request_ids))}
    agents = Agent.objects.in_bulk({request.agent_id for request in found.values()})
    for request in found.values():
        request.agent = agents[request.agent_id]
    return [found[ident] for ident in request_ids if ident in found]


def _locked(request_id: UUID, *, skip_locked: bool) -> ActionRequest | None:
    rows = ActionRequest.objects.select_for_update(of=("self",), skip_locked=skip_locked)
    return (
        rows.select_related("agent", "policy_version")
        # The switches stay as they are until this transaction ends: who throws one waits for it.
        .annotate(**{SWITCHES: ThrownSwitches("tenant_id")})
        .defer("facts", "policy_version__source", "policy_version__document")
        .filter(pk=request_id)
        .first()
    )


def ended(request: ActionRequest) -> str:
    """Say in one sentence how a request ended: the answer to whoever comes too late."""
    by = f" by {request.decided_by_name}" if request.decided_by_name else ""
    if request.decided_at is None:
        return f"This request {_HOW.get(request.status, 'is still open')}."
    at = utc_minute(request.decided_at)
    return f"This request {_HOW[request.status]}{by} on {at}."
