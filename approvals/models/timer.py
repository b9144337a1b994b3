"""Things that are due. The row is the schedule; workers only execute it."""

from django.db import models

from approvals.enums import TimerKind, TimerStatus
from approvals.models.request import ActionRequest, RequirementStage
from govapp.common.clock import Now
from govapp.common.models import TenantForeignKey, TenantOwned


class Timer(TenantOwned):
    """One thing that is due at one instant, armed for one version of a request."""

    immutable_fields = (
        "tenant_id", "request", "request_version", "stage", "kind", "level", "due_at",
    )  # fmt: skip

    request = TenantForeignKey(ActionRequest, on_delete=models.PROTECT, related_name="timers")
    # That it was armed for: what belongs to a stage does nothing in a later version.
    request_version = models.PositiveIntegerField()
    stage = TenantForeignKey(
        RequirementStage, on_delete=models.PROTECT, related_name="timers", null=True
    )
    kind = models.CharField(max_length=10, choices=TimerKind)
    level = models.PositiveSmallIntegerField(default=0)  # the n-th reminder or escalation
    due_at = models.DateTimeField()
    armed_at = models.DateTimeField(db_default=Now())
    status = models.CharField(max_length=10, choices=TimerStatus, default=TimerStatus.ARMED)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # firing twice is impossible: there is one row for each thing that can fire
            models.UniqueConstraint(
                fields=["tenant_id", "request", "stage", "kind", "level"],
                name="timer_once",
                nulls_distinct=False,
            )
        ]
        indexes = [
            # the sweep, through its door: what is due, oldest first
            models.Index(fields=["due_at"], condition=models.Q(status="armed"), name="timer_due"),
            # the same within a tenant, in order: each has its share of a round
            models.Index(
                fields=["tenant_id", "due_at", "id"],
                condition=models.Q(status="armed"),
                name="timer_due_in_tenant",
            ),
            # closing what is left when a request ends
            models.Index(fields=["tenant_id", "request"], name="timer_request"),
        ]
