"""What rules would have done to requests that were really made."""

from django.db import models

from approvals.enums import PolicyEffect, SimulationStatus
from approvals.models.policy import PolicyDraft, PolicyVersion
from approvals.models.request import ActionRequest
from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.models import Membership


class PolicySimulation(TenantOwned):
    """A replay of the tenant's recorded requests under other rules, with its progress."""

    immutable_fields = ("tenant_id", "source", "digest", "requested_by", "since", "until")

    source = models.TextField()
    digest = models.CharField(max_length=80)
    draft = TenantForeignKey(PolicyDraft, on_delete=models.PROTECT, null=True, related_name="+")
    # Attached to this version, for those who review it.
    version = TenantForeignKey(
        PolicyVersion, on_delete=models.PROTECT, null=True, related_name="simulations"
    )
    # What it is compared with; null compares with how each request was really decided.
    compared_with = TenantForeignKey(
        PolicyVersion, on_delete=models.PROTECT, null=True, related_name="+"
    )
    since = models.DateTimeField(null=True)  # null: from the first request on
    until = models.DateTimeField()
    status = models.CharField(
        max_length=10, choices=SimulationStatus, default=SimulationStatus.QUEUED
    )
    total = models.PositiveIntegerField(null=True)  # requests in the period
    replayed = models.PositiveIntegerField(default=0)
    effect = models.CharField(max_length=10, choices=PolicyEffect, default=PolicyEffect.UNKNOWN)
    summary = models.JSONField(default=dict, blank=True)
    error = models.CharField(max_length=500, blank=True, default="")
    requested_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    # When whoever runs it was last heard of, and which run it is: a crashed one is begun again,
    # and should the former run still be there, it sees that it was replaced.
    touched_at = models.DateTimeField(null=True)
    run = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # the newest first, also of one draft
            models.Index(fields=["tenant_id", "requested_at"], name="simulation_time"),
            models.Index(fields=["tenant_id", "draft", "requested_at"], name="simulation_draft"),
        ]

    @property
    def public_id(self) -> str:
        return public_id("sim", self.pk)


class SimulatedChange(TenantOwned):
    """One request that would have been decided otherwise, and why."""

    contents_of = {"request": ("because", "because_before")}

    simulation = TenantForeignKey(
        PolicySimulation, on_delete=models.CASCADE, related_name="changes"
    )
    request = TenantForeignKey(ActionRequest, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    before = models.CharField(max_length=20)
    after = models.CharField(max_length=20)
    # "looser", "stricter" or "other": the same outcome by other people.
    direction = models.CharField(max_length=10)
    because = models.TextField()
    # Why it was decided as it was, by the rules that it is compared with.
    because_before = models.TextField(blank=True, default="")
    # The flow could not have been completed by the people there are.
    is_impossible = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "simulation", "position"], name="simulated_change_once"
            )
        ]


class ShadowResult(TenantOwned):
    """What the version in shadow would have done to a request. Nothing was enforced."""

    immutable_fields = ("tenant_id", "request", "version", "outcome")
    contents_of = {"request": ("because",)}

    request = TenantForeignKey(ActionRequest, on_delete=models.PROTECT, related_name="+")
    version = TenantForeignKey(
        PolicyVersion, on_delete=models.PROTECT, related_name="shadow_results"
    )
    live_outcome = models.CharField(max_length=20)
    outcome = models.CharField(max_length=20)
    # The same outcome by the same flows?
    differs = models.BooleanField()
    because = models.TextField()
    evaluated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "version", "request"], name="shadow_result_once"
            )
        ]
        indexes = [
            # the report: where they differ, newest first
            models.Index(
                fields=["tenant_id", "version", "evaluated_at", "id"],
                condition=models.Q(differs=True),
                name="shadow_differs",
            )
        ]
