"""The watchman: looks every minute for what must not exist (domain page, section 6).

Silence is only healthy when somebody has looked. Each finding alerts compliance once and is
counted for /metrics.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db.models import Exists, OuterRef

from approvals.enums import (
    DeliveryStatus,
    NotificationKind,
    RequestStatus,
    StageStatus,
    TimerKind,
    TimerStatus,
)
from approvals.models import (
    ActionRequest,
    CallbackDelivery,
    Notification,
    RequirementStage,
    Timer,
)
from approvals.selectors.board import load_board, load_boards
from approvals.selectors.people import Person, load_people
from approvals.services import notifications
from approvals.services.locking import try_to_lock
from approvals.services.stages import secure_quorum
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tenants.doors import all_tenants

log = structlog.get_logger(__name__)

STAGE_WITHOUT_TIMER: Final = "stage_without_timer"
TIMER_OVERDUE: Final = "timer_overdue"
MESSAGE_UNSENT: Final = "message_unsent"
QUORUM_UNREACHABLE: Final = "quorum_unreachable"
KINDS: Final = (STAGE_WITHOUT_TIMER, TIMER_OVERDUE, MESSAGE_UNSENT, QUORUM_UNREACHABLE)

TIMER_MAY_BE_LATE: Final = timedelta(seconds=30)
MESSAGE_MAY_WAIT: Final = timedelta(minutes=2)
# Per tenant and round; what is left over is found in the next one.
_MOST: Final = 1_000


@dataclass(frozen=True)
class Finding:
    """One thing that must not exist. `key` makes it the same finding the next minute."""

    kind: str
    tenant_id: UUID
    key: str
    text: str
    request_id: UUID | None = None


def watch() -> list[Finding]:
    """Look at every tenant, alert its compliance members once per finding, return all findings.

    A tenant that cannot be looked at is logged and does not hide the others.
    """
    found: list[Finding] = []
    for row in all_tenants.call():
        try:
            found += watch_tenant(row["tenant_id"])
        except Exception:
            log.exception("watch.tenant_failed", tenant=str(row["tenant_id"]))
    for finding in found:
        log.warning("watch.found", kind=finding.kind, key=finding.key)
    return found


def count_findings() -> dict[str, int]:
    """Return how many findings of each kind there are now, alerting nobody: for /metrics."""
    counts = Counter(dict.fromkeys(KINDS, 0))
    for row in all_tenants.call():
        with tenant_transaction(row["tenant_id"]):
            counts.update(finding.kind for finding in _find(row["tenant_id"], clock.now()))
    return dict(counts)


def watch_tenant(tenant_id: UUID) -> list[Finding]:
    """Look at one tenant and alert its compliance members about what is new."""
    with tenant_transaction(tenant_id):
        now = clock.now()
        found = list(_find(tenant_id, now))
        requests = ActionRequest.objects.in_bulk(
            [finding.request_id for finding in found if finding.request_id]
        )
        for finding in found:
            if finding.kind == QUORUM_UNREACHABLE:
                continue  # below, with what was done about it
            notifications.alert_compliance(
                request=requests.get(finding.request_id) if finding.request_id else None,
                subject=_SUBJECTS[finding.kind],
                text=finding.text,
                dedup_key=f"watch:{finding.key}",
            )
    for finding in found:
        if finding.kind == QUORUM_UNREACHABLE and finding.request_id:
            _add_fallback(tenant_id, finding.request_id)
    return found


_SUBJECTS: Final = {
    STAGE_WITHOUT_TIMER: "An open stage has no deadline that would fire",
    TIMER_OVERDUE: "A reminder, escalation or deadline is late",
    MESSAGE_UNSENT: "Messages are not being sent",
}


def _find(tenant_id: UUID, now: datetime) -> Iterator[Finding]:
    yield from _stages_without_timer(tenant_id)
    yield from _overdue_timers(tenant_id, now)
    yield from _unsent_messages(tenant_id, now)
    yield from _unreachable_quorums(tenant_id)


def _stages_without_timer(tenant_id: UUID) -> Iterator[Finding]:
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
    for stage in stages[:_MOST]:
        yield Finding(
            STAGE_WITHOUT_TIMER,
            tenant_id,
            f"{STAGE_WITHOUT_TIMER}:{stage.pk}",
            f"Stage “{stage.name}” of “{stage.request.summary}” is open without a timer that"
            " would end it.",
            stage.request_id,
        )


def _overdue_timers(tenant_id: UUID, now: datetime) -> Iterator[Finding]:
    late = Timer.objects.filter(
        status=TimerStatus.ARMED, due_at__lt=now - TIMER_MAY_BE_LATE
    ).select_related("request")
    for timer in late.order_by("due_at")[:_MOST]:
        yield Finding(
            TIMER_OVERDUE,
            tenant_id,
            f"{TIMER_OVERDUE}:{timer.pk}",
            f"{timer.get_kind_display()} of “{timer.request.summary}” was due at"
            f" {timer.due_at:%Y-%m-%d %H:%M:%S} UTC and has not been executed.",
            timer.request_id,
        )


def _unsent_messages(tenant_id: UUID, now: datetime) -> Iterator[Finding]:
    """One finding a day: when mail is down, a thousand alerts would not be sent either."""
    waiting = {"status": DeliveryStatus.QUEUED, "created_at__lt": now - MESSAGE_MAY_WAIT}
    mails = Notification.objects.filter(**waiting).exclude(kind=NotificationKind.ALERT).count()
    calls = CallbackDelivery.objects.filter(**waiting).count()
    if mails or calls:
        yield Finding(
            MESSAGE_UNSENT,
            tenant_id,
            f"{MESSAGE_UNSENT}:{now:%Y-%m-%d}",
            f"{mails} notifications and {calls} callbacks have been waiting for more than"
            f" {MESSAGE_MAY_WAIT.seconds // 60} minutes.",
        )


def _unreachable_quorums(tenant_id: UUID) -> Iterator[Finding]:
    pending = ActionRequest.objects.filter(
        status=RequestStatus.PENDING, category__isnull=False
    ).select_related("agent")
    people: dict[UUID | None, list[Person]] = {}
    for board in load_boards(list(pending.order_by("deadline_at", "pk")[:_MOST])):
        category_id = board.request.category_id
        if category_id and category_id not in people:
            people[category_id] = load_people(category_id)
        for stage in board.find_unreachable(people[category_id]):
            yield Finding(
                QUORUM_UNREACHABLE,
                tenant_id,
                f"{QUORUM_UNREACHABLE}:{stage.pk}",
                f"Stage “{stage.name}” of “{board.request.summary}” lacks people who may approve"
                " it. Unless somebody is given the right in time, the request expires.",
                board.request.pk,
            )


def _add_fallback(tenant_id: UUID, request_id: UUID) -> None:
    """Add the fallback group and alert compliance, each once.

    In a transaction of its own, because it takes the request's lock first. A request that
    somebody holds at this moment is looked at again in the next round.
    """
    with tenant_transaction(tenant_id):
        request = try_to_lock(request_id)
        if request is not None and request.is_pending:
            secure_quorum(board=load_board(request), now=clock.now())
