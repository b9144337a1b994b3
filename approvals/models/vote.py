"""What people decided."""

from django.db import models

from approvals.enums import Verdict, VoidedBecause, VoteChannel
from approvals.models.request import ActionRequest
from govapp.common.clock import Now
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.models import Membership


class Vote(TenantOwned):
    """One person's word on one request, bound to exactly what they saw.

    Nothing of it changes; it can only be voided, once, and stays as a record.
    """

    never_removed = True
    words_of = {"member": ("reason",)}
    immutable_fields = (
        "tenant_id", "request", "member", "stands_for", "is_break_glass", "verdict", "reason",
        "cast_at", "channel", "payload_digest", "request_version", "seconds_viewed", "right",
    )  # fmt: skip
    contents_of = {"request": ("reason",)}

    request = TenantForeignKey(ActionRequest, on_delete=models.PROTECT, related_name="votes")
    member = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="votes")
    # Whom the voter stood in for: the vote uses up the word of both.
    stands_for = TenantForeignKey(
        Membership, on_delete=models.PROTECT, null=True, related_name="votes_by_stand_in"
    )
    # Cast alone in an emergency; a review by somebody else is due.
    is_break_glass = models.BooleanField(default=False)
    verdict = models.CharField(max_length=10, choices=Verdict)
    reason = models.TextField(blank=True, default="")
    cast_at = models.DateTimeField(db_default=Now())
    channel = models.CharField(max_length=10, choices=VoteChannel)
    payload_digest = models.CharField(max_length=80)  # of what was shown
    request_version = models.PositiveIntegerField()  # that was shown
    seconds_viewed = models.PositiveIntegerField(null=True)
    # The rights that justified it, as they were: {"right": "group:finance", "seats": [...]}.
    right = models.JSONField()

    voided_at = models.DateTimeField(null=True)
    voided_because = models.CharField(max_length=10, choices=VoidedBecause, blank=True, default="")

    class Meta:
        constraints = [
            # one person, one vote on a request, those that count
            models.UniqueConstraint(
                fields=["tenant_id", "request", "member"],
                condition=models.Q(voided_at__isnull=True),
                name="vote_once_per_person",
            ),
            # and one by a stand-in
            models.UniqueConstraint(
                fields=["tenant_id", "request", "stands_for"],
                condition=models.Q(voided_at__isnull=True, stands_for__isnull=False),
                name="vote_once_per_stand_in",
            ),
        ]
        indexes = [
            # a person's past decisions, newest first
            models.Index(fields=["tenant_id", "member", "cast_at"], name="vote_member")
        ]
