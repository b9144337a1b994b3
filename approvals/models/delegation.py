"""What one agent handed on to another, what was given to spend, and what was spent of it."""

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models

from approvals.enums import SpendState
from approvals.models.request import ActionRequest
from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.models import Agent, Credential, Membership

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class Delegation(TenantOwned):
    """One link: part of what `from_agent` has, for `to_agent`, until `expires_at`.

    `path` names every link from the first to this one ("/dg_a/dg_b/"), so that what is under a
    link is found by how it begins. Who revokes a link revokes all of these.
    """

    immutable_fields = (
        "tenant_id", "from_agent", "to_agent", "parent", "credential", "path", "depth",
        "categories", "integrations", "depth_left", "purpose", "created_at", "expires_at",
        "prefix", "secret_hash",
    )  # fmt: skip
    never_removed = True
    words_of = {"revoked_by": ("revoked_reason",)}

    from_agent = TenantForeignKey(Agent, on_delete=models.PROTECT, related_name="delegations_out")
    to_agent = TenantForeignKey(Agent, on_delete=models.PROTECT, related_name="delegations_in")
    parent = TenantForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")
    # The key that it was made with: what it opened is all that a first link can hand on.
    credential = TenantForeignKey(Credential, on_delete=models.PROTECT, related_name="+")
    path = models.CharField(max_length=250, db_collation="C")
    depth = models.PositiveSmallIntegerField()  # 1 for a first link
    # Keys and patterns, and names of integrations; null: as many as there are.
    categories = ArrayField(models.CharField(max_length=100), null=True)
    integrations = ArrayField(models.CharField(max_length=100), null=True)
    depth_left = models.PositiveSmallIntegerField()  # how many links may follow
    purpose = models.CharField(max_length=200, blank=True, default="")  # in the agent's words
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    prefix = models.CharField(max_length=20, unique=True)
    secret_hash = models.BinaryField(max_length=32)
    revoked_at = models.DateTimeField(null=True)
    # By a member; null: by the agent that handed it on. `revoked_with` is the link that was meant:
    # this one, or one above it.
    revoked_by = TenantForeignKey(Membership, on_delete=models.PROTECT, null=True, related_name="+")
    revoked_with = TenantForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    revoked_reason = models.CharField(max_length=500, blank=True, default="")

    if TYPE_CHECKING:
        budgets: RelatedManager["DelegationBudget"]
        from_agent_id: object
        to_agent_id: object

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "path"], name="delegation_path_once"),
            models.CheckConstraint(
                condition=~models.Q(from_agent=models.F("to_agent")), name="delegation_to_another"
            ),
            models.CheckConstraint(
                condition=models.Q(depth__gte=1, depth__lte=8), name="delegation_depth_bound"
            ),
        ]
        indexes = [
            # an agent's delegations out and in, newest first
            models.Index(fields=["tenant_id", "from_agent", "created_at"], name="delegation_out"),
            models.Index(fields=["tenant_id", "to_agent", "created_at"], name="delegation_in"),
            # all of the tenant's, newest first
            models.Index(fields=["tenant_id", "created_at", "id"], name="delegation_time"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return public_id("dg", self.pk)


class DelegationBudget(TenantOwned):
    """What may be spent under a link in one currency, by it and everything under it together."""

    immutable_fields = ("tenant_id", "delegation", "currency", "amount")

    delegation = TenantForeignKey(Delegation, on_delete=models.PROTECT, related_name="budgets")
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=24, decimal_places=6)
    # Estimated by requests that are not done, and spent by those that are.
    reserved = models.DecimalField(max_digits=60, decimal_places=6, default=0)
    settled = models.DecimalField(max_digits=60, decimal_places=6, default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "delegation", "currency"], name="delegation_currency_once"
            ),
            models.CheckConstraint(
                condition=models.Q(amount__gte=0, reserved__gte=0, settled__gte=0),
                name="delegation_budget_counts",
            ),
        ]


class DelegationSpend(TenantOwned):
    """What one request holds, in one currency, of the budgets along its chain."""

    immutable_fields = ("tenant_id", "request", "delegation", "currency")

    request = TenantForeignKey(ActionRequest, on_delete=models.PROTECT, related_name="+")
    delegation = TenantForeignKey(Delegation, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    reserved = models.DecimalField(max_digits=60, decimal_places=6)
    settled = models.DecimalField(max_digits=60, decimal_places=6, null=True)
    state = models.CharField(max_length=10, choices=SpendState, default=SpendState.RESERVED)
    # When it is given back unless something is heard; null: not by itself.
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "request", "currency"], name="delegation_spend_each"
            )
        ]
        indexes = [
            # what nothing was heard of, in all tenants
            models.Index(
                fields=["expires_at"],
                condition=models.Q(state="reserved", expires_at__isnull=False),
                name="delegation_spend_expiry",
            )
        ]
