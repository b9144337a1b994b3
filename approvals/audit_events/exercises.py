"""Drills and canaries: who sent them, and what came of them."""

from approvals.audit_events.wording import content
from approvals.enums import Purpose
from approvals.models import CanaryPlan, Exercise
from audit.actors import SYSTEM, Personal, Subject
from audit.services import record
from tenants.audit_events.words import said
from tenants.models import Membership


def exercise_started(*, exercise: Exercise) -> None:
    """A request that is no action was sent to people."""
    request, starter = exercise.request, exercise.started_by
    actor = starter.as_actor() if starter else SYSTEM
    word = "drill" if exercise.kind == Purpose.DRILL else "canary"
    record(
        event_type=f"{word}.started",
        actor=actor,
        subject=Subject(word, exercise.public_id, content(request.summary, request)),
        summary=(
            f"{actor.name} sent the {word} “{request.summary}” to {len(exercise.asked)} people;"
            " whatever they say, nothing is executed."
        ),
        data={
            "request": request.public_id,
            "category": request.category_key,
            "asked": [Personal(each["name"], each["member"]) for each in exercise.asked],
            "plan": exercise.plan.public_id if exercise.plan else None,
        },
        request_id=request.pk,
    )


def canary_plan_changed(*, actor: Membership, plan: CanaryPlan, what: str) -> None:
    """Somebody planned a canary, or switched one on or off."""
    record(
        event_type=f"canary_plan.{what}",
        actor=actor.as_actor(),
        subject=Subject("canary_plan", plan.public_id, plan.name),
        summary=f"{actor} {_WHAT[what]} the canary “{plan.name}”.",
        data={
            "category": plan.category.key,
            "summary": said(plan.summary, actor),
            "every_days": plan.every_days,
            "next_at": plan.next_at.isoformat() if plan.next_at else None,
        },
    )


_WHAT = {"made": "planned", "switched_on": "switched on", "switched_off": "switched off"}
