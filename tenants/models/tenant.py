"""The customer account that everything else belongs to."""

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
