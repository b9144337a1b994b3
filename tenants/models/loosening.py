"""What lets agents do more, and waits until a second person has confirmed it."""

from django.db import models

from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.enums import LooseningStatus
from tenants.models.people import Membership


class Loosening(TenantOwned):
    """One change that waits, or waited. What `kind` it is of knows how to make it."""

    immutable_fields = (
        "tenant_id", "kind", "ref", "change", "sentence", "asked_by", "asked_at",
    )  # fmt: skip
    words_of = {"asked_by": ("reason",)}

    kind = models.CharField(max_length=30)
    ref = models.CharField(max_length=200)  # what is changed: one change of it waits at a time
    change = models.JSONField()
    sentence = models.CharField(max_length=500)  # what it does, for whoever confirms it
    reason = models.CharField(max_length=300, blank=True, default="")
    status = models.CharField(max_length=10, choices=LooseningStatus, default=LooseningStatus.ASKED)
    asked_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    settled_by = TenantForeignKey(Membership, on_delete=models.PROTECT, null=True, related_name="+")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "kind", "ref"],
                condition=models.Q(status="asked"),
                name="loosening_waits_once",
            )
        ]
        indexes = [
            # what waits, and what came of the others, newest first
            models.Index(fields=["tenant_id", "asked_at"], name="loosening_time")
        ]

    def __str__(self) -> str:
        return self.sentence

    @property
    def public_id(self) -> str:
        return public_id("lsn", self.pk)
