"""What every page of a tenant may use in its template."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from tenants.doors import tenants_of_user


@dataclass(frozen=True)
class TenantLink:
    """A tenant that the person can switch to."""

    slug: str
    name: str


@dataclass(frozen=True)
class MembershipLink:
    """One line of the switcher."""

    tenant: TenantLink


def tenant(request: HttpRequest) -> dict[str, Any]:
    """Return the tenant and the membership that `TenantPageMiddleware` found, if any.

    `memberships` is for the switcher; the template asks for it, so other pages pay nothing.
    """
    return {
        "tenant": getattr(request, "tenant", None),
        "membership": getattr(request, "membership", None),
        "memberships": lambda: memberships_of(request),
    }


def memberships_of(request: HttpRequest) -> list[MembershipLink]:
    """Return the tenants of the person, by name. One statement."""
    if not request.user.is_authenticated:
        return []
    rows = tenants_of_user.call(request.user.pk)
    return [MembershipLink(TenantLink(slug=row["slug"], name=row["name"])) for row in rows]
