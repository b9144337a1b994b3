"""Days that are over: how many events each had, also when it had none."""

from django.db import models

from govapp.common.models import TenantOwned


class LedgerDay(TenantOwned):
    """One closed day of a tenant, in its time zone; each begins where the one before ended.

    The event `ledger.day_closed` says the same inside the tree.
    """

    append_only = True

    date = models.DateField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    count = models.BigIntegerField()
    first_index = models.BigIntegerField(null=True)
    last_index = models.BigIntegerField(null=True)
    next_at = models.DateTimeField()  # when the day after can be closed

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "date"], name="ledger_day_once")
        ]
