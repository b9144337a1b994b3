"""The customer account that everything else belongs to."""

from datetime import time

from django.contrib.postgres.fields import ArrayField
from django.db import models

from govapp.common.clock import Now
from govapp.common.models import TenantOwned


class Tenant(TenantOwned):
    """A customer account. Its `tenant_id` is its own id, so that it is protected like its rows."""

    immutable_fields = ("tenant_id",)

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=60, default="UTC")
    is_suspended = models.BooleanField(default=False)
    # May a low-risk request be decided from an e-mailed link without a login?
    link_voting = models.BooleanField(default=False)
    # May the person who proposes a policy publish it? Recorded, and shown in every report.
    single_person_publishing = models.BooleanField(default=False)
    # How many people besides the proposer must confirm a policy that weakens what was in force.
    weakening_reviewers = models.PositiveSmallIntegerField(default=1)
    # When the office is open, in `time_zone`: days 0 (Monday) to 6, and from when to when.
    # No days: the tenant has not said so, and rules on business hours cannot be evaluated.
    business_days = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    business_from = models.TimeField(default=time(9))
    business_to = models.TimeField(default=time(17))
    # ISO 3166 country whose public holidays are no business days; empty for none.
    holiday_country = models.CharField(max_length=2, blank=True, default="")
    # For how long records are kept, in days; null: for ever.
    retention_days = models.PositiveIntegerField(null=True)
    # Does what is older go by itself, every day? Until somebody says so, nothing does.
    prunes_daily = models.BooleanField(default=False, db_default=False)
    # May the time of keeping only be made longer (SEC 17a-4)? Never taken back.
    retention_only_longer = models.BooleanField(default=False, db_default=False)
    # How a person contests a decision, in the tenant's words; shown in explanations (audit design).
    contest_text = models.CharField(max_length=500, blank=True, default="", db_default="")
    # Within how many hours somebody else reviews an emergency approval.
    break_glass_review_hours = models.PositiveSmallIntegerField(default=72)
    # For how many seconds high risk has to be looked at before it is approved; 0: not asked for.
    reading_seconds = models.PositiveSmallIntegerField(default=0)
    # How many approvals one person may give in an hour; null: not limited.
    approvals_per_hour = models.PositiveSmallIntegerField(null=True)
    # How often a task may be handed on from agent to agent; 0: not at all.
    delegation_depth = models.PositiveSmallIntegerField(default=4, db_default=4)
    # Are requests that nobody executes mixed in, to see whether people look?
    canaries = models.BooleanField(default=False)
    # What was refused, denied or failed so many times within so many minutes is not looked at again
    # until it is quiet; null: agents may keep trying.
    retry_limit = models.PositiveSmallIntegerField(null=True, default=5, db_default=5)
    retry_minutes = models.PositiveSmallIntegerField(default=60, db_default=60)
    # How many calls of its agents are answered, all together and each; null: the installation's.
    calls_per_second = models.PositiveIntegerField(null=True)
    agent_calls_per_second = models.PositiveIntegerField(null=True)
    # Added to a stage whose quorum has become impossible (domain: section 7).
    fallback_group = models.SlugField(max_length=60, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(tenant_id=models.F("id")), name="tenant_is_its_own_tenant"
            )
        ]

    def __str__(self) -> str:
        return self.name
