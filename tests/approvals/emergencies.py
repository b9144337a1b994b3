"""An emergency: somebody with the right to approve alone, and their second factor."""

from typing import Any

from django.contrib.auth.models import Permission

from approvals.models import ActionRequest, BreakGlassReview, CategoryUserPermission, Notification
from approvals.selectors.reviews import BREAK_GLASS
from approvals.services.break_glass import break_glass
from audit.models import LedgerEvent
from govapp.common.tenancy import bind_tenant, tenant_transaction
from tenants.models import Membership
from tenants.services.second_factor import CodeProof
from tests.approvals.world import World
from tests.support.authenticator import App
from tests.support.recorded import read

WHY = "The bank closes in ten minutes and nobody of risk answers the phone."


def may_act_alone(world: World, member: Membership) -> None:
    """Give the right to approve this world's category alone."""
    with tenant_transaction(world.company.id):
        CategoryUserPermission.objects.create(
            user=member.user,
            permission=Permission.objects.get(codename=BREAK_GLASS),
            content_object=world.category,
        )


def approve_alone(
    world: World, member: Membership, request: ActionRequest, app: App | None = None, **fields: Any
) -> ActionRequest:
    """Approve alone, with a fresh code of the app."""
    given: dict[str, Any] = {
        "reason": WHY,
        "payload_digest": request.payload_digest,
        "request_version": request.version,
        "proof": CodeProof(app.code()) if app else None,
    } | fields
    # Bound, but in no transaction of ours: a refusal leaves its trace by itself.
    with bind_tenant(world.company.id):
        return break_glass(member=member, request_id=request.pk, **given)


def in_emergency(world: World, member: Membership) -> BreakGlassReview:
    """Have this member approve a new request alone, and return its review."""
    may_act_alone(world, member)
    request = world.submit()
    approve_alone(world, member, request, App(member))
    with tenant_transaction(world.company.id):
        return BreakGlassReview.objects.select_related("member", "request").get(request=request)


def events(world: World, kind: str) -> list[dict[str, Any]]:
    """Return the record's events of this type."""
    with tenant_transaction(world.company.id):
        rows = LedgerEvent.objects.filter(type=kind).order_by("id")
        return [read(row) for row in rows]


def told(world: World, kind: str, key: str = "") -> list[str]:
    """Return who has a message of this kind, by name."""
    with tenant_transaction(world.company.id):
        rows = Notification.objects.filter(kind=kind, dedup_key__endswith=key)
        return sorted(str(row.member) for row in rows.select_related("member__user"))
