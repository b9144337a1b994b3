"""Each entry point of agents needs a scope of the key; without it, nothing is done."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from uuid import UUID

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from govapp.common.errors import Forbidden
from tenants.killing import CODE
from tenants.principals import AgentPrincipal
from tenants.refusals import (
    CATEGORY_WORDS,
    CategoryRefused,
    HeldBack,
    KeyRefusedError,
    Killed,
    OutsideDelegation,
    ScopeMissing,
)
from tenants.scopes import Scope, covers

# Where the middleware finds them, in the request's META: no header of a client is called so.
USED: Final = "govapp.scope_used"
REFUSED: Final = "govapp.key_refused"
# What is refused by the leash of an agent, and not by its key.
_HOLDS: Final = frozenset(
    {
        CODE, "category_not_granted", "environment_read_only", "integration_expired",
        "integration_not_granted", "integration_revoked", "integration_suspended",
        "integration_unknown", "integration_unverified", "labels_not_cleared", "recommend_only",
        "autonomy_ask", "budget_ask", "budget_exceeded", "contents_gone",
    }
)  # fmt: skip
Refused = TypeVar("Refused", bound=KeyRefusedError)


class HasScope(BasePermission):
    """Asks what a view declares: `scopes`, by method. Members are asked by their roles instead.

    What is not declared needs `read` to be read, and no key of an agent opens it for more. Nor does
    one open anything but reading while a kill switch stops its agent, or everybody, unless the view
    says `goes_on_when_killed`: what refuses by itself and records it, or only ends something.
    A token that is bound to a delegation opens only reading and the views that say
    `honours_delegation`: what comes under it there, or is compared with it (`require_bound_to`).
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Raise `ScopeMissing` when the key has not the scope of this method."""
        holder = request.user
        if not isinstance(holder, AgentPrincipal):
            return True
        declared: Mapping[str, Scope] = getattr(view, "scopes", {})
        method = str(request.method)
        if method not in declared and method not in SAFE_METHODS:
            # A member's view says who it is for, and a method that is not there that it is not
            # there; anything else is closed.
            is_there = hasattr(view, method.lower())
            return not is_there or bool(getattr(view, "is_for_members", False))
        scope = declared.get(method, Scope.READ)
        if scope not in holder.scopes:
            raise noted(request, ScopeMissing.of(holder, scope))
        request.META[USED] = scope.value
        goes_on = method in SAFE_METHODS or getattr(view, "goes_on_when_killed", False)
        if holder.killed and not goes_on:
            raise noted(request, Killed.of(holder, scope.value))
        honours = method in SAFE_METHODS or getattr(view, "honours_delegation", False)
        if holder.delegation_id is not None and not honours:
            raise noted(request, OutsideDelegation.of(holder, scope.value))
        return True


def check_category(request: Request, category: str) -> None:
    """Raise `CategoryRefused` when the key is for other categories than this one."""
    holder = request.user
    if isinstance(holder, AgentPrincipal) and not covers(holder.categories, category):
        raise noted(
            request,
            CategoryRefused(CATEGORY_WORDS, holder=holder, scope=request.META.get(USED, "")),
        )


def require_bound_to(request: Request, delegation_id: UUID | None) -> None:
    """Raise `OutsideDelegation` when the token is bound to another delegation than this one."""
    holder = request.user
    if not isinstance(holder, AgentPrincipal) or holder.delegation_id is None:
        return
    if holder.delegation_id != delegation_id:
        raise noted(request, OutsideDelegation.of(holder, request.META.get(USED, "")))


def noted(request: Request, refusal: Refused) -> Refused:
    """Leave the refusal for the middleware, which records it when the request is undone."""
    request.META[REFUSED] = refusal
    return refusal


@contextmanager
def held_is_noted(request: Request) -> Iterator[None]:
    """Have recorded that a service refused because of what holds the agent: it wrote nothing."""
    try:
        yield
    except Forbidden as refusal:
        if refusal.code in _HOLDS and isinstance(request.user, AgentPrincipal):
            holder, scope = request.user, request.META.get(USED, "")
            raise noted(
                request, HeldBack(refusal.detail, holder=holder, scope=scope, code=refusal.code)
            ) from None
        raise
