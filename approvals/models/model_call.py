"""Calls of models through the gateway, and what the tenant says that they cost."""

from django.db import models

from approvals.enums import ModelCallStatus
from approvals.models.delegation import Delegation
from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.models import Agent, Membership


class ModelPrice(TenantOwned):
    """What a million tokens of the models that a pattern names cost. Without one none is called."""

    pattern = models.CharField(max_length=200)  # "gpt-4o", "gpt-4o*", "*"
    currency = models.CharField(max_length=3)
    asked = models.DecimalField(max_digits=14, decimal_places=6)
    answered = models.DecimalField(max_digits=14, decimal_places=6)
    # How many tokens an answer may have where the agent does not say.
    most_output = models.PositiveIntegerField(default=4_096)
    set_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "pattern"], name="model_price_once")
        ]

    def __str__(self) -> str:
        return self.pattern

    @property
    def public_id(self) -> str:
        return public_id("mp", self.pk)

    @property
    def plain_asked(self) -> str:
        return f"{self.asked.normalize():f}"

    @property
    def plain_answered(self) -> str:
        return f"{self.answered.normalize():f}"


class ModelCall(TenantOwned):
    """One call: who asked which model, how it ended, what it used. Nothing of what was said."""

    immutable_fields = (
        "tenant_id", "agent", "kind", "model", "integration", "run_key", "streams",
        "request_digest", "started_at", "delegation", "delegation_chain",
    )  # fmt: skip
    never_removed = True

    agent = TenantForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    credential_id = models.UUIDField()  # whose withdrawal ends the call
    kind = models.CharField(max_length=10)  # chat or embeddings
    model = models.CharField(max_length=200)
    integration = models.CharField(max_length=100, blank=True, default="")
    run_key = models.CharField(max_length=200, blank=True, default="")
    # What its token is bound to: the whole chain as it was, and what is held in its budgets.
    delegation = TenantForeignKey(Delegation, on_delete=models.PROTECT, null=True, related_name="+")
    delegation_chain = models.JSONField(default=list, db_default=[])
    delegation_held = models.DecimalField(max_digits=18, decimal_places=6, null=True)
    streams = models.BooleanField(default=False)
    status = models.CharField(
        max_length=10, choices=ModelCallStatus, default=ModelCallStatus.OPEN
    )  # fmt: skip
    code = models.CharField(max_length=60, blank=True, default="")  # why it was no answer
    sentence = models.CharField(max_length=1_000, blank=True, default="")
    request_digest = models.CharField(max_length=80)
    answer_digest = models.CharField(max_length=80, blank=True, default="")
    asked_tokens = models.PositiveIntegerField(default=0)
    answered_tokens = models.PositiveIntegerField(default=0)
    is_estimated = models.BooleanField(default=False)
    price_asked = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    price_answered = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    cost = models.DecimalField(max_digits=18, decimal_places=6, default=0)
    currency = models.CharField(max_length=3, blank=True, default="")
    findings = models.JSONField(default=list)  # kind, detector, rule, action; never a sample
    masked = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # the page's list, newest first
            models.Index(fields=["tenant_id", "-started_at", "-id"], name="model_call_newest"),
            # calls that nobody ended
            models.Index(
                fields=["tenant_id", "started_at"],
                condition=models.Q(status="open"),
                name="model_call_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model}, {self.status}"

    @property
    def public_id(self) -> str:
        return public_id("gw", self.pk)

    @property
    def plain_cost(self) -> str:
        return f"{self.cost.normalize():f}"
