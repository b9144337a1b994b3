"""What must not exist and was found to exist."""

from django.db import models

from approvals.models.request import ActionRequest
from govapp.common.models import TenantForeignKey, TenantOwned


class Finding(TenantOwned):
    """One thing that the watch found, until it finds it no more."""

    never_removed = True
    immutable_fields = ("tenant_id", "kind", "key", "request", "found_at")

    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=120)  # the same thing the next minute
    text = models.TextField()
    contents_of = {"request": ("text",)}

    request = TenantForeignKey(
        ActionRequest, on_delete=models.PROTECT, null=True, related_name="findings"
    )
    found_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "key"],
                condition=models.Q(cleared_at__isnull=True),
                name="finding_open_once",
            )
        ]
        indexes = [
            # the page of findings, newest first
            models.Index(fields=["tenant_id", "found_at"], name="finding_time")
        ]
