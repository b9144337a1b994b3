"""The signed permission, and the keys that sign it."""

from django.db import models

from approvals.models.request import ActionRequest
from govapp.common.clock import Now
from govapp.common.models import TenantForeignKey, TenantOwned


class GrantKey(TenantOwned):
    """A tenant's Ed25519 key for grants; the private half is sealed. Published as JWKS."""

    immutable_fields = ("tenant_id", "kid", "public_key", "private_key_sealed")

    kid = models.CharField(max_length=40, unique=True)
    public_key = models.BinaryField(max_length=32)
    private_key_sealed = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())
    retired_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # the key to sign with: the newest that is not retired
            models.Index(fields=["tenant_id", "created_at"], name="grant_key_time")
        ]


class ExecutionGrant(TenantOwned):
    """The single-use permission that an approved or allowed request yields.

    The token itself is not kept: `jti` is enough to refuse it the second time.
    """

    immutable_fields = ("tenant_id", "request", "jti", "payload_digest", "issued_at")

    request = TenantForeignKey(ActionRequest, on_delete=models.PROTECT, related_name="grants")
    jti = models.UUIDField(unique=True)
    kid = models.CharField(max_length=40)
    payload_digest = models.CharField(max_length=80)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    redeemed_at = models.DateTimeField(null=True)
    redeemed_by = models.CharField(max_length=200, blank=True, default="")
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # exactly one grant that is alive; another may follow one that expired unused
            models.UniqueConstraint(
                fields=["tenant_id", "request"],
                condition=models.Q(redeemed_at__isnull=True, revoked_at__isnull=True),
                name="grant_one_alive",
            ),
            # and redeemed once, ever
            models.UniqueConstraint(
                fields=["tenant_id", "request"],
                condition=models.Q(redeemed_at__isnull=False),
                name="grant_redeemed_once",
            ),
        ]
        indexes = [
            # what was begun lately
            models.Index(
                fields=["tenant_id", "redeemed_at"],
                condition=models.Q(redeemed_at__isnull=False),
                name="grant_used",
            )
        ]
