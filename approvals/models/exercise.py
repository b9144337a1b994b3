"""Requests that are no actions: drills that everybody sees, canaries that only compliance sees."""

from django.db import models

from approvals.enums import Purpose
from approvals.models.category import ActionCategory
from approvals.models.request import ActionRequest
from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.models import Agent, Membership


class CanaryPlan(TenantOwned):
    """What is mixed in from time to time, and what a person who looks would say to it."""

    immutable_fields = ("tenant_id", "created_by")

    name = models.CharField(max_length=100)
    agent = TenantForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    category = TenantForeignKey(ActionCategory, on_delete=models.PROTECT, related_name="+")
    summary = models.CharField(max_length=500)
    payload = models.JSONField()
    reason = models.TextField(blank=True, default="")
    every_days = models.PositiveSmallIntegerField(default=30)
    next_at = models.DateTimeField(null=True)  # null: switched off
    created_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "name"], name="canary_name_once")
        ]
        indexes = [
            # the sweep, through its door
            models.Index(
                fields=["next_at"], condition=models.Q(next_at__isnull=False), name="canary_due"
            )
        ]

    @property
    def public_id(self) -> str:
        return public_id("cny", self.pk)


class Exercise(TenantOwned):
    """One drill or canary that was sent, and who started it."""

    append_only = True

    request = TenantForeignKey(ActionRequest, on_delete=models.PROTECT, related_name="exercises")
    kind = models.CharField(max_length=10, choices=Purpose)
    plan = TenantForeignKey(
        CanaryPlan, on_delete=models.PROTECT, null=True, related_name="exercises"
    )
    started_by = TenantForeignKey(Membership, on_delete=models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField(db_default=Now())
    # How many people it was sent to, for the report of who answered.
    asked = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "request"], name="exercise_once")
        ]
        indexes = [
            # the list of drills, or of canaries, newest first
            models.Index(fields=["tenant_id", "kind", "started_at"], name="exercise_time")
        ]

    @property
    def public_id(self) -> str:
        return public_id("exr", self.pk)
