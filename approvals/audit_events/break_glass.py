"""Approvals by one person alone in an emergency, and what others find of them."""

from datetime import datetime
from typing import Any

from approvals.audit_events.about import entry_about, moment, record_about, type_on
from approvals.audit_events.wording import words
from approvals.enums import ReviewOutcome
from approvals.models import ActionCategory, ActionRequest, BreakGlassReview, Timer, Vote
from audit.actors import SYSTEM, Personal, Subject
from audit.services import Entry, record
from tenants.audit_events.words import party, said
from tenants.models import ApproverGroup, Membership

_FOUND = {
    ReviewOutcome.JUSTIFIED: "justified",
    ReviewOutcome.NOT_JUSTIFIED: "not justified",
}


def approved_alone(*, vote: Vote, review: BreakGlassReview, missing: str) -> None:
    """One person approved past the rules, with a reason and a second factor."""
    request = vote.request
    record_about(
        "break_glass.approved",
        request,
        vote.member.as_actor(),
        vote.cast_at,
        f"{vote.member.user.name} approved “{request.summary}” alone, in an emergency:"
        f" {words(vote.reason)}",
        {
            "reason": said(vote.reason, vote.member),
            "rights": vote.right["rights"],
            "second_factor": vote.right["second_factor"],
            "payload_digest": vote.payload_digest,
            "request_version": vote.request_version,
            "seconds_viewed": vote.seconds_viewed,
            "channel": vote.channel,
            "missing": missing,
            "category": request.category_key,
            "agent": {"id": request.agent.public_id, "name": request.agent.name},
            "review": review.public_id,
            "review_due_at": moment(review.due_at),
        },
    )


def refused(*, request: ActionRequest, member: Membership, why: str, now: datetime) -> None:
    """Somebody tried to approve alone, and may not."""
    record_about(
        type_on(request, "vote.refused"),
        request,
        member.as_actor(),
        now,
        f"The emergency approval of {member.user.name} on “{request.summary}” was refused: {why}",
        {
            "verdict": "approve",
            "is_break_glass": True,
            "why": why,
            "status": request.status,
            "version": request.version,
        },
    )


def reviewed(*, review: BreakGlassReview, actor: Membership, now: datetime) -> None:
    """Somebody else said whether the emergency was one."""
    request = review.request
    found = _FOUND[ReviewOutcome(review.outcome)]
    record_about(
        "break_glass.reviewed",
        request,
        actor.as_actor(),
        now,
        f"{actor.user.name} reviewed the emergency approval of “{request.summary}” by"
        f" {review.member.user.name} and found it {found}: {words(review.remark)}",
        _review(review) | {"outcome": review.outcome, "remark": said(review.remark, actor)},
    )


def review_reminded(*, review: BreakGlassReview, timer: Timer, now: datetime) -> Entry:
    """Whoever may review was reminded before it is due."""
    return _review_entry("timer.review_reminded", review, timer, now, "is due soon")


def review_overdue(*, review: BreakGlassReview, timer: Timer, now: datetime) -> Entry:
    """The review is not done; more people were told."""
    return _review_entry("break_glass.review_overdue", review, timer, now, "is overdue")


def review_skipped_late(*, review: BreakGlassReview, timer: Timer, now: datetime) -> Entry:
    """It was due, but a later level was due as well, so it was not sent."""
    return _review_entry("timer.skipped_late", review, timer, now, "had a late reminder skipped")


def right_given(
    *, actor: Membership, category: ActionCategory, to: ApproverGroup | Membership
) -> None:
    """A group or a person may approve alone, in an emergency, from now on."""
    _record_right("given", actor, category, to, f"{actor} gave {_bearer(to)} the right to")


def right_taken(
    *, actor: Membership, category: ActionCategory, of: ApproverGroup | Membership
) -> None:
    """A group or a person may no longer approve alone."""
    _record_right("taken", actor, category, of, f"{actor} took from {_bearer(of)} the right to")


def _record_right(
    what: str,
    actor: Membership,
    category: ActionCategory,
    bearer: ApproverGroup | Membership,
    begin: str,
) -> None:
    kind = "group" if isinstance(bearer, ApproverGroup) else "member"
    record(
        event_type=f"category.break_glass_right_{what}",
        actor=actor.as_actor(),
        subject=Subject("category", category.public_id, category.key),
        summary=words(f"{begin} approve {category.key} alone, in an emergency."),
        data={
            "key": category.key,
            "bearer": kind,
            "bearer_id": bearer.public_id,
            "bearer_name": str(bearer)
            if kind == "group"
            else Personal(str(bearer), bearer.public_id),
        },
    )


def _bearer(bearer: ApproverGroup | Membership) -> str:
    return f"the group {bearer}" if isinstance(bearer, ApproverGroup) else str(bearer)


def _review_entry(
    event_type: str, review: BreakGlassReview, timer: Timer, now: datetime, how: str
) -> Entry:
    summary = (
        f"The review of the emergency approval of “{review.request.summary}” by"
        f" {review.member.user.name} {how}"
    )
    level = {"level": timer.level, "due_at": moment(timer.due_at)}
    return entry_about(event_type, review.request, SYSTEM, now, summary, _review(review) | level)


def _review(review: BreakGlassReview) -> dict[str, Any]:
    return {
        "review": review.public_id,
        "by": party(review.member),
        "reason": said(review.reason, review.member),
        "opened_at": moment(review.opened_at),
        "review_due_at": moment(review.due_at),
        "payload_digest": review.request.payload_digest,
    }
