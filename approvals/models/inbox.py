"""What a person keeps about their inbox."""

from django.db import models

from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.models import Membership


class SavedFilter(TenantOwned):
    """A narrowed inbox that a person wants back: a tab of their own."""

    immutable_fields = ("tenant_id", "member")

    member = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="saved_filters")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500)  # as in the address, without the page
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "member", "name"], name="saved_filter_once"
            )
        ]

    @property
    def public_id(self) -> str:
        return public_id("flt", self.pk)
