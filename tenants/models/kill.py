"""Kill switches: thrown by one person, resumed by another."""

from django.db import models

from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.enums import KillPending, KillScope
from tenants.killing import Thrown
from tenants.models.agent import Agent
from tenants.models.people import Membership


class KillSwitch(TenantOwned):
    """One throw of a switch, or a drill of one. Thrown again, it is another row."""

    never_removed = True
    words_of = {"thrown_by": ("reason",), "resumed_by": ("resume_reason",)}
    immutable_fields = (
        "tenant_id", "scope", "ref", "name", "agent", "pending", "thrown_by", "thrown_at",
        "is_drill", "stopped", "took_ms", "is_complete",
    )  # fmt: skip

    scope = models.CharField(max_length=12, choices=KillScope)
    # An agent's or a delegation's public id, an integration's slug, a category or `payments.*`;
    # empty for the whole tenant.
    ref = models.CharField(max_length=100, blank=True, default="")
    # What people call it, as it was called then.
    name = models.CharField(max_length=100, blank=True, default="")
    agent = TenantForeignKey(Agent, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=500)
    pending = models.CharField(max_length=6, choices=KillPending, default=KillPending.HOLD)
    thrown_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    thrown_at = models.DateTimeField()
    resumed_by = TenantForeignKey(Membership, on_delete=models.PROTECT, null=True, related_name="+")
    resumed_at = models.DateTimeField(null=True)
    resume_reason = models.CharField(max_length=500, blank=True, default="")
    is_drill = models.BooleanField(default=False)
    # A drill is over as soon as it has counted.
    ended_at = models.DateTimeField(null=True)
    # How many requests, permissions and agents it stopped, or would have.
    stopped = models.JSONField(default=dict)
    # From the press to when nothing was on its way any more, in milliseconds.
    took_ms = models.PositiveIntegerField(default=0)
    # Whether what had begun before was waited for; null: from before this was kept.
    is_complete = models.BooleanField(null=True)
    # When everything that it cancels was cancelled, and how much that was.
    settled_at = models.DateTimeField(null=True)
    cancelled = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "scope", "ref"],
                condition=models.Q(resumed_at__isnull=True, is_drill=False),
                name="kill_switch_thrown_once",
            ),
            models.CheckConstraint(
                condition=models.Q(resumed_at__isnull=True, resumed_by__isnull=True)
                | models.Q(resumed_at__isnull=False, resumed_by__isnull=False),
                name="kill_switch_resumed_by_somebody",
            ),
            # by a second person, whoever writes the row
            models.CheckConstraint(
                condition=~models.Q(resumed_by=models.F("thrown_by")),
                name="kill_switch_second_person",
            ),
            models.CheckConstraint(
                condition=models.Q(is_drill=False, ended_at__isnull=True)
                | models.Q(is_drill=True, ended_at__isnull=False, resumed_at__isnull=True),
                name="kill_switch_drill_ends",
            ),
        ]
        indexes = [
            # permissions that died with a switch stay dead after it was resumed
            models.Index(
                fields=["tenant_id", "resumed_at"],
                condition=models.Q(resumed_at__isnull=False),
                name="kill_switch_resumed",
            ),
            # the page: what was thrown and drilled, newest first
            models.Index(fields=["tenant_id", "thrown_at", "id"], name="kill_switch_time"),
            # what has to be cancelled still, in all tenants
            models.Index(
                fields=["thrown_at"],
                condition=models.Q(pending="cancel", settled_at__isnull=True, is_drill=False),
                name="kill_switch_unsettled",
            ),
        ]

    @property
    def public_id(self) -> str:
        return public_id("ks", self.pk)

    @property
    def is_thrown(self) -> bool:
        return self.resumed_at is None and not self.is_drill

    @property
    def thrown(self) -> Thrown:
        """Return what the rules look at."""
        return Thrown(
            scope=self.scope,
            ref=self.ref,
            name=self.name,
            agent_id=self.agent_id,
            thrown_at=self.thrown_at,
            resumed_at=self.resumed_at,
        )

    @property
    def what(self) -> str:
        """Return what it stops, as in "the agent payer"."""
        return self.thrown.what
