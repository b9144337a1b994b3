"""External systems that agents may act on: registered, granted, and how they are used."""

from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.db import models

from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.enums import IntegrationKind, IntegrationStatus, TokenAuth, UnusualUse
from tenants.models.agent import Agent
from tenants.models.people import Membership

# How the result of a check begins that was passed with the client before the present one alone.
CLIENT_REFUSED: Final = "The new client is refused"


class Integration(TenantOwned):
    """An external system. An agent can use one only through an `IntegrationGrant`."""

    never_removed = True
    immutable_fields = ("tenant_id", "slug", "kind", "created_at")

    # How agents name it, and rules: it never changes.
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=IntegrationKind)
    address = models.CharField(max_length=500)
    # What it can be used for, in its own words; and which labels of data may flow into it.
    scopes = ArrayField(models.CharField(max_length=100), default=list)
    labels_cleared = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    owner = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="integrations")
    status = models.CharField(
        max_length=10, choices=IntegrationStatus, default=IntegrationStatus.DRAFT
    )
    status_since = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)
    # A check that somebody asked for and that is not done yet; then when it was, and what it found.
    check_asked_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    check_passed = models.BooleanField(default=False)
    check_result = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())
    # Where a short-lived token is had for each permission (RFC 6749, section 4.4), in place of the
    # secret itself; empty: the secret itself is given out. Its client is in the vault.
    token_url = models.CharField(max_length=500, blank=True, default="", db_default="")
    token_auth = models.CharField(
        max_length=5, choices=TokenAuth, default=TokenAuth.BASIC, db_default=TokenAuth.BASIC
    )
    token_with_scopes = models.BooleanField(default=False, db_default=False)
    token_audience = models.CharField(max_length=300, blank=True, default="", db_default="")
    token_resource = models.CharField(max_length=300, blank=True, default="", db_default="")
    token_seconds = models.PositiveIntegerField(default=900, db_default=900)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "slug"], name="integration_slug_once")
        ]
        indexes = [
            # the watch: checks whose hint was lost, in all tenants
            models.Index(
                fields=["check_asked_at"],
                condition=models.Q(check_asked_at__isnull=False),
                name="integration_check_asked",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        return public_id("int", self.pk)

    @property
    def mints_tokens(self) -> bool:
        """Whether a short-lived token is given out, and not the secret itself."""
        return self.token_url != ""

    @property
    def is_by_former_client(self) -> bool:
        """Whether its check was passed with a client that is about to end, and no other."""
        return self.check_passed and self.check_result.startswith(CLIENT_REFUSED)


class IntegrationGrant(TenantOwned):
    """One agent may use one integration for these categories, until it ends or is withdrawn."""

    never_removed = True
    immutable_fields = (
        "tenant_id", "agent", "integration", "categories", "scopes", "expires_at", "granted_at",
        "granted_by",
    )  # fmt: skip

    agent = TenantForeignKey(Agent, on_delete=models.PROTECT, related_name="integration_grants")
    integration = TenantForeignKey(Integration, on_delete=models.PROTECT, related_name="grants")
    # Patterns as keys have them: payments.transfer, payments.*. There is at least one.
    categories = ArrayField(models.CharField(max_length=100))
    scopes = ArrayField(models.CharField(max_length=100))
    expires_at = models.DateTimeField(null=True)
    granted_at = models.DateTimeField(db_default=Now())
    granted_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # each submission that names an integration: what its agent was granted
            models.Index(fields=["tenant_id", "agent", "integration"], name="reach_agent"),
            # an integration's page, and the list
            models.Index(fields=["tenant_id", "integration", "granted_at"], name="reach_system"),
        ]

    @property
    def public_id(self) -> str:
        return public_id("ig", self.pk)


class IntegrationUse(TenantOwned):
    """How often one agent used one integration in one hour (UTC).

    All but `calls` is counted from the requests by the watch, at most a minute late, so that
    submissions do not wait for one another at this row.
    """

    immutable_fields = ("tenant_id", "agent", "integration", "hour")

    agent = TenantForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    integration = TenantForeignKey(Integration, on_delete=models.PROTECT, related_name="uses")
    hour = models.DateTimeField()
    requests = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    succeeded = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    new_targets = models.PositiveIntegerField(default=0)
    # How often its secret was opened for the agent, other than into a permission's answer.
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "agent", "integration", "hour"], name="integration_use_once"
            )
        ]
        indexes = [
            # an integration's page: the last days
            models.Index(fields=["tenant_id", "integration", "hour"], name="integration_use_hour"),
            # the watch: where there was any use lately, in all tenants
            models.Index(fields=["hour"], name="integration_use_lately"),
        ]


class IntegrationAlert(TenantOwned):
    """Use that is unlike what it was before: found once for each agent, hour and kind."""

    append_only = True

    agent = TenantForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    integration = TenantForeignKey(Integration, on_delete=models.PROTECT, related_name="alerts")
    hour = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=UnusualUse)
    text = models.CharField(max_length=500)
    found_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "agent", "integration", "hour", "kind"],
                name="integration_alert_once",
            )
        ]
        indexes = [
            # an integration's page, and the watch: the newest
            models.Index(fields=["tenant_id", "found_at"], name="integration_alert_time")
        ]
