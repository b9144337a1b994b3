"""Which bodies may be missing when a record is verified: those that it says were pruned itself."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from audit.models import PrunedRange
from audit.selectors.pruned import ReadPruning, digest_of_ids, merged, read_prunings
from audit.services.findings import Finding, Verification
from audit.services.retraced_rows import Block
from govapp.common.ids import public_id
from govapp.common.tenancy import require_tenant_id

_IDS: Final = """
SELECT l.event_id FROM unnest(%s::bigint[], %s::bigint[]) AS each ("first", "stop")
JOIN audit_ledgerleaf l
  ON l.tenant_id = %s AND l.index >= each."first" AND l.index < each."stop"
ORDER BY l.index
"""

_Stored = tuple[UUID, int, int, datetime | None]
"""The event that names a range; its first and its last index; when they went."""


class Prunings:
    """What the signed record says was pruned, asked index by index or block by block.

    Read after the cursor on the leaves is opened: what was pruned by then is named by then.
    """

    def __init__(self, result: Verification) -> None:
        self._result = result
        # The rows before the record that names them: whatever stands in them is told in it by then.
        rows = _stored_ranges()
        believed, doubted = [], set()
        for read in read_prunings():
            if read.fault:
                doubted.add(read.event_id)
                result.found(
                    Finding(
                        "pruning",
                        f"what it says was pruned is not believed: {read.fault}",
                        index=read.index,
                        event_id=public_id("ev", read.event_id),
                    )
                )
            else:
                believed.append(read)
        self._believed = believed
        self._cover(believed)
        # What was pruned before the cursor was opened: of this, nothing may be there any more.
        settled = (read for read in believed if read.index < result.size)
        self._settled = merged(each for read in settled for each in read.ranges)
        self._settled_starts = [each.start for each in self._settled]
        self._there = 0
        self._compare_rows({each for each in rows if each[0] not in doubted}, believed)

    def _cover(self, believed: Iterable[ReadPruning]) -> None:
        self._ranges = merged(each for read in believed for each in read.ranges)
        self._starts = [each.start for each in self._ranges]

    def read_again(self) -> None:
        """Excuse what was pruned since as well: leaves are read that are younger than this."""
        self._cover(read for read in read_prunings() if not read.fault)

    def _compare_rows(self, rows: set[_Stored], believed: Sequence[ReadPruning]) -> None:
        """Find rows of ranges, which pages believe, that say otherwise than the record."""
        told = {each: read for read in believed for each in _ranges_told(read)}
        for ident, first, last, at in sorted(rows - told.keys(), key=str):
            what = f"a row says that {first} to {last} were pruned, the record does not"
            self._result.found(
                Finding("pruning", what, index=first, event_id=public_id("ev", ident), at=at)
            )
        for each in sorted(told.keys() - rows, key=str):
            # What was pruned since the rows were read has its own by now.
            if (read := told[each]).index < self._result.size:
                what = f"there is no row of the pruned {each[1]} to {each[2]}"
                self._result.found(
                    Finding(
                        "pruning", what, index=read.index, event_id=public_id("ev", read.event_id)
                    )
                )

    def covers(self, index: int) -> bool:
        """Tell whether the event at this index was pruned."""
        return _is_in(index, self._ranges, self._starts)

    def cover(self, block: Block) -> bool:
        """Tell whether every event of a block that is not there was pruned."""
        pairs = zip(block.indexes, block.bodies, strict=True)
        return all(self.covers(index) for index, body in pairs if body is None)

    def count_there(self, indexes: Sequence[int]) -> None:
        """Take note of events that are there, in order: none should have been pruned before."""
        if indexes and self._settled and indexes[0] < self._settled[-1].stop:
            self._there += sum(
                _is_in(index, self._settled, self._settled_starts) for index in indexes
            )

    def check_all_gone(self) -> None:
        """Find what is there although the record says that it was pruned."""
        if self._there:
            what = f"{self._there} events are there that the record says were pruned"
            self._result.found(Finding("pruning", what))

    def check_ids(self, start: int) -> None:
        """Find leaves that name other events than those that were pruned. A query for each event
        that says so; what ends before `start` is not looked at."""
        for read in self._believed:
            if any(each.stop > start for each in read.ranges) and not _has_its_ids(read):
                self._result.found(
                    Finding(
                        "pruning",
                        "the leaves that it names are not those of the events that were pruned",
                        index=read.index,
                        event_id=public_id("ev", read.event_id),
                    )
                )


def _stored_ranges() -> set[_Stored]:
    return set(PrunedRange.objects.values_list("event_id", "first", "last", "pruned_at"))


def _ranges_told(read: ReadPruning) -> Iterator[_Stored]:
    for each in read.ranges:
        yield read.event_id, each.start, each.stop - 1, read.at


def _is_in(index: int, ranges: Sequence[range], starts: Sequence[int]) -> bool:
    at = bisect_right(starts, index) - 1
    return at >= 0 and index in ranges[at]


def _has_its_ids(read: ReadPruning) -> bool:
    ranges = merged(read.ranges)
    bounds = [each.start for each in ranges], [each.stop for each in ranges]
    with connection.cursor() as cursor:
        cursor.execute(_IDS, [*bounds, require_tenant_id()])
        ids = [ident for (ident,) in cursor.fetchall()]
    return None not in ids and digest_of_ids(ids) == read.ids_sha256
