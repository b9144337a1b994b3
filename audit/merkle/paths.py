"""Where the parts of a log are found, and the bundles in which its entries are handed out.

Source: https://c2sp.org/tlog-tiles
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from audit.merkle.tiles import MAX_LEVEL, WIDTH, tile_path
from audit.merkle.tree import MAX_SIZE

ENTRIES: Final = -1
"""In the place of a level: the entries themselves, not hashes."""

_PLACE = re.compile(
    r"(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)
_PREFIX_BYTES: Final = 2


@dataclass(frozen=True, slots=True)
class Place:
    """One resource of the log; `width` counts its hashes or entries, 256 when it is full."""

    level: int
    index: int
    width: int


def parse_place(path: str) -> Place | None:
    """Read what follows `tile/` in an address: "0/x001/067" or "entries/000.p/17".

    None when it is not the one spelling of a place: there are no others to be cached.
    """
    found = _PLACE.fullmatch(path)
    if found is None:
        return None
    index = int(found["index"].replace("/", "").replace("x", ""))
    width = int(found["width"] or WIDTH)
    level = ENTRIES if found["level"] == "entries" else int(found["level"])
    if level > MAX_LEVEL or index > MAX_SIZE // WIDTH - 1 or (found["width"] and width >= WIDTH):
        return None
    same = tile_path(max(level, 0), index, width).removeprefix("tile/")
    if level == ENTRIES:
        same = f"entries/{same.removeprefix('0/')}"
    return Place(level, index, width) if same == path else None


def entry_bundle(entries: Sequence[bytes]) -> bytes:
    """Return entries behind each other, each after its length in two bytes, big-endian.

    Raises OverflowError for an entry of more than 65,535 bytes.
    """
    return b"".join(len(entry).to_bytes(_PREFIX_BYTES, "big") + entry for entry in entries)
