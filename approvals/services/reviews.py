"""The review of an emergency approval: due, reminded of, escalated, done by somebody else.

Its timers are rows like all others. What happens at the end of them is that owners keep being
told, a bounded number of times; an approval is neither taken back nor confirmed by silence.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from approvals.audit_events import break_glass as events
from approvals.enums import ReviewOutcome, TimerKind, TimerStatus
from approvals.models import ActionRequest, BreakGlassReview, Timer, Vote
from approvals.selectors.reviews import get_review, review_of, reviewers_of, why_not_review
from approvals.services import alarms
from approvals.services.locking import lock_request
from approvals.services.schedule import close_due
from audit.services import record_many
from govapp.common import clock
from govapp.common.errors import Conflict, FieldError, Forbidden, Invalid
from govapp.common.formats import utc_minute
from govapp.common.ids import public_id
from govapp.common.writing import change, insert, unit_of_work, update
from tenants.enums import Role
from tenants.models import Membership, Tenant

_BEFORE: Final = timedelta(hours=24)
_AGAIN: Final = timedelta(hours=24)
_REPEATS: Final = 3
_MOST_REMARK: Final = 4_000
_NOBODY: Final = (
    " At present nobody may review it: it takes somebody with the role compliance or owner who"
    " neither approved it nor answers for the agent."
)


def open_review(*, vote: Vote, now: datetime) -> BreakGlassReview:
    """Write the review that an emergency approval makes due. The caller has locked the request."""
    hours = Tenant.objects.values_list("break_glass_review_hours", flat=True).get()
    review = BreakGlassReview(
        request=vote.request,
        member=vote.member,
        reason=vote.reason,
        opened_at=now,
        due_at=now + timedelta(hours=hours),
    )
    insert(review)
    return review


def arm_review(*, review: BreakGlassReview, now: datetime) -> None:
    """Write its timers: one before it is due, one when it is, and a bounded number of repeats.

    Level 0 comes a day before, or half-way when there is no whole day.
    """
    span = review.due_at - review.opened_at
    due = [review.due_at - min(_BEFORE, span / 2), review.due_at]
    due += [review.due_at + _AGAIN * n for n in range(1, _REPEATS + 1)]
    insert(
        *(
            Timer(
                request=review.request,
                request_version=review.request.version,
                kind=TimerKind.REVIEW,
                level=level,
                due_at=at,
                armed_at=now,
            )
            for level, at in enumerate(due)
        )
    )


def review_break_glass(
    *, actor: Membership, review_id: UUID, outcome: ReviewOutcome, remark: str
) -> BreakGlassReview:
    """Say whether the emergency was one, and return the review. Once, and for good.

    By compliance or an owner who neither approved it nor is on the agent's side. Raises
    `NotFound`, `Forbidden` (why, in words), `Invalid` without a remark, `Conflict` when it has
    been reviewed.
    """
    remark = _checked_remark(remark)
    with unit_of_work():
        lock_request(_request_of(review_id))
        review = get_review(public_id("bgr", review_id))
        if why := why_not_review(review, actor):
            raise Forbidden(why)
        if review.reviewed_at is not None and review.reviewer is not None:
            raise Conflict(f"{review.reviewer.user.name} has reviewed it.", code="already_reviewed")
        now = clock.now()
        review.reviewer, review.reviewed_at = actor, now
        review.outcome, review.remark = ReviewOutcome(outcome), remark
        update(review, "reviewer", "reviewed_at", "outcome", "remark")
        armed = Timer.objects.filter(
            request=review.request_id, kind=TimerKind.REVIEW, status=TimerStatus.ARMED
        )
        change(armed, status=TimerStatus.SUPERSEDED, closed_at=now)
        events.reviewed(review=review, actor=actor, now=now)
        alarms.tell_of_review(review=review)
    return review


def fire_review_timers(*, request: ActionRequest, due: Sequence[Timer], now: datetime) -> None:
    """Remind of a review that is not done: the latest level that is due, the others are late.

    The caller has locked the request. From the day on which it is due, owners are told as well.
    """
    if not due:
        return
    review = review_of(request)
    if review is None or review.reviewed_at is not None:
        close_due([(timer.pk, TimerStatus.SUPERSEDED) for timer in due], now=now)
        return
    *late, latest = sorted(due, key=lambda timer: timer.level)
    close_due(
        [(latest.pk, TimerStatus.FIRED), *((timer.pk, TimerStatus.SKIPPED) for timer in late)],
        now=now,
    )
    entries = [events.review_skipped_late(review=review, timer=timer, now=now) for timer in late]
    is_overdue = latest.level > 0
    written = events.review_overdue if is_overdue else events.review_reminded
    record_many([*entries, written(review=review, timer=latest, now=now)])
    _remind(review, latest, is_overdue=is_overdue)


def _remind(review: BreakGlassReview, timer: Timer, *, is_overdue: bool) -> None:
    able = reviewers_of(review)
    first = [member for member in able if Role.COMPLIANCE in member.roles]
    word = "overdue" if is_overdue else "due"
    at = utc_minute(review.due_at)
    alarms.ask_for_review(
        review=review,
        # Nobody with compliance may: then it is for the owners from the first.
        members=able if is_overdue or not first else first,
        level=timer.level,
        subject=f"Review {word}: {review.request.summary}",
        text=(
            f"{review.member.user.name} approved “{review.request.summary}” alone, in an"
            f" emergency: {review.reason}\n\nSomebody else has to say whether it was one, until"
            f" {at}.{'' if able else _NOBODY}"
        ),
    )


def _request_of(review_id: UUID) -> UUID:
    rows = BreakGlassReview.objects.filter(pk=review_id).values_list("request_id", flat=True)
    return rows.first() or review_id  # which no request has: the lock says that there is none


def _checked_remark(remark: str) -> str:
    remark = remark.strip()
    if not remark or len(remark) > _MOST_REMARK or "\0" in remark:
        detail = f"Say in 1 to {_MOST_REMARK} characters what you looked at and what you found."
        raise Invalid(detail, errors=[FieldError("/remark", detail)])
    return remark
