"""Which leaves a pack has, and their rows, a page at a time.

A pack is written for minutes, so nothing is read in one long transaction: whoever writes hands
over `reading`, which opens one for each page. Between two pages events may be added, which lie
beyond the checkpoint, and persons erased, which ends the writer.
"""

import json
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from audit.models import LedgerEvent, LedgerLeaf
from audit.packs.contents import PackedLeaf, PackedValue
from audit.selectors.disclosures import disclosures_of
from govapp.common.errors import Conflict
from govapp.common.ids import public_id

AT_ONCE: Final = 1000

Reading = Callable[[str, int], AbstractContextManager[None]]
"""Opens the transaction in which so many rows are read, to the end that the words say."""

EVENTS, HASHES, VALUES = "Writing events", "Writing hashes", "Opening personal values"
PASSES: Final = (EVENTS, HASHES, VALUES)
"""What is read of each leaf, one after the other."""


@dataclass(frozen=True)
class PackScope:
    """Which leaves a pack has: those of a span, both ends included, and single ones beside it."""

    said: dict[str, Any]
    span: range
    others: Sequence[int]  # ascending, none of them in the span
    leaned_on: frozenset[int]

    @property
    def total(self) -> int:
        """How many leaves there are."""
        return len(self.span) + len(self.others)

    def pages(self) -> Iterator[Q]:
        """Yield what selects the leaves, in the order of the tree, a thousand at most each time."""
        before = bisect_left(self.others, self.span.start) if self.span else len(self.others)
        yield from _listed(self.others[:before])
        for start in range(self.span.start, self.span.stop, AT_ONCE):
            yield Q(index__gte=start, index__lt=min(self.span.stop, start + AT_ONCE))
        yield from _listed(self.others[before:])


def leaves_of(scope: PackScope, reading: Reading) -> Callable[[], Iterator[PackedLeaf]]:
    """Return what yields the leaves in order: once with their events, and then once more."""
    passes = iter((EVENTS, HASHES))

    def leaves() -> Iterator[PackedLeaf]:
        words = next(passes, HASHES)
        for wanted in scope.pages():
            with reading(words, AT_ONCE):
                rows = list(with_bodies(wanted, "index", "leaf_hash"))
            for index, leaf, body in rows:
                yield PackedLeaf(index, bytes(leaf), None if body is None else bytes(body))

    return leaves


def values_of(
    scope: PackScope, redact: frozenset[str], reading: Reading
) -> Callable[[], Iterator[PackedValue]]:
    """Return what yields the personal values of the events, in order."""

    def values() -> Iterator[PackedValue]:
        for wanted in scope.pages():
            with reading(VALUES, AT_ONCE):
                told = list(told_of(_bodies(wanted), redact))
            yield from told

    return values


def _bodies(wanted: Q) -> list[tuple[UUID, bytes]]:
    rows = with_bodies(wanted, "event_id")
    return [(ident, bytes(body)) for ident, body in rows if body is not None]


def told_of(rows: Sequence[tuple[UUID, bytes]], redact: frozenset[str]) -> Iterator[PackedValue]:
    """Yield what a pack tells of the personal values of events. One query.

    Raises `Conflict` when something is to be left out that stands in the hashed bytes.
    """
    with_places = [(ident, body) for ident, body in rows if b'"personal"' in body]
    if redact and len(with_places) < len(rows):
        for _, body in rows:
            _refuse_old(body)
    opened = {
        (each.event_id, each.number): each
        for each in disclosures_of([ident for ident, _ in with_places])
    }
    for ident, body in with_places:
        name, personal = public_id("ev", ident), json.loads(body).get("personal") or {}
        for number in sorted(map(int, personal)):
            entry = personal[str(number)]
            of, kind = entry["of"], entry.get("kind", "")
            found = opened.get((ident, number))
            if found is None:
                yield PackedValue(name, number, of, withheld="erased", kind=kind)
            elif kind in redact:
                yield PackedValue(name, number, of, withheld="redacted", kind=kind)
            else:
                yield PackedValue(name, number, of, found.salt, found.value, kind=kind)


def with_bodies(wanted: Q, *columns: str) -> QuerySet[LedgerLeaf, tuple[Any, ...]]:
    """Return these columns of leaves and their events' bodies, None where those were pruned."""
    # Not through the reference, which would leave out the leaves of events that were pruned.
    body = LedgerEvent.objects.filter(pk=OuterRef("event_id")).values("body")
    leaves = LedgerLeaf.objects.filter(wanted).order_by("index")
    return leaves.values_list(*columns, Subquery(body))


def _listed(indices: Sequence[int]) -> Iterator[Q]:
    for start in range(0, len(indices), AT_ONCE):
        yield Q(index__in=list(indices[start : start + AT_ONCE]))


def _refuse_old(body: bytes) -> None:
    if b'"personal"' not in body and json.loads(body).get("v") == 1:
        raise Conflict(
            "Some of these events are of the first version, which holds names in the hashed bytes:"
            " they cannot be left out."
        )
