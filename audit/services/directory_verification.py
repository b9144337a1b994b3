"""Verification of the directory log: computed again from its entries, with all who vouch for it.

And of a tenant's record against it: what the directory says of a log, and others have vouched
for, must still be what that log says. Source: design page audit.md, "Prove".
"""

from collections.abc import Iterator
from hashlib import sha256

from django.conf import settings

from audit.merkle.cosignature import WitnessKey
from audit.merkle.note import NoteInvalid, text_of
from audit.merkle.tiles import HEIGHT, WIDTH
from audit.merkle.tree import Frontier, leaf_hash, root_of
from audit.models import (
    Cosignature,
    DirectoryCheckpoint,
    DirectoryEntry,
    DirectoryLog,
    DirectoryTile,
    LedgerCheckpoint,
    LedgerLog,
    TimeStamp,
)
from audit.selectors.proofs import LedgerKeyInfo
from audit.services.checkpoint_checks import opened
from audit.services.directory_key_checks import directory_keys_to_verify_with
from audit.services.findings import Finding, Verification
from audit.stamps import StampInvalid, check_token, load_roots, time_of
from audit.transports.checkpoint_file import OutsideCheckpoint, published_checkpoint

_ROWS = 2_000
_ANCHORED = 1_000


def verify_directory() -> Verification | None:
    """Compute the directory log again and return every difference; None when there is none yet.

    Constant memory. Time stamps are checked with `LEDGER_TSA_ROOTS`: keep the roots of an
    authority there for as long as its stamps are to hold.
    """
    origin = DirectoryLog.objects.values_list("origin", flat=True).first()
    if origin is None:
        return None
    result = Verification(tenant_id=None, origin=origin)
    # The file before the row, and nothing beyond the row's size: others may go on meanwhile.
    outside = _outside(result)
    directory = DirectoryLog.objects.get()
    result.size = directory.size
    if outside is not None and outside.checkpoint.size > directory.size:
        what = f"a checkpoint of size {outside.checkpoint.size} was published"
        result.found(Finding("truncated", what, index=directory.size))
    keys = directory_keys_to_verify_with(outside, result)
    _check_tree(directory, keys, outside, result)
    _check_cosignatures(result)
    _check_stamps(result)
    return result


def check_against_directory(ledger: LedgerLog, result: Verification) -> None:
    """Compare the bound tenant's checkpoints with what was anchored of them.

    Two queries for each thousand of them.
    """
    last = -1
    while True:
        entries = DirectoryEntry.objects.filter(origin=ledger.origin, size__gt=last)
        page = list(entries.order_by("size").values_list("size", "text")[:_ANCHORED])
        if not page:
            return
        last = page[-1][0]
        rows = LedgerCheckpoint.objects.filter(size__in=[size for size, _ in page])
        notes = dict(rows.values_list("size", "note"))
        for size, text in page:
            what = ""
            if size not in notes:
                what = f"the checkpoint of size {size} was anchored, and is gone"
            elif _text(notes[size]) != text:
                what = f"the checkpoint of size {size} is not the one that was anchored"
            if what:
                result.found(Finding("anchor", what, index=size - 1))


def _outside(result: Verification) -> OutsideCheckpoint | None:
    try:
        found = published_checkpoint(result.origin)
    except NoteInvalid as error:
        result.found(Finding("outside checkpoint", f"unreadable: {error}"))
        return None
    if found is not None:
        result.outside_size = found.checkpoint.size
    return found


def _check_tree(
    directory: DirectoryLog,
    keys: tuple[LedgerKeyInfo, ...],
    outside: OutsideCheckpoint | None,
    result: Verification,
) -> None:
    """Walk the entries from checkpoint to checkpoint; compare each root, and each full tile."""
    frontier, tiles, entries = Frontier(), _Tiles(result), _entries(result)
    wanted = {outside.checkpoint.size: outside.checkpoint} if outside else {}
    rows = DirectoryCheckpoint.objects.filter(size__lte=directory.size).order_by("size")
    for row in rows.iterator(chunk_size=_ROWS):
        leaves = [leaf for _, leaf in zip(range(frontier.size, row.size), entries, strict=False)]
        tiles.add(leaves)
        frontier = frontier.extend(leaves)
        result.checkpoints += 1
        signed = opened(row, keys, result)
        for each in (signed, wanted.pop(row.size, None)):
            if each is not None and (frontier.size, frontier.root()) != (each.size, each.root):
                what = f"the signed root at size {row.size} is not that of the entries"
                result.found(Finding("checkpoint", what, index=row.size - 1))
    if next(entries, None) is not None or frontier.size != directory.size:
        what = f"the directory counts {directory.size} entries, its checkpoints {frontier.size}"
        result.found(Finding("directory", what))
    if bytes(directory.frontier) != frontier.to_bytes() and result.is_intact:
        result.found(Finding("directory", "its frontier is not that of the entries"))
    tiles.finish()


def _entries(result: Verification) -> Iterator[bytes]:
    rows = DirectoryEntry.objects.filter(index__lt=result.size).order_by("index")
    for number, row in enumerate(rows.iterator(chunk_size=_ROWS)):
        if row.index != number:
            result.found(Finding("entry missing", f"before {row.index}", index=number))
            return
        leaf = leaf_hash(row.text.encode())
        if leaf != bytes(row.leaf_hash):
            result.found(Finding("entry", "its text does not have its hash", index=number))
        if row.text.split("\n")[:2] != [row.origin, str(row.size)]:
            result.found(Finding("entry", "its columns are not those of its text", index=number))
        result.events += 1
        yield leaf


class _Tiles:
    """Compares the stored full tiles with those of the entries, level by level."""

    def __init__(self, result: Verification) -> None:
        self._result = result
        self._open: dict[int, list[bytes]] = {}
        self._count: dict[int, int] = {}

    def add(self, hashes: list[bytes], level: int = 0) -> None:
        """Take the next hashes of one level; full tiles are compared, and rise."""
        row = self._open.setdefault(level, [])
        row += hashes
        while len(row) >= WIDTH:
            tile, row[:WIDTH] = row[:WIDTH], []
            index = self._count.get(level, 0)
            self._count[level] = index + 1
            self._compare(level, index, b"".join(tile))
            self.add([root_of(tile)], level + 1)

    def _compare(self, level: int, index: int, data: bytes) -> None:
        stored = DirectoryTile.objects.filter(level=level, index=index).first()
        self._result.tiles += 1
        if stored is None or bytes(stored.data) != data:
            what = f"the tile {level}/{index} is {'gone' if stored is None else 'changed'}"
            self._result.found(Finding("tile", what, index=index * WIDTH << (HEIGHT * level)))

    def finish(self) -> None:
        """Find tiles that no entry accounts for, be it one that was entered meanwhile."""
        stored = DirectoryTile.objects.count()
        size = DirectoryLog.objects.values_list("size", flat=True).get()
        if stored > sum(size // WIDTH**level for level in range(1, 8)):
            self._result.found(Finding("tile", "there are more tiles than entries fill"))


def _check_cosignatures(result: Verification) -> None:
    rows = Cosignature.objects.select_related("checkpoint").order_by("checkpoint_id", "vkey")
    for row in rows.iterator(chunk_size=_ROWS):
        try:
            at = WitnessKey.decode(row.vkey).verify(row.line, row.checkpoint.note)
        except NoteInvalid as error:
            what = f"a witness's cosignature does not hold: {error}"
            result.found(Finding("cosignature", what, index=row.checkpoint_id - 1))
            continue
        if at != int(row.witnessed_at.timestamp()):
            what = "a cosignature has another time than its row"
            result.found(Finding("cosignature", what, index=row.checkpoint_id - 1))


def _check_stamps(result: Verification) -> None:
    roots = load_roots(settings.LEDGER_TSA_ROOTS)
    rows = TimeStamp.objects.select_related("checkpoint").order_by("checkpoint_id", "url")
    for row in rows.iterator(chunk_size=_ROWS):
        token = bytes(row.token)
        imprint = sha256(_text(row.checkpoint.note).encode()).digest()
        try:
            stamp = check_token(token, imprint, roots=roots, moment=time_of(token))
        except StampInvalid as error:
            what = f"the stamp of {row.url} does not hold: {error}"
            result.found(Finding("time stamp", what, index=row.checkpoint_id - 1))
            continue
        if stamp.at != row.stamped_at:
            what = f"the stamp of {row.url} has another time than its row"
            result.found(Finding("time stamp", what, index=row.checkpoint_id - 1))


def _text(note: str) -> str:
    """The text of a note, or what cannot be one: it is compared, and must not stop the rest."""
    try:
        return text_of(note)
    except NoteInvalid:
        return note
