"""What must not exist in a tenant (domain page, section 6): looked for, never changed here.

Each kind is one statement, whatever the tenant holds, but for the people of each category of what
is pending.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q

from approvals.enums import (
    DeliveryStatus,
    HeldFor,
    NotificationKind,
    RequestStatus,
    StageStatus,
    TimerKind,
    TimerStatus,
    Verdict,
)
from approvals.models import (
    ActionRequest,
    CallbackDelivery,
    Notification,
    RequirementStage,
    Timer,
    Vote,
)
from approvals.selectors.board import Board, load_boards
from approvals.selectors.people import Person, load_people
from audit.selectors.anchors import unanchored_since
from audit.selectors.directory import asked_vouchers
from audit.selectors.queue import oldest_unsealed
from audit.selectors.streams import streams_in_trouble
from tenants.selectors.integrations import alerts_since

STAGE_WITHOUT_TIMER: Final = "stage_without_timer"
TIMER_OVERDUE: Final = "timer_overdue"
MESSAGE_UNSENT: Final = "message_unsent"
QUORUM_UNREACHABLE: Final = "quorum_unreachable"
STAGE_FULL: Final = "stage_full"
APPROVED_WITHOUT_VOTE: Final = "approved_without_vote"
ENDED_BUT_ARMED: Final = "ended_but_armed"
RECORD_UNSEALED: Final = "record_unsealed"
RECORD_UNANCHORED: Final = "record_unanchored"
STREAM_FAILING: Final = "stream_failing"
INTEGRATION_UNUSUAL: Final = "integration_unusual"

# What each kind is called, for whoever has to act on it.
SUBJECTS: Final = {
    STAGE_WITHOUT_TIMER: "An open stage has no deadline that would fire",
    TIMER_OVERDUE: "A reminder, escalation or deadline is late",
    MESSAGE_UNSENT: "Messages are not being sent",
    QUORUM_UNREACHABLE: "A request can no longer be approved",
    STAGE_FULL: "A stage has its approvals and waits for one more",
    APPROVED_WITHOUT_VOTE: "A request counts as approved without anybody's approval",
    ENDED_BUT_ARMED: "A request has ended and would still be reminded of",
    RECORD_UNSEALED: "Events wait to be sealed into the record",
    RECORD_UNANCHORED: "A witness or time-stamping authority does not vouch for the record",
    STREAM_FAILING: "The record is not accepted where it is sent on",
    INTEGRATION_UNUSUAL: "An integration is used unlike before",
}
KINDS: Final = tuple(SUBJECTS)

TIMER_MAY_BE_LATE: Final = timedelta(seconds=30)
MESSAGE_MAY_WAIT: Final = timedelta(minutes=2)
_TRIED_IN_TIME: Final = 2  # attempts that there are before that is over
RECORD_MAY_WAIT: Final = timedelta(minutes=2)
RECORD_MAY_BE_UNANCHORED: Final = timedelta(hours=2)
STREAM_MAY_FAIL: Final = timedelta(hours=1)
# A decision is looked at again for as long as its permission could still do harm.
LOOKED_BACK: Final = timedelta(days=1)
# So long is unusual use of an integration something to look at.
UNUSUAL_FOR: Final = timedelta(days=1)
# Per tenant and round; what is left over is found in the next one.
MOST: Final = 1_000


@dataclass(frozen=True)
class Fault:
    """One thing that must not exist. `key` makes it the same fault the next minute.

    What is the tenant's own is for the tenant to mend, and not for who runs Govapp.
    """

    kind: str
    tenant_id: UUID
    key: str
    text: str
    request_id: UUID | None = None
    is_tenants_own: bool = False


def find_faults(tenant_id: UUID, now: datetime) -> Iterator[Fault]:
    """Look at one tenant, which is bound, as it is at this moment."""
    yield from _stages_without_timer(tenant_id)
    yield from _overdue_timers(tenant_id, now)
    yield from _unsent_messages(tenant_id, now)
    yield from _unreachable_quorums(tenant_id)
    yield from _approved_without_vote(tenant_id, now)
    yield from _ended_but_armed(tenant_id, now)
    yield from _unsealed_record(tenant_id, now)
    yield from _unanchored_record(tenant_id, now)
    yield from _failing_streams(tenant_id, now)
    yield from _unusual_use(tenant_id, now)


def _stages_without_timer(tenant_id: UUID) -> Iterator[Fault]:
    armed = Timer.objects.filter(
        request=OuterRef("request"),
        request_version=OuterRef("request__version"),
        stage=OuterRef("pk"),
        kind=TimerKind.EXPIRE,
        status=TimerStatus.ARMED,
    )
    stages = RequirementStage.objects.filter(
        ~Exists(armed), status=StageStatus.OPEN, request__status=RequestStatus.PENDING
    ).select_related("request")
    for stage in stages[:MOST]:
        yield Fault(
            STAGE_WITHOUT_TIMER,
            tenant_id,
            f"{STAGE_WITHOUT_TIMER}:{stage.pk}",
            f"Stage “{stage.name}” of “{stage.request.summary}” is open without a timer that"
            " would end it.",
            stage.request_id,
        )


def _overdue_timers(tenant_id: UUID, now: datetime) -> Iterator[Fault]:
    late = Timer.objects.filter(
        status=TimerStatus.ARMED, due_at__lt=now - TIMER_MAY_BE_LATE
    ).select_related("request")
    for timer in late.order_by("due_at")[:MOST]:
        yield Fault(
            TIMER_OVERDUE,
            tenant_id,
            f"{TIMER_OVERDUE}:{timer.pk}",
            f"{timer.get_kind_display()} of “{timer.request.summary}” was due at"
            f" {timer.due_at:%Y-%m-%d %H:%M:%S} UTC and has not been executed.",
            timer.request_id,
        )


def _unsent_messages(tenant_id: UUID, now: datetime) -> Iterator[Fault]:
    """One fault a day: when mail is down, a thousand alerts would not be sent either."""
    waiting = {"status": DeliveryStatus.QUEUED, "created_at__lt": now - MESSAGE_MAY_WAIT}
    mails = Notification.objects.filter(**waiting).exclude(kind=NotificationKind.ALERT)
    # What is held on purpose waits for its time, and only then for being sent. What has failed
    # twice waits for nothing but a server.
    held = ~Q(held_for=HeldFor.NOTHING) & Q(
        next_attempt_at__gte=now - MESSAGE_MAY_WAIT, attempts__lte=_TRIED_IN_TIME
    )
    told = mails.exclude(held).count()
    calls = CallbackDelivery.objects.filter(**waiting).aggregate(
        all=Count("pk"),
        overdue=Count("pk", filter=Q(next_attempt_at__lt=now - MESSAGE_MAY_WAIT)),
    )
    if told or calls["all"]:
        yield Fault(
            MESSAGE_UNSENT,
            tenant_id,
            f"{MESSAGE_UNSENT}:{now:%Y-%m-%d}",
            f"{told} notifications and {calls['all']} callbacks have been waiting for more than"
            f" {MESSAGE_MAY_WAIT.seconds // 60} minutes.",
            # Tried in time, and answered badly by the tenant's own endpoint.
            is_tenants_own=not told and not calls["overdue"],
        )


def _unreachable_quorums(tenant_id: UUID) -> Iterator[Fault]:
    pending = ActionRequest.objects.filter(
        status=RequestStatus.PENDING, category__isnull=False
    ).select_related("agent")
    people: dict[UUID | None, list[Person]] = {}
    for board in load_boards(list(pending.order_by("deadline_at", "pk")[:MOST])):
        category_id = board.request.category_id
        if category_id and category_id not in people:
            people[category_id] = load_people(category_id)
        yield from _full_stages(tenant_id, board)
        for stage in board.find_unreachable(people[category_id]):
            yield Fault(
                QUORUM_UNREACHABLE,
                tenant_id,
                f"{QUORUM_UNREACHABLE}:{stage.pk}",
                f"Stage “{stage.name}” of “{board.request.summary}” lacks people who may approve"
                " it. Unless somebody is given the right in time, the request expires.",
                board.request.pk,
                is_tenants_own=True,
            )


def _full_stages(tenant_id: UUID, board: Board) -> Iterator[Fault]:
    """Who was added by an escalation may have approved by another rule before.

    Nothing but a vote ever ends a request, so the stage waits for one, and somebody has to know.
    """
    for stage in board.open_stages:
        if board.tally(stage).is_complete:
            yield Fault(
                STAGE_FULL,
                tenant_id,
                f"{STAGE_FULL}:{stage.pk}",
                f"Stage “{stage.name}” of “{board.request.summary}” was given its approvals by"
                " people who were added to it after they had voted. It goes on with the next vote"
                " that anybody casts on it; without one it expires.",
                board.request.pk,
                is_tenants_own=True,
            )


def _approved_without_vote(tenant_id: UUID, now: datetime) -> Iterator[Fault]:
    """ "Approved" is only ever the result of counted votes (domain page, section 4)."""
    given = Vote.objects.filter(
        request=OuterRef("pk"),
        verdict=Verdict.APPROVE,
        voided_at__isnull=True,
        payload_digest=OuterRef("payload_digest"),
    )
    approved = ActionRequest.objects.filter(
        ~Exists(given), status=RequestStatus.APPROVED, decided_at__gt=now - LOOKED_BACK
    )
    for request in approved.only("pk", "summary")[:MOST]:
        yield Fault(
            APPROVED_WITHOUT_VOTE,
            tenant_id,
            f"{APPROVED_WITHOUT_VOTE}:{request.pk}",
            f"“{request.summary}” counts as approved, and nobody's approval of it is there."
            " Withdraw its permission, then find out who changed the database.",
            request.pk,
        )


def _ended_but_armed(tenant_id: UUID, now: datetime) -> Iterator[Fault]:
    armed = Timer.objects.filter(
        status=TimerStatus.ARMED,
        kind__in=[TimerKind.REMIND, TimerKind.ESCALATE, TimerKind.EXPIRE],
    ).exclude(request__status=RequestStatus.PENDING)
    for timer in armed.select_related("request").order_by("due_at")[:MOST]:
        yield Fault(
            ENDED_BUT_ARMED,
            tenant_id,
            f"{ENDED_BUT_ARMED}:{timer.pk}",
            f"“{timer.request.summary}” has ended, and its {timer.get_kind_display().lower()} is"
            " still armed.",
            timer.request_id,
        )


def _unsealed_record(tenant_id: UUID, now: datetime) -> Iterator[Fault]:
    oldest = oldest_unsealed()
    if oldest is not None and oldest < now - RECORD_MAY_WAIT:
        yield Fault(
            RECORD_UNSEALED,
            tenant_id,
            f"{RECORD_UNSEALED}:{now:%Y-%m-%d}",
            f"An event of {oldest:%Y-%m-%d %H:%M:%S} UTC has no place in the sealed record yet:"
            " the process that seals it is not working.",
        )


def _unanchored_record(tenant_id: UUID, now: datetime) -> Iterator[Fault]:
    """Look only at who is configured: three statements for each."""
    for asked in asked_vouchers():
        since = unanchored_since(asked)
        if since is not None and since < now - RECORD_MAY_BE_UNANCHORED:
            yield Fault(
                RECORD_UNANCHORED,
                tenant_id,
                f"{RECORD_UNANCHORED}:{asked.name}",
                f"What was recorded up to {since:%Y-%m-%d %H:%M} UTC is not vouched for by"
                f" {asked.words} yet.",
            )


def _failing_streams(tenant_id: UUID, now: datetime) -> Iterator[Fault]:
    """One fault for each, from the first hour on until it is accepted, paused or removed."""
    for stream in streams_in_trouble(now - STREAM_MAY_FAIL):
        yield Fault(
            STREAM_FAILING,
            tenant_id,
            f"{STREAM_FAILING}:{stream.pk}",
            f"The stream “{stream.name}” to {stream.host} is not accepted"
            f" since {stream.failing_since or now:%Y-%m-%d %H:%M} UTC: {stream.last_error}"
            + (" It was given up: resume it." if stream.state == "stopped" else ""),
            is_tenants_own=True,
        )


def _unusual_use(tenant_id: UUID, now: datetime) -> Iterator[Fault]:
    """One fault for each alert of the last day; the integration's page keeps them all."""
    for alert in alerts_since(now - UNUSUAL_FOR)[:MOST]:
        yield Fault(
            INTEGRATION_UNUSUAL,
            tenant_id,
            f"{INTEGRATION_UNUSUAL}:{alert.pk}",
            f"{alert.text} See the page of the integration; suspend it when in doubt.",
            is_tenants_own=True,
        )
