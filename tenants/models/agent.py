"""Agents and their keys."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from audit.actors import Actor
from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.enums import AgentStatus, TrustTier
from tenants.models.people import Membership
from tenants.scopes import all_scopes


class Agent(TenantOwned):
    """A piece of software that acts for the tenant. Somebody owns it."""

    immutable_fields = ("tenant_id",)

    name = models.CharField(max_length=100)
    description = models.CharField(max_length=500, blank=True, default="")
    owner = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="agents")
    trust_tier = models.CharField(max_length=10, choices=TrustTier, default=TrustTier.NEW)
    labels = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    status = models.CharField(max_length=10, choices=AgentStatus, default=AgentStatus.ACTIVE)
    # Every key of it has to be used through tokens with a proof of possession (RFC 9449).
    needs_proof = models.BooleanField(default=False, db_default=False)
    # How many of its calls are answered; null: as many as those of any agent here.
    calls_per_second = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "name"], name="agent_name_once")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        return public_id("ag", self.pk)

    def as_actor(self) -> Actor:
        return Actor(kind="agent", id=self.public_id, name=self.name)


class Credential(TenantOwned):
    """An agent's key: shown once, stored as SHA-256, found by its prefix, expiring, revocable."""

    immutable_fields = (
        "tenant_id", "agent", "prefix", "secret_hash", "scopes", "categories", "networks",
        "needs_proof",
    )  # fmt: skip

    agent = TenantForeignKey(Agent, on_delete=models.PROTECT, related_name="credentials")
    label = models.CharField(max_length=100)
    prefix = models.CharField(max_length=20, unique=True)
    secret_hash = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(db_default=Now())
    created_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    # What it opens, for which categories (all when there are none), and from where (likewise).
    scopes = ArrayField(models.CharField(max_length=20), default=all_scopes)
    categories = ArrayField(models.CharField(max_length=100), default=list, db_default=[])
    networks = ArrayField(models.CharField(max_length=50), default=list, db_default=[])
    needs_proof = models.BooleanField(default=False, db_default=False)
    last_used_at = models.DateTimeField(null=True)
    # The network of the caller, never a whole address, and what the key was used for.
    last_used_from = models.CharField(max_length=50, default="", db_default="")
    last_used_scope = models.CharField(max_length=20, default="", db_default="")

    class Meta:
        indexes = [
            # an agent's page: its keys
            models.Index(fields=["tenant_id", "agent", "created_at"], name="credential_agent")
        ]

    @property
    def public_id(self) -> str:
        return public_id("key", self.pk)
