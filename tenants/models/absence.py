"""Who is away, from when to when, and who stands in."""

from django.db import models

from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned
from tenants.enums import AbsenceSource
from tenants.models.people import Membership


class Absence(TenantOwned):
    """One person away for a time. The stand-in's word counts as theirs; it never cascades."""

    never_removed = True
    words_of = {"member": ("note",)}
    immutable_fields = ("tenant_id", "member", "stand_in", "starts_at", "source", "calendar_uid")

    member = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="absences")
    # Null: nobody stands in.
    stand_in = TenantForeignKey(
        Membership, on_delete=models.PROTECT, null=True, related_name="stands_in"
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()  # the instant itself does not belong to it
    note = models.CharField(max_length=200, blank=True, default="")
    source = models.CharField(max_length=10, choices=AbsenceSource, default=AbsenceSource.ENTERED)
    calendar_uid = models.CharField(max_length=255, blank=True, default="")
    created_by = TenantForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="absence_has_length"
            ),
            models.CheckConstraint(
                condition=~models.Q(stand_in=models.F("member")), name="absence_of_another"
            ),
            # an imported entry comes once, however often the calendar is imported
            models.UniqueConstraint(
                fields=["tenant_id", "member", "calendar_uid", "starts_at"],
                condition=~models.Q(calendar_uid="") & models.Q(cancelled_at__isnull=True),
                name="absence_imported_once",
            ),
        ]
        indexes = [
            # who is away now, and for whom somebody stands in
            models.Index(
                fields=["tenant_id", "ends_at"],
                condition=models.Q(cancelled_at__isnull=True),
                name="absence_ends",
            ),
            # looked up for each approver when people are read for a decision
            models.Index(
                fields=["tenant_id", "member", "ends_at"],
                condition=models.Q(cancelled_at__isnull=True),
                name="absence_member",
            ),
            models.Index(
                fields=["tenant_id", "stand_in", "ends_at"],
                condition=models.Q(cancelled_at__isnull=True),
                name="absence_stand_in",
            ),
        ]

    @property
    def public_id(self) -> str:
        return public_id("abs", self.pk)
