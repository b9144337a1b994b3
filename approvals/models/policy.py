"""The tenant's policy: drafts that people write, and the versions that came of them."""

from typing import TYPE_CHECKING

from django.db import models

from approvals.enums import PolicyEffect, PolicyStatus, ReviewVerdict
from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.models import Membership

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class PolicyVersion(TenantOwned):
    """One state of the tenant's rules. What it says never changes; a change is a new version."""

    immutable_fields = (
        "tenant_id", "number", "source", "document", "digest", "proposed_by", "based_on",
        "rolls_back_to",
    )  # fmt: skip
    words_of = {"proposed_by": ("remark",), "published_by": ("attestation",)}

    number = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=PolicyStatus, default=PolicyStatus.IN_REVIEW)
    source = models.TextField()  # as it was written, comments and order kept
    document = models.JSONField()  # the same, normalised
    digest = models.CharField(max_length=80)
    remark = models.CharField(max_length=500, blank=True, default="")
    proposed_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(db_default=Now())
    # What was live when it was written. Another one live by now: publishing would undo that.
    based_on = TenantForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    rolls_back_to = TenantForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    # Beside `based_on`, found when it was proposed, with the reasons in words.
    effect = models.CharField(max_length=10, choices=PolicyEffect, default=PolicyEffect.UNKNOWN)
    effect_reasons = models.JSONField(default=list, blank=True)
    published_by = TenantForeignKey(
        Membership, on_delete=models.PROTECT, related_name="+", null=True
    )
    published_at = models.DateTimeField(null=True)
    attestation = models.CharField(max_length=500, blank=True, default="")
    # From when it decides, by the database's clock; set when it is published. Among the versions
    # that are live or scheduled, the one that started last decides.
    starts_at = models.DateTimeField(null=True)
    # Evaluated beside the live version and stored, never enforced, while `shadow_since` is set
    # and `shadow_until` is not.
    shadow_since = models.DateTimeField(null=True)
    shadow_until = models.DateTimeField(null=True)

    if TYPE_CHECKING:
        reviews: RelatedManager["PolicyReview"]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "number"], name="policy_number_once"),
            models.UniqueConstraint(
                fields=["tenant_id"],
                condition=models.Q(status="live"),
                name="policy_one_live",
            ),
            models.UniqueConstraint(
                fields=["tenant_id"],
                condition=models.Q(status="scheduled"),
                name="policy_one_scheduled",
            ),
            models.UniqueConstraint(
                fields=["tenant_id"],
                condition=models.Q(shadow_since__isnull=False, shadow_until__isnull=True),
                name="policy_one_shadow",
            ),
        ]
        indexes = [
            # the version that decides: what has started, the last one first
            models.Index(
                fields=["tenant_id", "starts_at"],
                condition=models.Q(status__in=["live", "scheduled"]),
                name="policy_in_force",
            )
        ]

    @property
    def public_id(self) -> str:
        return public_id("pv", self.pk)

    @property
    def is_in_shadow(self) -> bool:
        return self.shadow_since is not None and self.shadow_until is None


class PolicyReview(TenantOwned):
    """What one person said to a version, in their own words. Written once."""

    immutable_fields = ("tenant_id", "version", "reviewer", "verdict", "attestation", "remark")
    words_of = {"reviewer": ("attestation", "remark")}

    version = TenantForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="reviews")
    reviewer = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=10, choices=ReviewVerdict)
    attestation = models.CharField(max_length=500)
    remark = models.CharField(max_length=500, blank=True, default="")
    given_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "version", "reviewer"], name="policy_review_once"
            )
        ]


class PolicyDraft(TenantOwned):
    """Rules being written. Whoever saves says which revision they had in front of them."""

    immutable_fields = ("tenant_id", "created_by")

    title = models.CharField(max_length=120, blank=True, default="")
    source = models.TextField()  # may not be a policy yet
    based_on = TenantForeignKey(
        PolicyVersion, on_delete=models.PROTECT, null=True, related_name="+"
    )
    rolls_back_to = TenantForeignKey(
        PolicyVersion, on_delete=models.PROTECT, null=True, related_name="+"
    )
    # The version whose text is taken up again, on top of what went live in the meantime.
    renews = TenantForeignKey(
        PolicyVersion, on_delete=models.PROTECT, null=True, related_name="renewals"
    )
    # The template that it was made from, and what was filled in; {} when by hand.
    template = models.JSONField(default=dict, blank=True)
    revision = models.PositiveIntegerField(default=1)
    created_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    saved_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    saved_at = models.DateTimeField(db_default=Now())
    # What came of it: a version in review, or it was thrown away.
    submitted_as = TenantForeignKey(
        PolicyVersion, on_delete=models.PROTECT, null=True, related_name="drafts"
    )
    discarded_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # the policy page: drafts that are being written
            models.Index(
                fields=["tenant_id", "saved_at"],
                condition=models.Q(submitted_as__isnull=True, discarded_at__isnull=True),
                name="policy_draft_open",
            )
        ]

    @property
    def public_id(self) -> str:
        return public_id("pd", self.pk)

    @property
    def is_open(self) -> bool:
        return self.submitted_as_id is None and self.discarded_at is None
