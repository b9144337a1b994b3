"""Who hears of an emergency approval and of its review, and in which words.

Nobody can keep these from reaching them by a wish of theirs: they are for whoever answers for it.
"""

from collections.abc import Sequence

from django.db.models import Q

from approvals.enums import NotificationKind, ReviewOutcome
from approvals.models import ActionRequest, BreakGlassReview, Notification
from approvals.services.notifications import notify
from tenants.models import Agent, Membership
from tenants.selectors import active_members, is_officer

_ASKED = (NotificationKind.REQUESTED, NotificationKind.REMINDER, NotificationKind.ESCALATED)


def tell_of_break_glass(*, request: ActionRequest, reason: str) -> None:
    """Tell everybody concerned that one person approved it alone: instead of how it ended.

    Whoever was asked, the agent's owner, owners and compliance, and the person: somebody else may
    have acted under their name.
    """
    asked = Notification.objects.filter(request=request, kind__in=_ASKED)
    concerned = (
        Q(pk__in=asked.values("member_id"))
        | Q(pk__in=Agent.objects.filter(pk=request.agent_id).values("owner_id"))
        | Q(pk__in=request.votes.filter(is_break_glass=True).values("member_id"))
        | is_officer()
    )
    by = request.decided_by_name
    notify(
        active_members().filter(concerned),
        kind=NotificationKind.BREAK_GLASS,
        dedup_key=f"break_glass:{request.pk}",
        request=request,
        content={
            "subject": f"Approved in an emergency by {by}: {request.summary}",
            "text": f"{by} approved this {reason}\n\nIt may be executed now. An owner or"
            " compliance can withdraw the permission until it is used. Somebody else has to"
            " review it.",
        },
    )


def ask_for_review(
    *,
    review: BreakGlassReview,
    members: Sequence[Membership],
    level: int,
    subject: str,
    text: str,
) -> None:
    """Ask for the review; when nobody may do it, tell all owners and compliance that nobody may."""
    notify(
        members or active_members().filter(is_officer()),
        kind=NotificationKind.REVIEW_DUE,
        dedup_key=f"review:{review.pk}:{level}",
        request=review.request,
        content={"subject": subject, "text": text},
    )


def tell_of_review(*, review: BreakGlassReview) -> None:
    """Tell who approved alone and the agent's owner; owners and compliance when it was wrong."""
    request, found = review.request, review.get_outcome_display().lower()
    concerned = Q(pk=review.member_id) | Q(pk=request.agent.owner_id)
    if review.outcome == ReviewOutcome.NOT_JUSTIFIED:
        concerned |= is_officer()
    reviewer = review.reviewer.user.name if review.reviewer else ""
    notify(
        active_members().filter(concerned),
        kind=NotificationKind.BREAK_GLASS,
        dedup_key=f"break_glass_reviewed:{review.pk}",
        request=request,
        content={
            "subject": f"Emergency approval {found}: {request.summary}",
            "text": f"{reviewer} reviewed the emergency approval by {review.member.user.name} and"
            f" found it {found}.\n\n{review.remark}",
        },
    )
