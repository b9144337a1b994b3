"""Retracing a tree from the bodies of its events, from one size to the next."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Min

from audit.merkle.tiles import HEIGHT, WIDTH
from audit.merkle.tree import HASH_BYTES, Frontier, leaf_hash, root_of
from audit.models import LedgerLeaf
from audit.services.findings import Finding, Verification
from audit.services.pruned_checks import Prunings
from audit.services.retraced_rows import (
    BLOCK,
    Block,
    BodyInvalid,
    Leaf,
    LeafBlocks,
    fits,
    is_id,
    read_body,
)
from audit.services.retraced_tiles import TileCheck
from govapp.common.ids import public_id


@dataclass(frozen=True, slots=True)
class Retraced:
    """The tree at one size, and where the stretch began that led there.

    Without `is_whole` leaves were missing, and the frontier is not that of this size.
    """

    frontier: Frontier
    since: int
    first: str
    first_at: datetime | None
    is_whole: bool


class Retracing:
    """Walks the leaves in order: hashes each body, compares columns, leaves and tiles.

    Where a body differs from its leaf the difference is noted with its place, and the stored leaf
    hash carries on, so that one change is one finding and not one for each later checkpoint.
    """

    def __init__(
        self,
        result: Verification,
        *,
        tenant_id: UUID,
        start: Frontier,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.reached = start
        self._result = result
        self._tenant_id, self._tenant = tenant_id, public_id("tn", tenant_id)
        self._progress = progress or (lambda _done, _all: None)
        self._is_whole = True
        # Of a tile that a start is inside of, what is before it was under the signed root.
        self._tiles = TileCheck(result, start.size)
        self._blocks = LeafBlocks(tenant_id, start.size, result.size)
        self._prunings = Prunings(result)
        self._start = self._position = start.size

    def close(self) -> None:
        """Read no further."""
        self._blocks.close()

    def check_pruned(self) -> None:
        """When all is retraced: what is said to be pruned is gone, and nothing else."""
        self._prunings.check_all_gone()
        self._prunings.check_ids(self._start)

    def advance(self, size: int) -> Retraced:
        """Go on to the tree of `size` leaves; behind a gap there is none, only events."""
        since, first, first_at = self._position, "", None
        while self._position < size:
            block, upto = self._blocks.take(size)
            leaves, name, at = self._leaves(block, upto)
            if not first:
                first, first_at = name, at
            if self._is_whole:
                self._grow(leaves)
            self._position = max(self._position, upto)
            self._progress(self._position, self._result.size)
        return Retraced(self.reached, since, first, first_at, self._is_whole)

    def _grow(self, leaves: Sequence[bytes]) -> None:
        """Extend the tree and compare the tiles; a full tile is hashed once for both."""
        at = min(-self.reached.size % WIDTH, len(leaves))
        whole = len(leaves) - (len(leaves) - at) % WIDTH
        self.reached = self.reached.extend(leaves[:at])
        roots = [root_of(leaves[tile : tile + WIDTH]) for tile in range(at, whole, WIDTH)]
        if roots:
            self.reached = self.reached.extend(roots, rise=HEIGHT)
        self.reached = self.reached.extend(leaves[whole:])
        self._tiles.add(leaves[:at])
        self._tiles.add(leaves[at:whole], roots=roots)
        self._tiles.add(leaves[whole:])

    def _leaves(self, block: Block, upto: int) -> tuple[Sequence[bytes], str, datetime | None]:
        """Return the leaves of a stretch, and its first event with its time."""
        here = block.with_bodies()
        if (
            block.indexes == list(range(self._position, upto))
            and set(map(len, block.leaf_hashes)) == {HASH_BYTES}
            and (here is block or self._prunings.cover(block))
            and fits(here, self._tenant)
        ):
            self._result.events += len(here.indexes)
            self._prunings.count_there(here.indexes)
            self._result.pruned += len(block.indexes) - len(here.indexes)
            first = next((here if here.indexes else block).leaves())
            return block.leaf_hashes, public_id("ev", first.event_id), first.at
        return self._one_by_one(list(block.leaves()), upto)

    def _one_by_one(
        self, rows: list[Leaf], upto: int
    ) -> tuple[Sequence[bytes], str, datetime | None]:
        leaves: list[bytes] = []
        index, used = self._position, 0
        while index < upto:
            following = rows[used].place if used < len(rows) else self._after(index)
            if following != index:
                self._missing(index, following)
                index = following
                continue
            leaves.append(self._checked(rows[used]))
            used += 1
            while used < len(rows) and rows[used].place == index:
                what = "a second leaf, or a second row of its event, stands at this index"
                self._differs("leaf", what, rows[used])
                used += 1
            index += 1
        if index >= upto + BLOCK:
            self._go_on_at(index)
        named = next((row for row in rows if row.body is not None), None)
        return leaves, public_id("ev", named.event_id) if named else "", named and named.at

    def _after(self, index: int) -> int:
        """Return where the next leaf stands; the size of the log when there is none."""
        following = LedgerLeaf.objects.filter(index__gt=index, index__lt=self._result.size)
        return following.aggregate(Min("index"))["index__min"] or self._result.size

    def _missing(self, index: int, following: int) -> None:
        if self._is_whole:
            what = f"the leaves {index} to {following - 1} are gone"
            self._result.found(Finding("leaf missing", what, index=index))
        # Without a leaf no later root can be computed.
        self._is_whole = False

    def _go_on_at(self, index: int) -> None:
        """Leave out a gap, which may be of any size that somebody wrote into the log's row."""
        self._blocks.close()
        self._blocks = LeafBlocks(self._tenant_id, index, self._result.size)
        self._prunings.read_again()  # as of after these leaves
        self._position = index

    def _checked(self, row: Leaf) -> bytes:
        stored = row.leaf_hash
        if len(stored) != HASH_BYTES:
            stored = self._hash_instead(row)
        if row.body is None and self._prunings.covers(row.place):
            self._result.pruned += 1
            return stored
        if row.body is None:
            self._differs("event deleted", "its leaf is there, the event is not", row)
            return stored
        self._result.events += 1
        self._prunings.count_there([row.place])
        if leaf_hash(row.body) != stored:
            self._differs("event changed", "its body is not what was sequenced", row)
        for what in self._column_faults(row, row.body):
            self._differs("columns", what, row)
        return stored

    def _hash_instead(self, row: Leaf) -> bytes:
        """Note a leaf that is not as long as a hash; return that of its body, when it is there."""
        length = len(row.leaf_hash)
        self._differs("leaf", f"its hash has {length} bytes instead of {HASH_BYTES}", row)
        if row.body is not None:
            return leaf_hash(row.body)
        self._is_whole = False
        return b"\0" * HASH_BYTES

    def _column_faults(self, row: Leaf, body: bytes) -> Iterator[str]:
        """Yield what the search columns say otherwise than the body."""
        try:
            told = read_body(body)
        except BodyInvalid:
            yield "the body is not that of an event"
            return
        request = public_id("ar", row.request_id) if row.request_id else ""
        pairs = (
            ("id", is_id(told.id, "ev_", row.event_id), True),
            ("tenant", told.tenant, self._tenant),
            ("type", told.type, row.type),
            ("time", told.at, row.at),
            ("actor kind", told.actor.kind, row.actor_kind),
            ("actor", told.actor.id, row.actor_id),
            ("subject type", told.subject.type, row.subject_type),
            ("subject", told.subject.id, row.subject_id),
            ("request", told.request, request),
        )
        for name, inside, outside in pairs:
            if inside != outside:
                yield f"the column of the {name} is not what the body says"

    def _differs(self, kind: str, what: str, row: Leaf) -> None:
        name = public_id("ev", row.event_id)
        self._result.found(Finding(kind, what, index=row.place, event_id=name, at=row.at))
