"""What an action said before and after an approver changed it."""

from django.db import models

from approvals.models.policy import PolicyVersion
from approvals.models.request import ActionRequest
from govapp.common.clock import Now
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.models import Membership


class RequestRevision(TenantOwned):
    """One state of a request's action: as submitted, or as somebody changed it while approving.

    Written when a request is changed for the first time (with what was submitted), and with each
    change; a request that nobody changed has none. The request's own columns hold the newest.
    """

    append_only = True
    contents_of = {"request": ("summary", "payload", "trace", "changes")}

    request = TenantForeignKey(ActionRequest, on_delete=models.PROTECT, related_name="revisions")
    # The request's version from which on this holds.
    request_version = models.PositiveIntegerField()
    summary = models.CharField(max_length=500)
    payload = models.JSONField()
    payload_digest = models.CharField(max_length=80)
    policy_version = TenantForeignKey(
        PolicyVersion, on_delete=models.PROTECT, null=True, related_name="+"
    )
    trace = models.JSONField(default=dict)
    # [{"field": "amount", "before": …, "after": …}], empty for what was submitted.
    changes = models.JSONField(default=list)
    changed_by = TenantForeignKey(Membership, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "request", "request_version"], name="revision_once"
            )
        ]
