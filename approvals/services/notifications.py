"""Telling people: rows in the outbox, written with the change; sent by `tasks.py` afterwards.

The `dedup_key` says what makes it the same message, so that writing it twice is impossible.
"""

from collections.abc import Iterable, Sequence, Set
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from approvals.enums import NotificationKind
from approvals.models import ActionRequest, Notification, RequirementStage, Timer
from approvals.selectors.approvers import stage_candidates
from govapp.common.queue import enqueue_on_commit
from govapp.common.writing import insert
from tenants.enums import Role
from tenants.models import Membership
from tenants.selectors import members_with_role

_ASKED = (NotificationKind.REQUESTED, NotificationKind.REMINDER, NotificationKind.ESCALATED)


def notify_stage_opened(*, stage: RequirementStage, voted: Set[UUID] | None = None) -> None:
    """Ask everybody who may fill a seat of this stage; `voted` as in `stage_candidates`.

    Stages that open at the same instant ask each person once: the request is one question.
    """
    opened = stage.opened_at.isoformat() if stage.opened_at else str(stage.pk)
    _queue(
        stage_candidates(stage, voted=voted),
        NotificationKind.REQUESTED,
        f"requested:{stage.request_id}:{opened}",
        stage.request,
    )


def notify_reminder(*, stage: RequirementStage, timer: Timer) -> None:
    """Remind those who may still fill a seat of this stage and have not voted."""
    _queue(
        stage_candidates(stage), NotificationKind.REMINDER, f"reminder:{timer.pk}", stage.request
    )


def notify_escalated(
    *, stage: RequirementStage, timer: Timer, added: Sequence[dict[str, str]]
) -> None:
    """Ask the people whom an escalation added, and tell the first ones that it happened."""
    asked = _asked(stage.request)
    candidates = stage_candidates(stage)
    key = f"escalated:{timer.pk}"
    new = [member for member in candidates if member.pk not in asked]
    first = [member for member in candidates if member.pk in asked]
    names = ", ".join(f"{each['kind']} {each['ref']}" for each in added)
    _queue(new, NotificationKind.ESCALATED, key, stage.request, {"added": names, "is_new": True})
    _queue(first, NotificationKind.ESCALATED, key, stage.request, {"added": names, "is_new": False})


def notify_decided(*, request: ActionRequest) -> None:
    """Tell everybody who was asked how it ended."""
    asked = _asked_rows(request).values("member_id")
    members = Membership.objects.filter(pk__in=asked).select_related("user")
    _queue(members, NotificationKind.DECIDED, f"decided:{request.pk}", request)


def alert_compliance(
    *, request: ActionRequest | None, subject: str, text: str, dedup_key: str
) -> None:
    """Alert the members with the `compliance` role: something needs a person's eyes."""
    _queue(
        members_with_role(Role.COMPLIANCE),
        NotificationKind.ALERT,
        dedup_key,
        request,
        {"subject": subject, "text": text},
    )


def _asked(request: ActionRequest) -> set[Any]:
    return set(_asked_rows(request).values_list("member_id", flat=True))


def _asked_rows(request: ActionRequest) -> QuerySet[Notification]:
    return Notification.objects.filter(
        tenant_id=request.tenant_id, request=request, kind__in=_ASKED
    )


def _queue(
    members: Iterable[Membership],
    kind: NotificationKind,
    dedup_key: str,
    request: ActionRequest | None,
    content: dict[str, Any] | None = None,
) -> None:
    rows = [
        Notification(
            request=request,
            member=member,
            kind=kind,
            dedup_key=dedup_key[:120],
            content=content or {},
        )
        for member in members
    ]
    if not rows:
        return
    insert(*rows, skip_conflicts=True)
    for row in rows:
        enqueue_on_commit(
            "approvals.send_notification", tenant_id=row.tenant_id, notification_id=row.pk
        )
