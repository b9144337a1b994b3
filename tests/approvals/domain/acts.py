"""What people do in the tests of the domain page: each of them one line."""

from typing import Any

from approvals.models import ActionRequest, BreakGlassReview, Notification, Vote
from approvals.services.changes import approve_with_changes
from approvals.services.execution import issue_grant
from govapp.common import clock
from govapp.common.tenancy import bind_tenant, tenant_transaction
from tenants.models import Absence, GroupMember, Membership
from tenants.services.absences import enter_absence
from tests.approvals.world import HOUR, World


def counted(request: ActionRequest) -> list[tuple[str, str]]:
    """Who voted, and for whom, of the votes that count."""
    with tenant_transaction(request.tenant_id):
        rows = Vote.objects.filter(request=request, voided_at=None).order_by("cast_at")
        named = rows.select_related("member__user", "stands_for__user")
        return [
            (each.member.user.name, each.stands_for.user.name if each.stands_for else "")
            for each in named
        ]


def told(world: World, kind: str) -> list[str]:
    """Who has a message of this kind."""
    with tenant_transaction(world.company.id):
        rows = Notification.objects.filter(kind=kind).order_by("member__user__name")
        return list(rows.values_list("member__user__name", flat=True))


def reviews(world: World) -> list[BreakGlassReview]:
    with tenant_transaction(world.company.id):
        return list(BreakGlassReview.objects.select_related("member__user"))


def go_away(world: World, member: Membership, stand_in: Membership | None) -> Absence:
    """Be away since an hour ago, for a day."""
    with tenant_transaction(world.company.id):
        now = clock.now()
        return enter_absence(
            actor=world.company.olivia,
            member=member,
            stand_in=stand_in,
            starts_at=now - HOUR,
            ends_at=now + 23 * HOUR,
        )


def edit(world: World, member: Membership, request: ActionRequest, **changes: Any) -> ActionRequest:
    """Approve with these fields changed."""
    with bind_tenant(world.company.id):
        return approve_with_changes(
            member=member,
            request_id=request.pk,
            changes=changes,
            payload_digest=request.payload_digest,
            request_version=request.version,
        )


def open_amount(world: World) -> None:
    """Let approvers change the amount, and only that."""
    with tenant_transaction(world.company.id):
        world.category.editable_fields = ["amount"]
        world.category.save()


def ask_for_permission(world: World, request: ActionRequest) -> str:
    with tenant_transaction(world.company.id):
        return issue_grant(agent=world.agent, request_id=request.pk).token


def empty_group(world: World, slug: str) -> None:
    with tenant_transaction(world.company.id):
        GroupMember.objects.filter(approver_group__slug=slug).delete()
