"""How long the record is kept: what was pruned, and what must stay (audit.md, "Keep")."""

from django.db import models

from govapp.common.clock import Now
from govapp.common.ids import public_id
from govapp.common.models import TenantForeignKey, TenantOwned


class HoldKind(models.TextChoices):
    """What a legal hold keeps."""

    SUBJECT = "subject", "a person or an agent"
    REQUEST = "request", "a request"
    PERIOD = "period", "a period"
    EVERYTHING = "everything", "everything"


class LegalHold(TenantOwned):
    """What is neither pruned nor erased until somebody else releases it."""

    never_removed = True
    immutable_fields = (
        "tenant_id",
        "kind",
        "ref",
        "also",
        "starts_at",
        "ends_at",
        "placed_by_id",
        "placed_at",
    )

    kind = models.TextField(choices=HoldKind)
    ref = models.TextField(default="", blank=True)  # public id of the subject or the request
    label = models.TextField(default="", blank=True)  # what it is called, for people
    also = models.JSONField(default=list, blank=True)  # what else the record knows it as
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)  # not included
    # The case, as the lawyers call it; emptied with the reasons when their author is erased.
    matter = models.CharField(max_length=120)
    reason = models.CharField(max_length=300)
    placed_by_id = models.TextField()
    placed_by_name = models.TextField()
    placed_at = models.DateTimeField(db_default=Now())
    released_by_id = models.TextField(default="", blank=True)
    released_by_name = models.TextField(default="", blank=True)
    released_at = models.DateTimeField(null=True)
    release_reason = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        indexes = [
            # those in force
            models.Index(
                fields=["tenant_id", "placed_at"],
                condition=models.Q(released_at__isnull=True),
                name="hold_in_force",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(released_at__isnull=True)
                | ~models.Q(released_by_id=models.F("placed_by_id")),
                name="hold_released_by_another",
            )
        ]

    @property
    def public_id(self) -> str:
        return public_id("lh", self.pk)

    @property
    def refs(self) -> list[str]:
        """Return every name that the record knows it by."""
        return [self.ref, *self.also] if self.ref else []


class PruningStatus(models.TextChoices):
    """Where a pruning stands."""

    ASKED = "asked", "waits for a second person"
    RUNNING = "running", "under way"
    DONE = "done", "done"
    WITHDRAWN = "withdrawn", "withdrawn"


class Pruning(TenantOwned):
    """Everything before an instant goes, in batches; who asked for it and who confirmed it."""

    never_removed = True
    immutable_fields = ("tenant_id", "before", "asked_by_id", "asked_at")

    before = models.DateTimeField()
    reason = models.CharField(max_length=300)
    asked_by_id = models.TextField()
    asked_by_name = models.TextField()
    asked_at = models.DateTimeField(db_default=Now())
    confirmed_by_id = models.TextField(default="", blank=True)
    confirmed_by_name = models.TextField(default="", blank=True)
    confirmed_at = models.DateTimeField(null=True)
    status = models.TextField(choices=PruningStatus, default=PruningStatus.ASKED)
    events = models.BigIntegerField(default=0)
    others = models.JSONField(default=dict)  # what else went: words and numbers
    beat_at = models.DateTimeField(null=True)  # when its last batch was done
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # the retention page, newest first
            models.Index(fields=["tenant_id", "asked_at", "id"], name="pruning_time")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id"],
                condition=models.Q(status__in=["asked", "running"]),
                name="pruning_one_at_a_time",
            )
        ]

    @property
    def public_id(self) -> str:
        return public_id("prn", self.pk)


class PrunedRange(TenantOwned):
    """Which indexes went, and by which event: what a page finds quickly. The event is the proof."""

    append_only = True

    pruning = TenantForeignKey(Pruning, on_delete=models.PROTECT, related_name="ranges")
    event_id = models.UUIDField()  # the `ledger.pruned` that names it
    first = models.BigIntegerField()
    last = models.BigIntegerField()  # included
    # When the first and the last of them happened.
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    pruned_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "first"], name="pruned_once"),
            models.CheckConstraint(
                condition=models.Q(last__gte=models.F("first")), name="pruned_in_order"
            ),
        ]
