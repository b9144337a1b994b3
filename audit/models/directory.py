"""The installation's directory log: an entry for each tenant checkpoint that is anchored.

Tables of no tenant. They hold random origins, sizes and hashes, and no tenant's name.
"""

from django.db import models

from govapp.common.clock import Now
from govapp.common.models import InstallationOwned


class DirectoryLog(InstallationOwned):
    """The one directory log: its origin, and where it stands.

    Its row is the lock of whoever extends it.
    """

    never_removed = True
    immutable_fields = ("id", "origin")

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    origin = models.TextField()
    size = models.BigIntegerField(default=0)
    frontier = models.BinaryField(default=bytes)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="directory_once")]


class DirectoryKey(InstallationOwned):
    """A key of the directory log: which checkpoints carry its signature.

    Each but the first is named by the entry at index `from_size - 1`, under a checkpoint that the
    key before has signed as well: so the old key vouches for the new.
    """

    never_removed = True
    immutable_fields = ("from_size", "public_key")

    from_size = models.BigIntegerField(primary_key=True)
    until_size = models.BigIntegerField(null=True)  # the last one that it signed
    public_key = models.BinaryField(max_length=32)
    private_key_sealed = models.BinaryField()  # empty once it signs no more
    retires_at = models.DateTimeField(null=True)  # a newer key has taken over until then
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until_size__isnull=True)
                | models.Q(until_size__gte=models.F("from_size")),
                name="directory_key_in_order",
            )
        ]


class DirectoryEntry(InstallationOwned):
    """One leaf: the text part of the signed note of a tenant's checkpoint.

    Or, under the directory's own origin, the text that names a new key of the directory.
    """

    append_only = True

    index = models.BigIntegerField(primary_key=True)
    text = models.TextField()
    leaf_hash = models.BinaryField(max_length=32)
    origin = models.TextField()  # of the tenant's log
    size = models.BigIntegerField()  # of the tenant's log

    class Meta:
        constraints = [
            # also: the newest anchored checkpoint of one log
            models.UniqueConstraint(fields=["origin", "size"], name="directory_entry_once")
        ]


class DirectoryTile(InstallationOwned):
    """One full, 256-wide tile of hashes of the directory log."""

    append_only = True

    level = models.SmallIntegerField()
    index = models.BigIntegerField()
    data = models.BinaryField()  # 256 x 32 bytes

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["level", "index"], name="directory_tile_once")
        ]


class DirectoryCheckpoint(InstallationOwned):
    """A signed statement of the directory's size and root (a signed note)."""

    append_only = True

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField(max_length=32)
    note = models.TextField()
    signed_at = models.DateTimeField()


class Cosignature(InstallationOwned):
    """A witness's signature line under a checkpoint of the directory, verified when it came."""

    append_only = True

    checkpoint = models.ForeignKey(
        DirectoryCheckpoint, on_delete=models.PROTECT, related_name="cosignatures", db_index=False
    )
    vkey = models.TextField()  # the witness's verifier key, as configured at that time
    line = models.TextField()
    witnessed_at = models.DateTimeField()  # by the witness's clock
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            # also: the first or the last cosigned checkpoint
            models.UniqueConstraint(fields=["checkpoint", "vkey"], name="cosignature_once")
        ]


class TimeStamp(InstallationOwned):
    """An RFC 3161 token over a checkpoint of the directory, validated when it came."""

    append_only = True

    checkpoint = models.ForeignKey(
        DirectoryCheckpoint, on_delete=models.PROTECT, related_name="time_stamps", db_index=False
    )
    url = models.TextField()  # of the authority
    authority = models.TextField()  # the subject of its certificate
    token = models.BinaryField()  # DER, a CMS ContentInfo
    stamped_at = models.DateTimeField()  # by the authority's clock
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            # also: the first or the last stamped checkpoint
            models.UniqueConstraint(fields=["checkpoint", "url"], name="time_stamp_once")
        ]


class VoucherKind(models.TextChoices):
    """Who vouches: a witness cosigns, an authority stamps."""

    WITNESS = "witness"
    AUTHORITY = "authority", "time-stamping authority"


class Voucher(InstallationOwned):
    """Where we stand with one witness or authority: what it vouched for, when to ask again."""

    name = models.TextField(primary_key=True)  # the witness's vkey, the authority's URL
    kind = models.TextField(choices=VoucherKind)
    size = models.BigIntegerField(default=0)  # of the directory, as it knows it
    vouched_at = models.DateTimeField(null=True)  # when its last answer came
    attempts = models.IntegerField(default=0)  # failures since then
    failure = models.TextField(default="", blank=True)
    next_at = models.DateTimeField(db_default=Now())
