"""Telling people: rows in the outbox, written with the change; sent by `tasks.py` afterwards.

The `dedup_key` says what makes it the same message, so that writing it twice is impossible. On
which channel and when each person is told is settled here, by `approvals/routing.py`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from approvals.enums import HeldFor, NotificationChannel, NotificationKind
from approvals.models import ActionRequest, Notification, RequirementStage
from approvals.policies import Reference
from approvals.routing import Wishes, channel_for, when_to_send
from approvals.selectors.approvers import stage_candidates
from approvals.selectors.contacts import (
    AS_IT_IS,
    ASKING,
    read_wishes,
    who_was_asked,
    wishes_by_member,
    with_wishes,
)
from approvals.selectors.people import members_named
from govapp.common import clock
from govapp.common.arrays import text_array, time_array, uuid_array
from govapp.common.ids import FreshId, new_ids
from govapp.common.queue import enqueue_on_commit
from govapp.common.tenancy import require_tenant_id
from govapp.common.writing import insert
from tenants.enums import Role
from tenants.models import Membership
from tenants.selectors import active_members, members_with_role

_NOT_HELD: Final = HeldFor.NOTHING.value
_FIRST_CHANNEL: Final = channel_for(AS_IT_IS).value
# One hint to the sender for this many: thousands of messages must not be thousands of hints.
_PER_HINT: Final = 250
_INSERT_MANY = """
INSERT INTO approvals_notification (id, tenant_id, request_id, member_id, kind, channel,
  dedup_key, content, status, attempts, last_error, created_at, next_attempt_at, held_for)
SELECT line.id, %s, message.request_id, line.member_id, message.kind, line.channel,
  message.dedup_key, message.content, 'queued', 0, '', %s, line.send_at, line.held_for
FROM unnest(%s::uuid[], %s::int[], %s::uuid[], %s::text[], %s::timestamptz[], %s::text[])
  AS line (id, number, member_id, channel, send_at, held_for)
JOIN unnest(%s::uuid[], %s::text[], %s::text[], %s::jsonb[]) WITH ORDINALITY
  AS message (request_id, kind, dedup_key, content, number) USING (number)
ON CONFLICT (tenant_id, member_id, channel, dedup_key) DO NOTHING
"""


@dataclass(frozen=True)
class Message:
    """One message about a request, which is due until `deadline_at`, to several members."""

    request_id: UUID
    deadline_at: datetime | None
    kind: NotificationKind
    dedup_key: str
    members: Sequence[UUID]
    content: dict[str, Any] = field(default_factory=dict)


def notify_stage_opened(
    *,
    stage: RequirementStage,
    voted: Set[UUID] | None = None,
    content: dict[str, Any] | None = None,
) -> None:
    """Ask everybody who may fill a seat of this stage; `voted` as in `stage_candidates`.

    Stages that open at the same instant ask each person once: the request is one question.
    `content` is what is new: {"changed_by": name} when somebody changed the action.
    """
    opened = stage.opened_at.isoformat() if stage.opened_at else str(stage.pk)
    notify(
        stage_candidates(stage, voted=voted),
        kind=NotificationKind.REQUESTED,
        dedup_key=f"requested:{stage.request_id}:{opened}",
        request=stage.request,
        content=content,
        now=stage.opened_at,
        deadline=stage.deadline_at,
    )


def notify_changed(*, request: ActionRequest, members: Sequence[UUID], by: str) -> None:
    """Tell those whose votes fell away, because the action is another one, and who changed it.

    Whoever is asked about it as it is now hears it there.
    """
    key = f"changed:{request.pk}:{request.version}"
    content = {"changed_by": by, "fell_away": True}
    notify(
        with_wishes(active_members().filter(pk__in=members)),
        kind=NotificationKind.INFORMED,
        dedup_key=key,
        request=request,
        content=content,
    )


def notify_decided(*, request: ActionRequest) -> None:
    """Tell everybody who was asked, and is still here, how it ended: where they were asked.

    Whose question still waits for the end of their quiet hours has heard nothing of it, and
    hears nothing now.
    """
    asked = who_was_asked(request)
    now = request.decided_at
    rows = [
        _row(member, wishes, NotificationKind.DECIDED, now, None, channel)
        for member, wishes, channels in asked
        for channel in channels
        if wishes.wants(NotificationKind.DECIDED)
    ]
    _write(rows, f"decided:{request.pk}", request, {})


def notify_informed(*, request: ActionRequest, references: Sequence[Reference]) -> None:
    """Tell those whom the matched rules name that this was asked, whatever its outcome."""
    if references:
        notify(
            members_named(references, request=request),
            kind=NotificationKind.INFORMED,
            dedup_key=f"informed:{request.pk}",
            request=request,
        )


def alert_compliance(
    *, request: ActionRequest | None, subject: str, text: str, dedup_key: str
) -> None:
    """Alert the members with the `compliance` role: something needs a person's eyes."""
    notify(
        with_wishes(members_with_role(Role.COMPLIANCE)),
        kind=NotificationKind.ALERT,
        dedup_key=dedup_key,
        request=request,
        content={"subject": subject, "text": text},
    )


def notify(
    members: Iterable[Membership],
    *,
    kind: NotificationKind,
    dedup_key: str,
    request: ActionRequest | None,
    content: dict[str, Any] | None = None,
    now: datetime | None = None,
    deadline: datetime | None = None,
) -> None:
    """Tell these members, each on their first channel and at their hour.

    One statement with the rest of the unit of work; one more to read the wishes of members who
    were read without them (`with_wishes`), and one for the time when it is needed and not given.
    `deadline` is until when somebody has to do something about it.
    """
    people = {member.pk: member for member in members}
    wishes = wishes_by_member(people.values())
    if now is None and any(each.holds for each in wishes.values()):
        now = clock.now()
    rows = [
        _row(member, wishes[ident], kind, now, deadline)
        for ident, member in people.items()
        if wishes[ident].wants(kind)
    ]
    _write(rows, dedup_key, request, content or {})


def _row(
    member: Membership,
    wishes: Wishes,
    kind: NotificationKind,
    now: datetime | None,
    deadline: datetime | None,
    channel: NotificationChannel | None = None,
) -> Notification:
    row = Notification(
        member=member, kind=kind, channel=channel or channel_for(wishes), held_for=HeldFor.NOTHING
    )
    if now is not None and wishes.holds:
        moment = when_to_send(kind, wishes, now=now, deadline=deadline)
        if moment.held_for:
            row.held_for, row.next_attempt_at = moment.held_for, moment.at
    return row


def _write(
    rows: Sequence[Notification],
    dedup_key: str,
    request: ActionRequest | None,
    content: dict[str, Any],
) -> None:
    if not rows:
        return
    for row in rows:
        row.request, row.dedup_key, row.content = request, dedup_key[:120], content
    insert(*rows, skip_conflicts=True)
    for row in rows:
        if not row.held_for:
            enqueue_on_commit(
                "approvals.send_notification", tenant_id=row.tenant_id, notification_id=row.pk
            )


def queue_messages(messages: Sequence[Message], *, now: datetime) -> None:
    """Write many messages, those that are there already left out. Two statements."""
    messages = [message for message in messages if message.members]
    if not messages:
        return
    wishes = read_wishes({member for message in messages for member in message.members})
    lines = [
        line
        for number, message in enumerate(messages, start=1)
        for line in _lines(number, message, wishes, now)
    ]
    numbers, members, channels, moments, held = zip(*lines, strict=True) if lines else [()] * 5
    idents = new_ids(len(lines))
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT_MANY,
            [
                require_tenant_id(),
                now,
                uuid_array(idents),
                f"{{{','.join(map(str, numbers))}}}",
                uuid_array(members),
                text_array(channels),
                time_array(moments),
                text_array(held),
                uuid_array(message.request_id for message in messages),
                text_array(message.kind.value for message in messages),
                text_array(message.dedup_key[:120] for message in messages),
                text_array(json.dumps(message.content) for message in messages),
            ],
        )
    _hint([ident for ident, held_for in zip(idents, held, strict=True) if not held_for])


_Line = tuple[int, UUID, str, datetime, str]  # number, member, channel, moment, held for


def _lines(
    number: int, message: Message, wishes: Mapping[UUID, Wishes], now: datetime
) -> Iterator[_Line]:
    for member in message.members:
        asked_for = wishes.get(member)
        # Hardly anybody asks for anything, and everybody is asked here: no call for those.
        if asked_for is None:
            yield number, member, _FIRST_CHANNEL, now, _NOT_HELD
        elif asked_for.wants(message.kind):
            deadline = message.deadline_at
            moment = when_to_send(message.kind, asked_for, now=now, deadline=deadline)
            channel = channel_for(asked_for).value
            yield number, member, channel, moment.at, moment.held_for.value


def _hint(idents: Sequence[FreshId]) -> None:
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
        tenant_id=require_tenant_id(), request__in=requests, kind__in=ASKING
    ).values_list("request_id", "member_id")
    found: dict[UUID, set[UUID]] = {request.pk: set() for request in requests}
    for request_id, member_id in rows:
        if request_id is not None:
            found[request_id].add(member_id)
    return found
