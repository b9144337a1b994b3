"""Telling people: rows in the outbox, written with the change; sent by `tasks.py` afterwards.

The `dedup_key` says what makes it the same message, so that writing it twice is impossible. On
which channel and when each person is told is settled here, by `approvals/routing.py`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
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
from govapp.common.arrays import number_array, text_array, time_array, uuid_array
from govapp.common.ids import new_ids
from govapp.common.queue import enqueue_on_commit
from govapp.common.tenancy import require_tenant_id
from govapp.common.writing import insert
from tenants.enums import Role
from tenants.models import Membership
from tenants.selectors import active_members, members_with_role

_NOT_HELD: Final = HeldFor.NOTHING.value
_FIRST_CHANNEL: Final = channel_for(AS_IT_IS).value
_INSERT_MANY = """
WITH message AS MATERIALIZED (
  SELECT * FROM unnest(%s::int[], %s::uuid[], %s::text[]) WITH ORDINALITY
    AS message (said, request_id, dedup_key, number)),
line AS (
  SELECT said, request_id, dedup_key, member_id, %s AS channel, %s::timestamptz AS send_at,
    %s AS held_for
  FROM message JOIN unnest(%s::int[], %s::uuid[]) AS usual (said, member_id) USING (said)
  UNION ALL
  SELECT said, request_id, dedup_key, member_id, channel, send_at, held_for
  FROM message JOIN unnest(%s::int[], %s::uuid[], %s::text[], %s::timestamptz[], %s::text[])
    AS special (number, member_id, channel, send_at, held_for) USING (number))
INSERT INTO approvals_notification (id, tenant_id, request_id, member_id, kind, channel,
  dedup_key, content, status, attempts, last_error, created_at, next_attempt_at, held_for)
SELECT (%s::uuid[])[row_number() OVER ()], %s, request_id, member_id, kind, channel, dedup_key,
  content, 'queued', 0, '', %s, send_at, held_for
FROM line JOIN unnest(%s::text[], %s::jsonb[]) WITH ORDINALITY
  AS spoken (kind, content, said) USING (said)
ON CONFLICT (tenant_id, member_id, channel, dedup_key) DO NOTHING
"""


class About(NamedTuple):
    """A request that a message is about, which is due until `deadline_at`."""

    request_id: UUID
    dedup_key: str
    deadline_at: datetime | str | None  # a text: UTC, as PostgreSQL writes it


@dataclass(frozen=True)
class Message:
    """One message to several members, about each of some requests."""

    about: Sequence[About]
    kind: NotificationKind
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
    """Write many messages, those that are there already left out. Two statements.

    Hardly anybody asks for anything, and everybody is asked: whoever has no wishes is told of
    every request as it is, and the others' messages are looked at one by one.
    """
    messages = [message for message in messages if message.members and message.about]
    if not messages:
        return
    wishes = read_wishes({member for message in messages for member in message.members})
    said = [number for number, message in enumerate(messages, start=1) for _ in message.about]
    about = [each for message in messages for each in message.about]
    usual = [
        (number, member)
        for number, message in enumerate(messages, start=1)
        for member in message.members
        if member not in wishes
    ]
    lists, members = _columns(usual, 2)
    most = sum(len(message.about) * len(message.members) for message in messages)
    numbers, wishing, channels, moments, held = _columns(_lines(messages, wishes, now), 5)
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT_MANY,
            [
                number_array(said),
                uuid_array(each.request_id for each in about),
                text_array(each.dedup_key[:120] for each in about),
                *(_FIRST_CHANNEL, now, _NOT_HELD),
                number_array(lists),
                uuid_array(members),
                number_array(numbers),
                uuid_array(wishing),
                text_array(channels),
                time_array(moments),
                text_array(held),
                uuid_array(new_ids(most)),
                *(require_tenant_id(), now),
                text_array(message.kind.value for message in messages),
                text_array(json.dumps(message.content) for message in messages),
            ],
        )
    enqueue_on_commit(
        "approvals.send_notifications_of", tenant_id=require_tenant_id(), at=now.isoformat()
    )


_Line = tuple[int, UUID, str, datetime, str]  # number, member, channel, moment, held for


def _columns(lines: Iterable[tuple[Any, ...]], count: int) -> list[tuple[Any, ...]]:
    return list(zip(*lines, strict=True)) or [()] * count


def _lines(
    messages: Sequence[Message], wishes: Mapping[UUID, Wishes], now: datetime
) -> Iterator[_Line]:
    """Yield what those are told who have wishes, with the number of the request among all."""
    begun = 0
    for message in messages:
        for member in message.members:
            asked_for = wishes.get(member)
            if asked_for is None or not asked_for.wants(message.kind):
                continue
            channel = channel_for(asked_for).value
            for number, about in enumerate(message.about, start=begun + 1):
                deadline = _instant(about.deadline_at)
                moment = when_to_send(message.kind, asked_for, now=now, deadline=deadline)
                yield number, member, channel, moment.at, moment.held_for.value
        begun += len(message.about)


def _instant(moment: datetime | str | None) -> datetime | None:
    if isinstance(moment, str):
        return datetime.fromisoformat(moment).replace(tzinfo=UTC)
    return moment


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
