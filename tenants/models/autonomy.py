"""How much agents may do of their own accord, and where nothing may be changed."""

from django.db import models

from govapp.common.clock import Now
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.enums import AutonomyLevel
from tenants.models.agent import Agent
from tenants.models.people import Membership


class Autonomy(TenantOwned):
    """The level of one agent, or of every agent, for a category or a pattern of them.

    The most specific one holds (`tenants.levels`); without any the policy decides.
    """

    immutable_fields = ("tenant_id", "agent", "pattern")
    words_of = {"set_by": ("reason",)}

    agent = TenantForeignKey(Agent, on_delete=models.PROTECT, null=True, related_name="autonomy")
    pattern = models.CharField(max_length=100)  # "payments.transfer", "payments.*" or "*"
    level = models.CharField(max_length=10, choices=AutonomyLevel)
    reason = models.CharField(max_length=300, blank=True, default="")
    set_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            # and what holds a submission: the rules of its agent, and those of every agent
            models.UniqueConstraint(
                fields=["tenant_id", "agent", "pattern"],
                nulls_distinct=False,
                name="autonomy_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.pattern}: {self.level}"


class EnvironmentRule(TenantOwned):
    """Whether anything may be changed in one environment; "*" is every one that has no rule."""

    immutable_fields = ("tenant_id", "name")
    words_of = {"set_by": ("reason",)}

    name = models.CharField(max_length=50)
    is_read_only = models.BooleanField(default=False)
    reason = models.CharField(max_length=300, blank=True, default="")
    set_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "name"], name="environment_once")
        ]

    def __str__(self) -> str:
        return self.name
