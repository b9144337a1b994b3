"""What opens the commitments of an event: personal texts with their salts, under erasable keys."""

from django.db import models

from audit.models.log import LedgerEvent
from govapp.common.clock import Now
from govapp.common.models import TenantForeignKey, TenantOwned


class LedgerSubject(TenantOwned):
    """A key under which texts of one person, or of one request, are sealed.

    A subject (`ref`, a public id) may have several: whoever writes and knows none makes one
    rather than ask. Erasing the subject empties all of them; that is the only change there is.
    """

    never_removed = True
    immutable_fields = ("ref", "made_at")
    erasable_fields = ("key_sealed",)

    ref = models.TextField()
    key_sealed = models.BinaryField(null=True)
    made_at = models.DateTimeField(db_default=Now())
    erased_at = models.DateTimeField(null=True)

    class Meta:
        # everything of one subject: what is erased together
        indexes = [models.Index(fields=["tenant_id", "ref"], name="ledger_subject_ref")]


class LedgerErasure(TenantOwned):
    """An erasure that is looked at again until nobody who began before it can still be writing.

    `texts_sealed` are the names that were taken out, with what stands in their place: they are
    kept for these minutes alone, and only this installation's sealing key opens them.
    """

    never_removed = True
    immutable_fields = ("refs", "made_at")
    erasable_fields = ("texts_sealed",)

    refs = models.JSONField()  # the subjects
    texts_sealed = models.BinaryField(null=True)
    made_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)

    class Meta:
        # over all tenants: those that are not over
        indexes = [
            models.Index(
                fields=["made_at"],
                condition=models.Q(closed_at__isnull=True),
                name="ledger_erasure_open",
            )
        ]


class LedgerDisclosure(TenantOwned):
    """The personal texts that one event has of one subject, with their salts (AES-256-GCM)."""

    append_only = True
    is_evidence = True
    is_prunable = True

    event = TenantForeignKey(LedgerEvent, on_delete=models.PROTECT, related_name="disclosure_rows")
    subject_key = TenantForeignKey(LedgerSubject, on_delete=models.PROTECT, related_name="+")
    sealed = models.BinaryField()

    class Meta:
        indexes = [
            # what a page of events says
            models.Index(fields=["tenant_id", "event"], name="disclosure_event"),
            # in how many events a subject occurs
            models.Index(fields=["tenant_id", "subject_key"], name="disclosure_subject"),
        ]
