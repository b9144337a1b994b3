"""The tamper-evident log of each tenant, as tables (C2SP tlog-tiles and tlog-checkpoint)."""

from django.db import models

from govapp.common.clock import Now
from govapp.common.models import TenantForeignKey, TenantOwned


class LedgerEvent(TenantOwned):
    """One entry of the record. `body` is the whole truth; the other columns only find it."""

    append_only = True
    is_evidence = True
    is_prunable = True
    partitioned_by_year = True

    type = models.TextField()
    occurred_at = models.DateTimeField()
    actor_kind = models.TextField()
    actor_id = models.TextField()
    subject_type = models.TextField()
    subject_id = models.TextField()
    # The action request that the event belongs to, if any: what an explanation is made of.
    request_id = models.UUIDField(null=True)
    body = models.BinaryField()  # RFC 8785 bytes: exactly one line of the export

    class Meta:
        indexes = [
            # the explorer: newest first, and a period of a report
            models.Index(fields=["tenant_id", "occurred_at", "id"], name="event_time"),
            # the explorer's filters, each newest first
            models.Index(fields=["tenant_id", "type", "occurred_at"], name="event_type"),
            models.Index(fields=["tenant_id", "actor_id", "occurred_at"], name="event_actor"),
            models.Index(fields=["tenant_id", "subject_id", "occurred_at"], name="event_subject"),
            # everything that happened to one request
            models.Index(
                fields=["tenant_id", "request_id", "id"],
                name="event_request",
                condition=models.Q(request_id__isnull=False),
            ),
        ]


class LedgerQueueItem(TenantOwned):
    """An event that has no index yet. The sequencer takes it out when the leaf is written.

    A queue, not a cursor: a cursor on ids would lose what commits late.
    """

    event = TenantForeignKey(LedgerEvent, on_delete=models.PROTECT, related_name="+")
    queued_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["tenant_id", "id"], name="queue_order")]


class LedgerLeaf(TenantOwned):
    """The place of one event in the tenant's tree. It stays when the event is pruned."""

    append_only = True
    is_evidence = True

    index = models.BigIntegerField()
    event = TenantForeignKey(LedgerEvent, on_delete=models.DO_NOTHING, related_name="leaf_rows")
    leaf_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "index"], name="leaf_index_once"),
            models.UniqueConstraint(fields=["tenant_id", "event"], name="leaf_event_once"),
        ]


class LedgerTile(TenantOwned):
    """One full, 256-wide tile of hashes."""

    append_only = True
    is_evidence = True

    level = models.SmallIntegerField()
    index = models.BigIntegerField()
    data = models.BinaryField()  # 256 x 32 bytes

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "level", "index"], name="tile_once")
        ]


class LedgerCheckpoint(TenantOwned):
    """A signed statement of how large the tree was and what its root was (a signed note)."""

    append_only = True
    is_evidence = True

    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    note = models.TextField()
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "size"], name="checkpoint_size_once")
        ]


class LedgerLog(TenantOwned):
    """A tenant's log: its random origin (no tenant's name leaks); its keys are `LedgerKey`.

    `size` and `frontier` are where the sequencer stands; its row is the sequencer's lock.
    """

    immutable_fields = ("origin",)

    origin = models.TextField(unique=True)
    size = models.BigIntegerField(default=0)
    frontier = models.BinaryField(default=bytes)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant_id"], name="log_once_per_tenant")]
