"""What people decided."""

from django.db import models

from approvals.enums import Verdict, VoteChannel
from approvals.models.request import ActionRequest
from govapp.common.clock import Now
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.models import Membership


class Vote(TenantOwned):
    """One person's word on one request, bound to exactly what they saw. Never changed."""

    append_only = True

    request = TenantForeignKey(ActionRequest, on_delete=models.PROTECT, related_name="votes")
    member = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="votes")
    verdict = models.CharField(max_length=10, choices=Verdict)
    reason = models.TextField(blank=True, default="")
    cast_at = models.DateTimeField(db_default=Now())
    channel = models.CharField(max_length=10, choices=VoteChannel)
    payload_digest = models.CharField(max_length=80)  # of what was shown
    request_version = models.PositiveIntegerField()  # that was shown
    seconds_viewed = models.PositiveIntegerField(null=True)
    # The rights that justified it, as they were: {"right": "group:finance", "seats": [...]}.
    right = models.JSONField()

    class Meta:
        constraints = [
            # one person, one vote on a request
            models.UniqueConstraint(
                fields=["tenant_id", "request", "member"], name="vote_once_per_person"
            )
        ]
        indexes = [
            # a person's past decisions, newest first
            models.Index(fields=["tenant_id", "member", "cast_at"], name="vote_member")
        ]
