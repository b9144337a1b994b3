"""On what an agent may book what it spent: on what it may act on, or has asked for itself.

Otherwise an agent could use up the budgets of what is none of its business.
"""

from collections.abc import Collection
from typing import Final

from django.db.models import Q, QuerySet

from approvals.enums import Purpose, RequestStatus
from approvals.gateway.asked import CATEGORIES
from approvals.models import ActionCategory, ActionRequest, Run
from approvals.selectors.runs import read_run_id
from govapp.common import clock
from govapp.common.errors import FieldError, Forbidden
from tenants.models import Agent, IntegrationGrant
from tenants.scopes import covers
from tenants.selectors.budgets import Purpose as SpentFor

CODE: Final = "spend_not_granted"


def require_bookable(agent: Agent, spent_for: SpentFor, *, opened: Collection[str]) -> None:
    """Raise `Forbidden` with what of category, integration and run is none of the agent's.

    `opened` are the categories that its key is for; empty: it is for all, which grants none. What
    it asked for and was allowed or approved is its own, also when the grant for it has ended since:
    what was spent then is spent. Asking alone opens nothing: whoever asks may take it back.
    """
    faults = []
    if not _is_own_run(agent, spent_for.run):
        faults.append(_fault("run", f"{spent_for.run} is no run of this agent, and none it named."))
    category, integration = spent_for.category, spent_for.integration
    # Grants are few; looking for a request may read through all of the agent's.
    missing = _not_granted(agent, category, integration, opened)
    if missing and not _was_let(agent, category, integration):
        faults += missing
    if faults:
        raise Forbidden(" ".join(each.detail for each in faults), code=CODE, errors=faults)


def _was_let(agent: Agent, category: str, integration: str) -> bool:
    """Whether a request of it for this was allowed or approved."""
    let = _own_requests(agent).filter(status__in=(RequestStatus.ALLOWED, RequestStatus.APPROVED))
    named = Q(category_key=category) if category else Q()
    if integration:
        named &= Q(integration=integration)
    return let.filter(named).exists()


def _not_granted(
    agent: Agent, category: str, integration: str, opened: Collection[str]
) -> list[FieldError]:
    if not category and not integration:
        return []
    live = IntegrationGrant.objects.filter(agent=agent, revoked_at=None)
    live = live.filter(Q(expires_at=None) | Q(expires_at__gt=clock.Now()))
    if integration:
        live = live.filter(integration__slug=integration)
    patterns = list(live.values_list("categories", flat=True))
    if integration and not patterns:
        said = f"The integration {integration} was not granted to this agent, and no request of it"
        on = f" for {category}" if category else ""
        return [_fault("integration", f"{said}{on} on it was allowed or approved.")]
    if not category:
        return []
    if category not in CATEGORIES and not ActionCategory.objects.filter(key=category).exists():
        return [_fault("category", f"The category {category} is not known here.")]
    is_granted = any(covers(each, category) for each in patterns if each)
    is_opened = not integration and bool(opened) and covers(opened, category)
    if is_granted or is_opened:
        return []
    on = f" on {integration}" if integration else ""
    said = f"This agent was not granted {category}{on}, and no request of it was allowed."
    return [_fault("category", f"{said} Leave it out, or name what it was spent on.")]


def _is_own_run(agent: Agent, run: str) -> bool:
    """A name of an agent's own choice counts for that agent alone; an id is of one run."""
    ident = read_run_id(run)
    if ident is None:
        return True
    own = Run.objects.filter(pk=ident, agent=agent)
    return own.exists() or _own_requests(agent).filter(run_key=run).exists()


def _own_requests(agent: Agent) -> QuerySet[ActionRequest]:
    asked = ActionRequest.objects.filter(agent=agent, purpose=Purpose.ACTION)
    return asked.exclude(status=RequestStatus.BLOCKED)


def _fault(name: str, detail: str) -> FieldError:
    return FieldError(f"/{name}", detail)
