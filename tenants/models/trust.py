"""What agents' conduct was found to be worth, and what the tenant asks for."""

from django.db import models

from govapp.common.clock import Now
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.enums import TrustTier
from tenants.models.agent import Agent
from tenants.models.people import Membership


class TrustAssessment(TenantOwned):
    """The latest look at one agent's conduct. Where `tier` is above the agent's own, it is a
    proposal: a person raises it, or does not."""

    immutable_fields = ("tenant_id", "agent")

    agent = TenantForeignKey(Agent, on_delete=models.PROTECT, related_name="assessments")
    tier = models.CharField(max_length=10, choices=TrustTier)  # what it has earned
    ceiling = models.CharField(max_length=10, choices=TrustTier)  # the most that conduct leaves
    because = models.JSONField(default=list)  # sentences
    conduct = models.JSONField(default=dict)  # `tenants.trust.Conduct`
    assessed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "agent"], name="assessment_of_agent")
        ]

    def __str__(self) -> str:
        return self.tier


class TrustStandards(TenantOwned):
    """What this tenant asks for each tier; without a row it is `tenants.trust` that says so."""

    words_of = {"set_by": ("reason",)}

    document = models.JSONField()  # `tenants.trust.Standards`
    reason = models.CharField(max_length=300, blank=True, default="")
    set_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant_id"], name="standards_once")]
