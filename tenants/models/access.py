"""What stands beside an agent's key: its short-lived tokens, and where it was refused."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from govapp.common.clock import Now
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.models.agent import Credential


class AccessToken(TenantOwned):
    """A key's token for some minutes (RFC 6749): shown once, stored as SHA-256.

    It has no life of its own: it works while its key does, and with at most the key's scopes.
    """

    immutable_fields = (
        "tenant_id", "credential", "prefix", "secret_hash", "scopes", "thumbprint", "expires_at",
        "delegation_id",
    )  # fmt: skip

    credential = TenantForeignKey(Credential, on_delete=models.CASCADE, related_name="tokens")
    prefix = models.CharField(max_length=20, unique=True)
    secret_hash = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=20))
    # Of the key that has to prove each use (RFC 7638); empty for a bearer token.
    thumbprint = models.CharField(max_length=43, default="", blank=True)
    # Under which delegation everything is done that is done with it (RFC 8693); null: under none.
    delegation_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [
            # how many a key has, and which are over
            models.Index(fields=["tenant_id", "credential", "expires_at"], name="access_token_key")
        ]


class KeyRefusal(TenantOwned):
    """How often a key that is right was refused for one reason, and when it was last recorded.

    The record gets one event a minute and reason: whoever has a key cannot flood it.
    """

    immutable_fields = ("tenant_id", "credential", "code", "scope", "first_at")

    credential = TenantForeignKey(Credential, on_delete=models.CASCADE, related_name="refusals")
    code = models.CharField(max_length=40)
    scope = models.CharField(max_length=20, default="", blank=True)
    times = models.PositiveIntegerField(default=0)
    unrecorded = models.PositiveIntegerField(default=0)  # since the last event
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    recorded_at = models.DateTimeField(null=True)
    last_from = models.CharField(max_length=50, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "credential", "code", "scope"], name="key_refusal_once"
            )
        ]
