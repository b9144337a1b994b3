"""The directory log, read: its tree tile by tile, its key, and who is asked to vouch for it."""

from dataclasses import dataclass
from typing import Final

from django.conf import settings

from audit.merkle.cosignature import WitnessKey
from audit.merkle.note import NoteInvalid, VerifierKey
from audit.merkle.tiles import WIDTH
from audit.merkle.tree import root_of, split_hashes
from audit.models import DirectoryEntry, DirectoryLog, DirectoryTile, VoucherKind

REFUSED: Final = (
    "It REFUSED to cosign (422): our directory does not continue the one that it cosigned."
)
"""What is kept when a witness has seen another history than ours: the one failure that is grave."""


@dataclass(frozen=True)
class Asked:
    """A witness or authority that the settings name; `name` is its row's key."""

    kind: VoucherKind
    name: str
    url: str
    key: WitnessKey | None = None

    @property
    def words(self) -> str:
        """How people call it."""
        return self.key.name if self.key else self.url.split("://", 1)[-1].split("/", 1)[0]


def asked_vouchers() -> tuple[Asked, ...]:
    """Return who is asked, witnesses first. Raises ValueError when a setting is malformed."""
    witnesses = []
    for entry in settings.LEDGER_WITNESSES:
        vkey, _, url = entry.strip().partition(" ")
        try:
            key = WitnessKey.decode(vkey)
        except NoteInvalid as error:
            raise ValueError(f"LEDGER_WITNESSES: {error}") from error
        witnesses.append(Asked(VoucherKind.WITNESS, vkey, _http(url.strip()), key))
    return (
        *witnesses,
        *(Asked(VoucherKind.AUTHORITY, url, _http(url)) for url in settings.LEDGER_TSA_URLS),
    )


def directory_key() -> VerifierKey | None:
    """Return the key that verifies the directory's checkpoints; None before its first one."""
    directory = DirectoryLog.objects.first()
    return VerifierKey(directory.origin, bytes(directory.public_key)) if directory else None


def anchored_origins() -> list[str]:
    """Return the origin of each log that ever was anchored."""
    found = DirectoryEntry.objects.order_by("origin").values_list("origin", flat=True)
    return list(found.distinct())


def read_directory_tile(level: int, index: int) -> bytes:
    """Return the hashes of one tile, as many as there are by now.

    One query when the tile is full, two otherwise: the partial tile at the right edge of a level
    is computed from what it covers.
    """
    stored = DirectoryTile.objects.filter(level=level, index=index).values_list("data", flat=True)
    if found := stored.first():
        return bytes(found)
    below = {"index__gte": index * WIDTH, "index__lt": (index + 1) * WIDTH}
    if level == 0:
        leaves = DirectoryEntry.objects.filter(**below).order_by("index")
        return b"".join(bytes(leaf) for leaf in leaves.values_list("leaf_hash", flat=True))
    tiles = DirectoryTile.objects.filter(level=level - 1, **below).order_by("index")
    return b"".join(
        root_of(split_hashes(bytes(data))) for data in tiles.values_list("data", flat=True)
    )


def _http(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise ValueError("LEDGER_WITNESSES and LEDGER_TSA_URLS want addresses with https://")
    return url
