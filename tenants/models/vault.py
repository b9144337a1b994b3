"""Secrets at rest: data keys for each tenant, in versions, and what is sealed under them."""

from django.db import models

from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantOwned


class TenantKey(TenantOwned):
    """A version of the tenant's data key, sealed under the installation's.

    The one that was not replaced seals. One that was replaced opens what is not sealed anew yet,
    and is destroyed once nothing is left of that.
    """

    never_removed = True
    immutable_fields = ("tenant_id", "version", "created_at")

    version = models.PositiveIntegerField(default=1, db_default=1)
    key_sealed = models.BinaryField(null=True)  # empty once it is destroyed
    created_at = models.DateTimeField(db_default=Now())
    replaced_at = models.DateTimeField(null=True)
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "version"], name="tenant_key_version"),
            models.UniqueConstraint(
                fields=["tenant_id"],
                condition=models.Q(replaced_at=None),
                name="tenant_key_seals_once",
            ),
            models.CheckConstraint(
                condition=models.Q(key_sealed__isnull=False, destroyed_at=None)
                | models.Q(key_sealed=None, destroyed_at__isnull=False, replaced_at__isnull=False),
                name="tenant_key_is_there_or_not",
            ),
        ]
        indexes = [
            # the watch: replaced ones that are not destroyed yet, in all tenants
            models.Index(
                fields=["tenant_id"],
                condition=models.Q(replaced_at__isnull=False, destroyed_at=None),
                name="tenant_key_to_destroy",
            )
        ]

    @property
    def public_id(self) -> str:
        return public_id("vk", self.pk)


class VaultSecret(TenantOwned):
    """One secret of something that the tenant has (`holder`, a public id), by its name.

    Nobody is shown it again: a fingerprint tells two of them apart. After a rotation the previous
    one is kept until its overlap ends, and emptied then. Both are sealed under one version of the
    tenant's key.
    """

    never_removed = True
    immutable_fields = ("tenant_id", "holder", "name")

    holder = models.CharField(max_length=60)
    name = models.CharField(max_length=30)
    version = models.PositiveIntegerField(default=1)
    key_version = models.PositiveIntegerField(default=1, db_default=1)
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
            ),
            # sealing anew: what is under a version of the key, in batches
            models.Index(fields=["tenant_id", "key_version", "id"], name="vault_key_version"),
        ]

    @property
    def public_id(self) -> str:
        return public_id("sec", self.pk)
