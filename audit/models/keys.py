"""The keys that sign a tenant's checkpoints, one after the other."""

from typing import Final

from django.db import models

from audit.models.log import LedgerLog
from govapp.common.clock import Now
from govapp.common.models import TenantForeignKey, TenantOwned

DESTROYED: Final = b""
"""What stands in the place of a private key that signs no more."""


class LedgerKey(TenantOwned):
    """A key of a tenant's log: which checkpoints carry its signature, from which size to which.

    The event at index `from_size - 1` names it, so the tree itself says which keys are the log's.
    Where two keys overlap, a checkpoint carries both signatures: the old key vouches for the new.
    """

    never_removed = True
    immutable_fields = ("tenant_id", "log", "public_key", "from_size")

    log = TenantForeignKey(LedgerLog, on_delete=models.PROTECT, related_name="keys")
    public_key = models.BinaryField(max_length=32)
    private_key_sealed = models.BinaryField()  # empty once it signs no more
    from_size = models.BigIntegerField()
    until_size = models.BigIntegerField(null=True)  # the last one that it signed
    retires_at = models.DateTimeField(null=True)  # a newer key has taken over until then
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "from_size"], name="ledger_key_once"),
            models.CheckConstraint(
                condition=models.Q(until_size__isnull=True)
                | models.Q(until_size__gte=models.F("from_size")),
                name="ledger_key_in_order",
            ),
        ]
