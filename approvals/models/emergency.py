"""Approvals by one person alone, in an emergency, and what others find of them."""

from django.db import models

from approvals.enums import ReviewOutcome
from approvals.models.request import ActionRequest
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.models import Membership


class BreakGlassReview(TenantOwned):
    """The review that an emergency approval makes due. By somebody else."""

    never_removed = True
    words_of = {"member": ("reason",), "reviewer": ("remark",)}
    immutable_fields = ("tenant_id", "request", "member", "reason", "opened_at", "due_at")
    contents_of = {"request": ("reason", "remark")}

    request = TenantForeignKey(
        ActionRequest, on_delete=models.PROTECT, related_name="break_glass_reviews"
    )
    member = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    reviewer = TenantForeignKey(Membership, on_delete=models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(max_length=20, choices=ReviewOutcome, blank=True, default="")
    remark = models.TextField(blank=True, default="")
    reviewed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "request"], name="break_glass_once")
        ]
        indexes = [
            # what is to be reviewed, the most urgent first
            models.Index(
                fields=["tenant_id", "due_at"],
                condition=models.Q(reviewed_at__isnull=True),
                name="break_glass_open",
            )
        ]

    @property
    def public_id(self) -> str:
        return public_id("bgr", self.pk)
