"""The tenant's policy as a series of immutable versions, of which one is live."""

from django.db import models

from approvals.enums import PolicyStatus
from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.models import Membership


class PolicyVersion(TenantOwned):
    """One state of the tenant's rules. What it says never changes; a change is a new version."""

    immutable_fields = ("tenant_id", "number", "source", "document", "digest", "proposed_by")

    number = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=PolicyStatus, default=PolicyStatus.DRAFT)
    source = models.TextField()  # as it was written, comments and order kept
    document = models.JSONField()  # the same, normalised
    digest = models.CharField(max_length=80)
    remark = models.CharField(max_length=500, blank=True, default="")
    proposed_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(db_default=Now())
    published_by = TenantForeignKey(
        Membership, on_delete=models.PROTECT, related_name="+", null=True
    )
    published_at = models.DateTimeField(null=True)
    attestation = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "number"], name="policy_number_once"),
            models.UniqueConstraint(
                fields=["tenant_id"],
                condition=models.Q(status="live"),
                name="policy_one_live",
            ),
        ]

    @property
    def public_id(self) -> str:
        return public_id("pv", self.pk)
