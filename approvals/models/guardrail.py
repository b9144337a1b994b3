"""The tenant's guardrails: each state of their rules, and who put it in force."""

from django.db import models

from approvals.enums import GuardrailStatus
from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.models import Membership


class GuardrailVersion(TenantOwned):
    """One state of the rules. A draft is written until somebody publishes it; then it stays.

    A tenant without a live one has those of `approvals.guardrails.DEFAULT_RULES`, version 0.
    """

    immutable_fields = ("tenant_id", "number", "based_on")
    words_of = {"written_by": ("remark",), "published_by": ("attestation",)}

    number = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=GuardrailStatus, default=GuardrailStatus.DRAFT)
    document = models.JSONField()
    remark = models.CharField(max_length=500, blank=True, default="")
    # Grows with every save, so that nobody publishes what they have not seen.
    revision = models.PositiveIntegerField(default=1)
    based_on = models.PositiveIntegerField(default=0)  # the number that was live; 0: the defaults
    written_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField(db_default=Now())
    published_by = TenantForeignKey(
        Membership, on_delete=models.PROTECT, related_name="+", null=True
    )
    published_at = models.DateTimeField(null=True)
    attestation = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "number"], name="guardrail_number_once"),
            models.UniqueConstraint(
                fields=["tenant_id"],
                condition=models.Q(status="live"),
                name="guardrail_one_live",
            ),
            models.UniqueConstraint(
                fields=["tenant_id"],
                condition=models.Q(status="draft"),
                name="guardrail_one_draft",
            ),
        ]

    def __str__(self) -> str:
        return f"Guardrails version {self.number}"

    @property
    def public_id(self) -> str:
        return public_id("gv", self.pk)
