"""Emergency approvals: who may give one, who may review it, and what waits for a review."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from approvals.enums import Purpose
from approvals.models import (
    ActionRequest,
    BreakGlassReview,
    CategoryGroupPermission,
    CategoryUserPermission,
)
from approvals.rules import is_due, is_on_agents_side, may_be_approver
from govapp.common.api.pagination import Page, Position, read_page
from govapp.common.errors import NotFound
from govapp.common.ids import InvalidId, parse_public_id
from tenants.enums import Role
from tenants.models import GroupMember, Membership
from tenants.rules import has_role
from tenants.selectors import active_members, is_officer

BREAK_GLASS: Final = "break_glass_actioncategory"
PAGE_SIZE: Final = 50
NO_RIGHT: Final = "You have not been given the right to approve this kind of action alone."
A_DRILL: Final = "This is a drill: nothing depends on it, so there is no emergency."
NOT_AN_APPROVER: Final = "You are not an active approver here."
AGENTS_SIDE: Final = "You own this agent or it acts for you: nobody approves their own side alone."
NOT_A_REVIEWER: Final = "Only compliance and owners review an emergency approval."
OWN_REVIEW: Final = "You approved it yourself; somebody else reviews it."
AGENTS_SIDE_REVIEW: Final = "You own this agent or it acts for you; somebody else reviews it."


@dataclass(frozen=True)
class ReviewRow:
    """One emergency approval with why this reader may not review it ("" when they may)."""

    review: BreakGlassReview
    why_not: str


@dataclass(frozen=True)
class Emergency:
    """What the page of a request shows of emergencies, for one reader."""

    may_act: bool = False
    review: BreakGlassReview | None = None
    why_not_review: str = ""
    may_read: bool = False


def read_emergency(request: ActionRequest, member: Membership, now: datetime) -> Emergency:
    """Return whether this reader may approve alone, or the review of what was. One statement."""
    if request.is_pending:
        can_be = may_be_approver(member) and not is_due(request.deadline_at, now)
        rights = break_glass_rights(request.category_id, member) if can_be else ()
        return Emergency(may_act=can_be and not why_not_alone(request, member, rights))
    review = review_of(request)
    if review is None:
        return Emergency()
    return Emergency(
        review=review,
        why_not_review=why_not_review(review, member),
        may_read=may_read_reviews(member),
    )


def break_glass_rights(category_id: UUID | None, member: Membership) -> tuple[str, ...]:
    """Return what lets this member approve alone: "person", "group:risk". One statement."""
    if category_id is None:
        return ()
    mine = GroupMember.objects.filter(membership=member)
    rights = {"content_object": category_id, "permission__codename": BREAK_GLASS}
    direct = CategoryUserPermission.objects.filter(user=member.user_id, **rights)
    through = CategoryGroupPermission.objects.filter(group__in=mine.values("group"), **rights)
    slugs = through.order_by().values_list("group__approver_group__slug")
    found = direct.order_by().values_list("user__email").union(slugs, all=True)
    return tuple(
        sorted("person" if ref == member.user.email else f"group:{ref}" for (ref,) in found)
    )


def why_not_alone(request: ActionRequest, member: Membership, rights: Iterable[str]) -> str:
    """Return why this member may not approve alone; "" when they may. The deadline aside."""
    if request.purpose == Purpose.DRILL:
        return A_DRILL
    if not may_be_approver(member):
        return NOT_AN_APPROVER
    if not tuple(rights):
        return NO_RIGHT
    return AGENTS_SIDE if is_on_agents_side(request, member) else ""


def why_not_review(review: BreakGlassReview, member: Membership) -> str:
    """Return why this member may not review it; "" when they may."""
    if not has_role(member, Role.OWNER, Role.COMPLIANCE):
        return NOT_A_REVIEWER
    if member.pk == review.member_id:
        return OWN_REVIEW
    return AGENTS_SIDE_REVIEW if is_on_agents_side(review.request, member) else ""


def may_read_reviews(member: Membership) -> bool:
    """Those who review, and those who check."""
    return has_role(member, Role.OWNER, Role.COMPLIANCE, Role.AUDITOR)


def reviewers_of(review: BreakGlassReview) -> list[Membership]:
    """Return who may review it, live. One statement."""
    officers = active_members().filter(is_officer())
    return [member for member in officers if not why_not_review(review, member)]


def review_of(request: ActionRequest) -> BreakGlassReview | None:
    """Return the review of a request that was approved in an emergency. One statement at most."""
    return _reviews().filter(request=request).first() if request.is_break_glass else None


def open_reviews(member: Membership) -> list[ReviewRow]:
    """Return everything that waits for a review, the most urgent first. One statement."""
    waiting = _reviews().filter(reviewed_at__isnull=True).order_by("due_at", "pk")
    return [ReviewRow(review, why_not_review(review, member)) for review in waiting]


def past_reviews(after: Position | None) -> Page[BreakGlassReview]:
    """Return a page of what was reviewed, the latest emergency first. One statement."""
    done = _reviews().filter(reviewed_at__isnull=False)
    return read_page(done, field="opened_at", after=after, limit=PAGE_SIZE)


def get_review(public_id: str) -> BreakGlassReview:
    """Return the review with this public id; raise `NotFound`."""
    try:
        ident = parse_public_id("bgr", public_id)
    except InvalidId as error:
        raise NotFound(str(error)) from None
    found = _reviews().filter(pk=ident).first()
    if found is None:
        raise NotFound("There is no such review here.")
    return found


def _reviews() -> QuerySet[BreakGlassReview]:
    return BreakGlassReview.objects.select_related(
        "member__user", "reviewer__user", "request__agent", "request__category"
    ).defer("request__payload", "request__trace", "request__facts", "request__sources")
