"""What a member's own programs authenticate with."""

from django.db import models

from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.models.people import Membership


class MemberToken(TenantOwned):
    """A member's key for the API, in one tenant, with the member's rights and no others.

    Shown once, stored as SHA-256, found by its prefix, expiring, revocable.
    """

    immutable_fields = ("tenant_id", "member", "prefix", "secret_hash")

    member = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="tokens")
    label = models.CharField(max_length=100)
    prefix = models.CharField(max_length=20, unique=True)
    secret_hash = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # a member's own page
            models.Index(fields=["tenant_id", "member", "created_at"], name="member_token_member")
        ]

    @property
    def public_id(self) -> str:
        return public_id("tok", self.pk)
