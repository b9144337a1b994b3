"""Secrets at rest: a data key for each tenant, and what is sealed under it."""

from django.db import models

from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantOwned


class TenantKey(TenantOwned):
    """The tenant's data key, itself sealed under the installation's (`govapp.common.sealing`)."""

    never_removed = True
    immutable_fields = ("tenant_id", "created_at")

    key_sealed = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant_id"], name="tenant_key_once")]


class VaultSecret(TenantOwned):
    """One secret of something that the tenant has (`holder`, a public id), by its name.

    Nobody is shown it again: a fingerprint tells two of them apart. After a rotation the previous
    one is kept until its overlap ends, and emptied then.
    """

    never_removed = True
    immutable_fields = ("tenant_id", "holder", "name")

    holder = models.CharField(max_length=60)
    name = models.CharField(max_length=30)
    version = models.PositiveIntegerField(default=1)
    sealed = models.BinaryField(null=True)  # empty once it is revoked
    fingerprint = models.CharField(max_length=4)
    set_at = models.DateTimeField()
    previous_sealed = models.BinaryField(null=True)
    previous_fingerprint = models.CharField(max_length=4, blank=True, default="")
    previous_until = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "holder", "name"], name="vault_secret_once"
            )
        ]
        indexes = [
            # the watch: previous ones whose overlap has ended, in all tenants
            models.Index(
                fields=["previous_until"],
                condition=models.Q(previous_until__isnull=False),
                name="vault_previous_until",
            )
        ]

    @property
    def public_id(self) -> str:
        return public_id("sec", self.pk)
