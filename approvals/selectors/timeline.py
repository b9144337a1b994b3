"""What has happened to a request and what will, as lines in order of time."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from approvals.enums import (
    DeliveryStatus,
    ExecutionState,
    NotificationKind,
    TimerKind,
    TimerStatus,
    Verdict,
    VoidedBecause,
)
from approvals.models import (
    ActionRequest,
    ExecutionGrant,
    Notification,
    RequirementStage,
    Timer,
    Vote,
)
from approvals.policies import Stage
from approvals.policies.describing import name_reference
from approvals.policies.shown import listed
from approvals.selectors.board import voter_words
from approvals.selectors.revisions import ShownRevision
from govapp.common.formats import span_two

_CAST: Final = {
    Verdict.APPROVE: ("approved", "check", "ok"),
    Verdict.DENY: ("denied", "x", "bad"),
    Verdict.RETURN: ("sent it back", "undo-2", "warn"),
}
_TOLD: Final = {
    NotificationKind.REQUESTED: "asked",
    NotificationKind.REMINDER: "reminded",
    NotificationKind.ESCALATED: "asked, after an escalation",
    NotificationKind.DECIDED: "told how it ended",
    NotificationKind.ALERT: "alerted",
    NotificationKind.INFORMED: "told of it, as a rule asks",
    NotificationKind.COMMENTED: "told of the discussion",
    NotificationKind.BREAK_GLASS: "told of the emergency approval",
    NotificationKind.REVIEW_DUE: "asked to review the emergency approval",
}
_ENDED: Final = {
    "approved": ("Approved", "circle-check", "ok"),
    "denied": ("Denied", "circle-x", "bad"),
    "returned": ("Sent back", "undo-2", "warn"),
    "expired": ("Expired. Nothing is executed", "hourglass", "bad"),
    "cancelled": ("Cancelled", "x", "neutral"),
    "allowed": ("Allowed by rule, nobody was asked", "circle-check", "ok"),
    "blocked": ("Blocked", "ban", "bad"),
}
_NAMES: Final = 4


@dataclass(frozen=True)
class Moment:
    """One line. What is to come has `when` in words instead of being past."""

    at: datetime
    title: str
    text: str = ""
    drawing: str = "circle-dot"
    tone: str = "neutral"
    future: bool = False
    when: str = ""


@dataclass(frozen=True)
class Material:
    """The rows that a timeline is made of, read by the page."""

    request: ActionRequest
    stages: Sequence[RequirementStage]
    votes: Sequence[Vote]  # with member and absentee and their users
    timers: Sequence[Timer]
    notifications: Sequence[Notification]  # with member and user
    grants: Sequence[ExecutionGrant]
    revisions: Sequence[ShownRevision] = ()


def write_timeline(material: Material, now: datetime) -> list[Moment]:
    """Return every line, the oldest first, what is to come at the end."""
    past = [
        # First, so that it stands before what came of it in the same instant.
        *_changed(material.revisions),
        *_opened(material),
        *_votes(material.votes),
        *_completed(material.stages),
        *_fired(material),
        *_told(material.notifications),
        *_end(material.request),
        *_permission(material),
    ]
    coming = list(_coming(material, now)) if material.request.is_pending else []
    return sorted(past, key=lambda each: each.at) + sorted(coming, key=lambda each: each.at)


def added_words(stage: RequirementStage, level: int) -> str:
    """Return what an escalation does, by the flow that was frozen.

    "Added: Managers", "Handed over to: Managers", "Asked again, 2 of 3: Managers".
    """
    frozen = Stage.from_dict(stage.requirement.flow["stages"][stage.position])
    if level >= len(frozen.steps):
        return "Added: more people"
    step = frozen.steps[level]
    escalation = frozen.escalations[step.escalation]
    names = ", ".join(name_reference(each) for each in escalation.add)
    if step.repetition and escalation.repeat is not None:
        return f"Asked again, {step.repetition} of {escalation.repeat.times}: {names}"
    return f"{'Handed over to' if escalation.hand_over else 'Added'}: {names}"


def _opened(material: Material) -> Iterator[Moment]:
    request = material.request
    title = f"{request.agent.name} submitted it"
    yield Moment(request.submitted_at, title, drawing="send")
    for stage in material.stages:
        if stage.opened_at is not None:
            name = f"Stage “{stage.name}” opened"
            yield Moment(stage.opened_at, name, drawing="scroll-text", tone="info")


def _completed(stages: Sequence[RequirementStage]) -> Iterator[Moment]:
    for stage in stages:
        if stage.satisfied_at is not None:
            name = f"Stage “{stage.name}” is complete"
            yield Moment(stage.satisfied_at, name, drawing="circle-check", tone="ok")


def _votes(votes: Sequence[Vote]) -> Iterator[Moment]:
    for vote in votes:
        word, drawing, tone = _CAST[Verdict(vote.verdict)]
        if vote.is_break_glass:
            word, drawing, tone = "approved alone, in an emergency", "siren", "bad"
        title = f"{voter_words(vote)} {word}"
        if not vote.member.is_active:
            title += " (no longer active here)"
        if vote.voided_because == VoidedBecause.CHANGED:
            title += " (no longer counts: the action was changed)"
        yield Moment(vote.cast_at, title, vote.reason, drawing, tone)
        if vote.voided_at is not None and vote.voided_because == VoidedBecause.WITHDRAWN:
            words = f"{vote.member.user.name} took their approval back"
            yield Moment(vote.voided_at, words, drawing="undo-2", tone="warn")


def _changed(revisions: Sequence[ShownRevision]) -> Iterator[Moment]:
    for revision in revisions:
        words = "; ".join(
            f"{each.field}: {each.before or 'nothing'} → {each.after or 'nothing'}"
            for each in revision.changes
        )
        yield Moment(revision.at, f"{revision.by} changed it", words, "pencil", "warn")


def _fired(material: Material) -> Iterator[Moment]:
    stages: dict[UUID | None, RequirementStage] = {each.pk: each for each in material.stages}
    for timer in material.timers:
        if timer.closed_at is None or timer.status == TimerStatus.SUPERSEDED:
            continue
        stage = stages.get(timer.stage_id)
        if timer.kind == TimerKind.ESCALATE and stage is not None:
            skipped = timer.status == TimerStatus.SKIPPED
            words = added_words(stage, timer.level)
            title = f"Skipped, late: {words[:1].lower()}{words[1:]}" if skipped else words
            yield Moment(timer.closed_at, title, drawing="users", tone="warn")
        elif timer.status == TimerStatus.SKIPPED:
            yield Moment(timer.closed_at, "Reminder skipped, late", drawing="bell", tone="warn")


def _told(notifications: Sequence[Notification]) -> Iterator[Moment]:
    """One line for each occasion, however many people heard of it."""
    occasions: dict[tuple[str, str], list[Notification]] = defaultdict(list)
    for each in notifications:
        occasions[each.kind, each.dedup_key].append(each)
    for (kind, _), told in occasions.items():
        if kind == NotificationKind.COMMENTED:  # the discussion itself is on the page
            continue
        names = list({each.member_id: each.member.user.name for each in told}.values())
        failed = [each for each in told if each.status == DeliveryStatus.FAILED]
        verb = "were" if len(names) > 1 else "was"
        yield Moment(
            min(each.created_at for each in told),
            f"{listed(names, most=_NAMES)} {verb} {_told_what(told[0])}",
            f"{len(failed)} of {len(told)} messages could not be delivered." if failed else "",
            "bell",
            "warn" if failed else "neutral",
        )


def _told_what(row: Notification) -> str:
    if row.content.get("fell_away"):
        return "told that their vote no longer counts"
    return _TOLD[NotificationKind(row.kind)]


def _end(request: ActionRequest) -> Iterator[Moment]:
    if request.decided_at is not None and request.status in _ENDED:
        title, drawing, tone = _ENDED[request.status]
        # A person's words stand at their vote already.
        by_person = request.status in ("denied", "returned")
        reason = request.decision_reason
        text = "" if by_person else f"{reason[:1].upper()}{reason[1:]}"
        yield Moment(request.decided_at, title, text, drawing, tone)


def _permission(material: Material) -> Iterator[Moment]:
    request = material.request
    for grant in material.grants:
        yield Moment(grant.issued_at, "Permission issued", drawing="key-round", tone="info")
        if grant.redeemed_at is not None:
            by = f"By {grant.redeemed_by}" if grant.redeemed_by else ""
            yield Moment(grant.redeemed_at, "Permission used", by, "check", "ok")
        if grant.revoked_at is not None:
            yield Moment(grant.revoked_at, "Permission withdrawn", drawing="ban", tone="bad")
    if request.execution_reported_at is not None:
        state = request.get_execution_state_display()
        # By its agent, or by another action that took it back.
        is_back = request.execution_state == ExecutionState.ROLLED_BACK
        title = state if is_back else f"The agent reported: {state.lower()}"
        yield Moment(request.execution_reported_at, title, request.execution_note, "flag")


def _coming(material: Material, now: datetime) -> Iterator[Moment]:
    stages: dict[UUID | None, RequirementStage] = {each.pk: each for each in material.stages}
    for timer in material.timers:
        stage = stages.get(timer.stage_id)
        if timer.status != TimerStatus.ARMED or stage is None:
            continue
        left = timer.due_at - now
        when = f"in {span_two(left)}, if nobody answers" if left.total_seconds() > 0 else "due now"
        if timer.kind == TimerKind.REMIND:
            title, drawing = "Reminder", "bell"
        elif timer.kind == TimerKind.ESCALATE:
            title, drawing = added_words(stage, timer.level), "users"
        elif timer.kind == TimerKind.EXPIRE:
            title, drawing = "Expires. Nothing is executed", "hourglass"
        else:
            continue
        yield Moment(timer.due_at, title, drawing=drawing, future=True, when=when)
