"""How a request stands now, for tests that look at one."""

from approvals.models import ActionRequest
from approvals.selectors.approvers import missing_of
from approvals.selectors.board import load_boards
from audit.models import LedgerEvent
from govapp.common.tenancy import tenant_transaction


def missing(request: ActionRequest) -> list[str]:
    """Return what each requirement of a request still needs, in the order of its rules."""
    with tenant_transaction(request.tenant_id):
        (board,) = load_boards([request])
        found = sorted(board.requirements, key=lambda requirement: requirement.rule_id)
        return [missing_of(board, requirement) for requirement in found]


def fresh(request: ActionRequest) -> ActionRequest:
    """Return the request as it is now, with its agent and the version that decided."""
    with tenant_transaction(request.tenant_id):
        return ActionRequest.objects.select_related("agent", "policy_version").get(pk=request.pk)


def recorded(request: ActionRequest, prefix: str = "") -> list[str]:
    """Return the types of the request's events that begin like this, in their order."""
    with tenant_transaction(request.tenant_id):
        rows = LedgerEvent.objects.filter(request_id=request.pk, type__startswith=prefix)
        return list(rows.order_by("pk").values_list("type", flat=True))
