"""Kill switches and requests: what a locked request says of them, and which requests are meant."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db.models import Q

from approvals.delegating.links import path_of
from approvals.models import ActionRequest
from govapp.common.errors import Conflict
from tenants.enums import KillScope
from tenants.killing import CODE, Act, Thrown, killing, read_thrown, stopping

# Read with the request's lock (`services/locking.py`), so that it costs no statement.
SWITCHES: Final = "kill_switches"
_NONE: Final = Q(pk__in=())


def act_of(request: ActionRequest) -> Act:
    """Return what the switches look at."""
    return Act(
        agent_id=request.agent_id,
        category=request.category_key,
        integration=request.integration,
        path=path_of(link["id"] for link in request.delegation_chain),
    )


def stop_of(request: ActionRequest) -> Thrown | None:
    """Return the switch that stops a locked request now, if one does."""
    return stopping(_switches(request), act_of(request))


def death_of(request: ActionRequest, issued_at: datetime) -> Thrown | None:
    """Return the switch with which a permission of a locked request died, if one did."""
    return killing(_switches(request), act_of(request), issued_at)


def refuse_while_stopped(request: ActionRequest) -> None:
    """Raise `Conflict` while a switch holds a locked request: nobody can decide it."""
    found = stop_of(request)
    if found is not None:
        raise Conflict(f"This request is held. {found.sentence}", code=CODE)


def requests_in(switches: Iterable[Thrown], prefix: str = "") -> Q:
    """Return the condition that a request is within the scope of one of these switches.

    `prefix` is how to reach the request: "request__".
    """
    condition = _NONE
    for each in switches:
        condition |= _scope(each, prefix)
    return condition


def _scope(switch: Thrown, prefix: str) -> Q:
    match switch.scope:
        case KillScope.TENANT:
            return Q(**{f"{prefix}pk__isnull": False})
        case KillScope.AGENT:
            return Q(**{f"{prefix}agent_id": switch.agent_id})
        case KillScope.INTEGRATION:
            return Q(**{f"{prefix}integration": switch.ref})
        case KillScope.CATEGORY if switch.ref.endswith(".*"):
            return Q(**{f"{prefix}category_key__startswith": switch.ref[:-1]})
        case KillScope.CATEGORY:
            return Q(**{f"{prefix}category_key": switch.ref})
        case KillScope.DELEGATION:
            return Q(**{f"{prefix}delegation__path__contains": f"/{switch.ref}/"})
    return _NONE


def _switches(request: ActionRequest) -> tuple[Thrown, ...]:
    # A request that was locked in another way says nothing, and that must not open anything.
    return read_thrown(vars(request)[SWITCHES])
