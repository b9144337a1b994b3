"""The tree of the bound tenant, read from the database tile by tile.

Only full tiles are stored. The partial tile at the right edge of a level is computed: on level 0
from the leaves, above from the full tiles below it.
"""

from audit.merkle.paths import Place, entry_bundle
from audit.merkle.tiles import WIDTH, TileInvalid
from audit.merkle.tree import HASH_BYTES, root_of, split_hashes
from audit.models import LedgerLeaf, LedgerTile, PrunedRange
from govapp.common.errors import Gone, NotFound


def read_tile(level: int, index: int) -> bytes:
    """Return the hashes of one tile of the bound tenant, as many as there are by now.

    One query when the tile is full, two otherwise. Raises `audit.merkle.tiles.TileInvalid` (in
    the caller, by its length) when hashes are missing.
    """
    stored = (
        LedgerTile.objects.filter(level=level, index=index).values_list("data", flat=True).first()
    )
    return bytes(stored) if stored is not None else partial_tile(level, index)


def partial_tile(level: int, index: int) -> bytes:
    """Compute a tile that is not full yet from what it covers. One query.

    Raises `audit.merkle.tiles.TileInvalid` when a tile below it has the length of none.
    """
    below = {"index__gte": index * WIDTH, "index__lt": (index + 1) * WIDTH}
    if level == 0:
        leaves = LedgerLeaf.objects.filter(**below).order_by("index")
        return b"".join(bytes(leaf or b"") for leaf in leaves.values_list("leaf_hash", flat=True))
    tiles = LedgerTile.objects.filter(level=level - 1, **below).order_by("index")
    hashes = tiles.values_list("data", flat=True)
    try:
        return b"".join(root_of(split_hashes(bytes(data or b""))) for data in hashes)
    except ValueError as error:
        raise TileInvalid(f"a tile below {level}/{index} is none: {error}") from error


def served_tile(place: Place) -> bytes:
    """Return a tile exactly as wide as asked for. Raises `NotFound` when there is none (yet).

    Whatever has a leaf is under a signed checkpoint: both are written in one transaction.
    """
    data = read_tile(place.level, place.index)
    if len(data) < place.width * HASH_BYTES:
        raise NotFound("The record has no such tile.")
    return data[: place.width * HASH_BYTES]


def served_entries(place: Place) -> bytes:
    """Return a bundle of as many entries as asked for. One query.

    Raises `NotFound` when there are not so many, `Gone` when one of them was pruned.
    """
    first = place.index * WIDTH
    leaves = LedgerLeaf.objects.filter(index__gte=first, index__lt=first + place.width)
    bodies = leaves.order_by("index").values_list("event__body", flat=True)
    entries = [bytes(body) for body in bodies if body is not None]
    if len(entries) < place.width:
        pruned = PrunedRange.objects.filter(first__lt=first + place.width, last__gte=first)
        if pruned.exists():
            raise Gone("Some of these entries were pruned: their hashes are in the tiles.")
        raise NotFound("The record has no such entries.")
    return entry_bundle(entries)
