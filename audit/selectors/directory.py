"""The directory log, read: its tree tile by tile, its key, and who is asked to vouch for it."""

from dataclasses import dataclass
from typing import Final

from django.conf import settings

from audit.merkle.cosignature import WitnessKey, with_cosignatures
from audit.merkle.note import NoteInvalid, VerifierKey
from audit.merkle.paths import Place, entry_bundle
from audit.merkle.tiles import WIDTH
from audit.merkle.tree import HASH_BYTES, root_of, split_hashes
from audit.models import (
    DirectoryCheckpoint,
    DirectoryEntry,
    DirectoryKey,
    DirectoryLog,
    DirectoryTile,
    VoucherKind,
)
from audit.selectors.proofs import LedgerKeyInfo
from govapp.common.errors import NotFound

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


def directory_keys() -> tuple[LedgerKeyInfo, ...]:
    """Return every key that the directory has had, oldest first; none before its first entry.

    Two queries.
    """
    origin = DirectoryLog.objects.values_list("origin", flat=True).first()
    if origin is None:
        return ()
    return tuple(
        LedgerKeyInfo(
            VerifierKey(origin, bytes(row.public_key)).encode(), row.from_size, row.until_size
        )
        for row in DirectoryKey.objects.order_by("from_size")
    )


def directory_key(size: int | None = None) -> VerifierKey | None:
    """Return the newest key that verifies the directory's checkpoint of a size, or of now.

    None before its first one.
    """
    found = [key for key in directory_keys() if size is None or key.covers(size)]
    return VerifierKey.decode(found[-1].vkey) if found else None


def key_entry(origin: str, from_size: int, vkey: str) -> str:
    """Return the text of the entry that names a new key of the directory.

    Its third line is no root of a tree, so nobody can take it for a checkpoint.
    """
    return f"{origin}\n{from_size}\nkey {vkey}\n"


def anchored_origins() -> list[str]:
    """Return the origin of each tenant's log that ever was anchored."""
    own = DirectoryLog.objects.values("origin")
    found = DirectoryEntry.objects.exclude(origin__in=own).order_by("origin")
    return list(found.values_list("origin", flat=True).distinct())


def served_checkpoint() -> str | None:
    """Return the newest checkpoint with the cosignatures that it has; None before the first."""
    row = DirectoryCheckpoint.objects.order_by("-size").first()
    if row is None:
        return None
    lines = row.cosignatures.order_by("vkey").values_list("line", flat=True)
    return with_cosignatures(row.note, list(lines))


def served_directory_tile(place: Place) -> bytes:
    """Return a tile exactly as wide as asked for. Raises `NotFound` when there is none (yet)."""
    data = read_directory_tile(place.level, place.index)
    if len(data) < place.width * HASH_BYTES:
        raise NotFound("The directory has no such tile.")
    return data[: place.width * HASH_BYTES]


def served_directory_entries(place: Place) -> bytes:
    """Return a bundle of as many entries as asked for. Raises `NotFound` when there are fewer."""
    first = place.index * WIDTH
    rows = DirectoryEntry.objects.filter(index__gte=first, index__lt=first + place.width)
    entries = [text.encode() for text in rows.order_by("index").values_list("text", flat=True)]
    if len(entries) < place.width:
        raise NotFound("The directory has no such entries.")
    return entry_bundle(entries)


def read_directory_tile(level: int, index: int) -> bytes:
    """Return the hashes of one tile, as many as there are by now; what has one is signed.

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
