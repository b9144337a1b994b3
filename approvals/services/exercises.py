"""Drills and canaries: requests that go the whole way to people, and never any further.

A drill says of itself what it is; a canary is known to compliance only, and shows whether people
look. Both are submitted like any request of their agent, under the rules that are live, so that
the same people are asked; no permission is ever given for one (`services.execution`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import transaction

from approvals.audit_events import exercises as events
from approvals.doors import due_canaries
from approvals.enums import NotificationKind, Purpose, RequestStatus
from approvals.models import ActionCategory, ActionRequest, CanaryPlan, Exercise, Notification
from approvals.services.submission import Submission, submit_action
from govapp.common import clock
from govapp.common.errors import Conflict, FieldError, Invalid, NotFound
from govapp.common.tenancy import tenant_transaction
from tenants.enums import Role
from tenants.models import Agent, Membership, Tenant
from tenants.rules import has_role, require

log = structlog.get_logger(__name__)

MOST_DAYS: Final = 365
_NAME_CHARACTERS: Final = 100
_NOT_OFFICER: Final = "Only owners and compliance send drills."
_NOT_COMPLIANCE: Final = "Canaries are compliance's own."


@dataclass(frozen=True)
class Sample:
    """What a drill or canary looks like: as the agent would have sent it."""

    agent: Agent
    category: ActionCategory
    summary: str
    payload: Mapping[str, Any]
    reason: str = ""


@transaction.atomic
def start_drill(*, actor: Membership, sample: Sample) -> Exercise:
    """Send a request that everybody sees to be a drill, and return it.

    Raises `Forbidden` (owners and compliance), `Invalid` for what cannot be stored, and
    `Conflict` when the rules would ask nobody: then there is nothing to practise.
    """
    require(has_role(actor, Role.OWNER, Role.COMPLIANCE), _NOT_OFFICER)
    return _start(sample, Purpose.DRILL, actor, None)


@transaction.atomic
def plan_canary(
    *, actor: Membership, name: str, sample: Sample, every_days: int, first_at: datetime
) -> CanaryPlan:
    """Plan a canary that is sent every so many days. Raises `Forbidden`, `Invalid`, `Conflict`."""
    require(has_role(actor, Role.COMPLIANCE), _NOT_COMPLIANCE)
    name = " ".join(name.split())
    if not 1 <= len(name) <= _NAME_CHARACTERS or "\0" in name:
        raise _fault("/name", f"Write a name of 1 to {_NAME_CHARACTERS} characters.")
    if not 1 <= every_days <= MOST_DAYS:
        raise _fault("/every_days", f"Choose 1 to {MOST_DAYS} days.")
    if CanaryPlan.objects.filter(name=name).exists():
        raise _fault("/name", "There is a canary of this name.")
    plan = CanaryPlan(
        name=name,
        agent=sample.agent,
        category=sample.category,
        summary=sample.summary,
        payload=sample.payload,
        reason=sample.reason,
        every_days=every_days,
        next_at=first_at,
        created_by=actor,
    )
    plan.save(force_insert=True)
    events.canary_plan_changed(actor=actor, plan=plan, what="made")
    return plan


@transaction.atomic
def switch_canary(*, actor: Membership, plan_id: UUID, is_on: bool) -> CanaryPlan:
    """Switch a planned canary on (due at once) or off. Raises `Forbidden` and `NotFound`."""
    require(has_role(actor, Role.COMPLIANCE), _NOT_COMPLIANCE)
    plan = CanaryPlan.objects.select_for_update().filter(pk=plan_id).first()
    if plan is None:
        raise NotFound("There is no such canary here.")
    if is_on == (plan.next_at is None):
        plan.next_at = clock.now() if is_on else None
        plan.save(update_fields=["next_at"])
        what = "switched_on" if is_on else "switched_off"
        events.canary_plan_changed(actor=actor, plan=plan, what=what)
    return plan


def sweep(*, at_most: int = 500) -> int:
    """Send the canaries that are due, in all tenants that want any; return how many were."""
    sent = 0
    for row in due_canaries.call(at_most):
        try:
            with tenant_transaction(row["tenant_id"]):
                sent += _send_due(row["plan_id"])
        except Exception:
            log.exception("canaries.failed", tenant=str(row["tenant_id"]))
    return sent


def _send_due(plan_id: UUID) -> bool:
    plan = (
        CanaryPlan.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("agent", "category")
        .filter(pk=plan_id, next_at__lte=clock.now())
        .first()
    )
    if plan is None or plan.next_at is None:
        return False
    # Never "now plus": a sweeper that was away must not move the days.
    now, step = clock.now(), timedelta(days=plan.every_days)
    while plan.next_at <= now:
        plan.next_at += step
    plan.save(update_fields=["next_at"])
    if not Tenant.objects.values_list("canaries", flat=True).get():
        return False
    sample = Sample(plan.agent, plan.category, plan.summary, plan.payload, plan.reason)
    try:
        with transaction.atomic():
            _start(sample, Purpose.CANARY, None, plan)
    except (Conflict, Invalid) as refusal:
        log.warning("canary.not_sent", plan=plan.public_id, why=refusal.detail)
        return False
    return True


def _start(
    sample: Sample, kind: Purpose, starter: Membership | None, plan: CanaryPlan | None
) -> Exercise:
    submission = Submission(
        category=sample.category.key,
        summary=sample.summary,
        payload=dict(sample.payload),
        reason=sample.reason,
    )
    request = submit_action(agent=sample.agent, submission=submission, purpose=kind)
    if request.status != RequestStatus.PENDING:
        # Raised inside the transaction: nothing of it stays.
        raise Conflict(f"Nobody would be asked, so nothing was sent. {request.because}")
    exercise = Exercise(
        request=request,
        kind=kind,
        plan=plan,
        started_by=starter,
        started_at=request.submitted_at,
        asked=_asked(request),
    )
    exercise.save(force_insert=True)
    events.exercise_started(exercise=exercise)
    return exercise


def _asked(request: ActionRequest) -> list[dict[str, str]]:
    told = Notification.objects.filter(request=request, kind=NotificationKind.REQUESTED)
    members = {each.member for each in told.select_related("member__user")}
    named = [{"member": each.public_id, "name": each.user.name} for each in members]
    return sorted(named, key=lambda each: (each["name"], each["member"]))


def _fault(pointer: str, detail: str) -> Invalid:
    return Invalid(detail, errors=[FieldError(pointer, detail)])
