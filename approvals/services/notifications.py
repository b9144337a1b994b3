"""Telling people: rows in the outbox, written with the change; sent by `tasks.py` afterwards.

The `dedup_key` says what makes it the same message, so that writing it twice is impossible.
"""

import json
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from approvals.enums import NotificationChannel, NotificationKind
from approvals.models import ActionRequest, Notification, RequirementStage
from approvals.policies import Reference
from approvals.selectors.approvers import stage_candidates
from approvals.selectors.people import members_named
from govapp.common.ids import new_id
from govapp.common.queue import enqueue_on_commit
from govapp.common.tenancy import require_tenant_id
from govapp.common.writing import insert
from tenants.enums import Role
from tenants.models import Membership
from tenants.selectors import active_members, members_with_role

_ASKED = (NotificationKind.REQUESTED, NotificationKind.REMINDER, NotificationKind.ESCALATED)
# One hint to the sender for this many: thousands of messages must not be thousands of hints.
_PER_HINT: Final = 100
_INSERT_MANY = """
INSERT INTO approvals_notification (id, tenant_id, request_id, member_id, kind, channel,
  dedup_key, content, status, attempts, last_error, created_at, next_attempt_at)
SELECT line.id, %s, message.request_id, line.member_id, message.kind, %s,
  message.dedup_key, message.content, 'queued', 0, '', %s, %s
FROM unnest(%s::uuid[], %s::int[], %s::uuid[]) AS line (id, number, member_id)
JOIN unnest(%s::uuid[], %s::text[], %s::text[], %s::jsonb[]) WITH ORDINALITY
  AS message (request_id, kind, dedup_key, content, number) USING (number)
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class Message:
    """One message about a request to several members."""

    request: ActionRequest
    kind: NotificationKind
    dedup_key: str
    members: Sequence[UUID]
    content: dict[str, Any] = field(default_factory=dict)


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


def notify_decided(*, request: ActionRequest) -> None:
    """Tell everybody who was asked, and is still here, how it ended."""
    members = active_members().filter(pk__in=_asked_rows(request).values("member_id"))
    _queue(members, NotificationKind.DECIDED, f"decided:{request.pk}", request)


def notify_informed(*, request: ActionRequest, references: Sequence[Reference]) -> None:
    """Tell those whom the matched rules name that this was asked, whatever its outcome."""
    if references:
        key = f"informed:{request.pk}"
        named = members_named(references, request=request)
        _queue(named, NotificationKind.INFORMED, key, request)


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


def queue_messages(messages: Sequence[Message], *, now: datetime) -> None:
    """Write many messages, those that are there already left out. One statement."""
    messages = [message for message in messages if message.members]
    if not messages:
        return
    lines = [
        (new_id(), number, member)
        for number, message in enumerate(messages, start=1)
        for member in message.members
    ]
    idents = [ident for ident, _, _ in lines]
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT_MANY,
            [
                require_tenant_id(),
                NotificationChannel.EMAIL.value,
                now,
                now,
                idents,
                [number for _, number, _ in lines],
                [member for _, _, member in lines],
                [message.request.pk for message in messages],
                [message.kind.value for message in messages],
                [message.dedup_key[:120] for message in messages],
                [json.dumps(message.content) for message in messages],
            ],
        )
    _hint(idents)


def _hint(idents: Sequence[UUID]) -> None:
    for first in range(0, len(idents), _PER_HINT):
        enqueue_on_commit(
            "approvals.send_notifications",
            tenant_id=require_tenant_id(),
            notification_ids=",".join(map(str, idents[first : first + _PER_HINT])),
        )


def asked_about(requests: Sequence[ActionRequest]) -> dict[UUID, set[UUID]]:
    """Return for each request which members have been asked about it. One statement."""
    if not requests:
        return {}
    rows = Notification.objects.filter(
        tenant_id=require_tenant_id(), request__in=requests, kind__in=_ASKED
    ).values_list("request_id", "member_id")
    found: dict[UUID, set[UUID]] = {request.pk: set() for request in requests}
    for request_id, member_id in rows:
        if request_id is not None:
            found[request_id].add(member_id)
    return found


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
