"""What every page of a tenant may use in its template."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from audit.readers import may_read, may_report
from tenants.doors import tenants_of_user
from tenants.models import Membership
from tenants.rules import may_read_settings
from tenants.selectors.absences import standing_in_for
from tenants.selectors.kill import thrown_for_page


@dataclass(frozen=True)
class TenantLink:
    """A tenant that the person can switch to."""

    slug: str
    name: str


@dataclass(frozen=True)
class Menu:
    """Which parts of the menu the person may open; the rest is not offered."""

    audit: bool
    reports: bool
    settings: bool


@dataclass(frozen=True)
class MembershipLink:
    """One line of the switcher."""

    tenant: TenantLink


def tenant(request: HttpRequest) -> dict[str, Any]:
    """Return the tenant, the membership that `TenantPageMiddleware` found, and its menu, if any.

    `memberships` is for the switcher; the template asks for it, so other pages pay nothing.
    """
    member: Membership | None = getattr(request, "membership", None)
    return {
        "tenant": getattr(request, "tenant", None),
        "membership": member,
        "menu": member and menu_of(member),
        "memberships": lambda: memberships_of(request),
        "standing_in": lambda: standing_in_for(member) if member else [],
        "thrown_switches": lambda: thrown_for_page(member) if member else [],
    }


def menu_of(member: Membership) -> Menu:
    """Return what this member may open, by the same rules as the pages themselves."""
    return Menu(
        audit=may_read(member), reports=may_report(member), settings=may_read_settings(member)
    )


def memberships_of(request: HttpRequest) -> list[MembershipLink]:
    """Return the tenants of the person, by name. One statement, none on a tenant's page."""
    if not request.user.is_authenticated:
        return []
    known = getattr(request, "tenants_of_user", None)  # on the pages of a tenant
    rows = tenants_of_user.call(request.user.pk) if known is None else known
    return [MembershipLink(TenantLink(slug=row["slug"], name=row["name"])) for row in rows]
