"""Events of one kind at one instant about many requests: what they share is said once.

Thousands of reminders are due together and differ in their request and in some times. Each is an
event of its own all the same, with the bytes that it would have alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Final
from uuid import UUID

from msgspec import structs

from audit.merkle.canonical import MAX_BYTES, CanonicalError
from audit.merkle.template import Path, Template, are_plain
from audit.services.bodies import Bodies, Entry
from govapp.common.ids import FreshId, public_id

_PREFIX: Final = "ar"
_OWN: Final[tuple[Path, ...]] = (("id",), ("request",), ("subject", "id"))


@dataclass(frozen=True)
class Alike:
    """Several events: `first`, and others that differ in their request and in texts of `data`.

    Each is about its request: that is its subject. `others` has, for each, the request and the
    texts for `names`, in their order: ids or times. Raises `ValueError` when `first` is about
    something else.
    """

    first: Entry
    names: tuple[str, ...]
    others: Sequence[tuple[UUID, tuple[str, ...]]]

    def __post_init__(self) -> None:
        request_id = self.first.request_id
        if request_id is None or self.first.subject.id != public_id(_PREFIX, request_id):
            raise ValueError("Events that are alike are about their requests.")

    def __len__(self) -> int:
        return 1 + len(self.others)

    @cached_property
    def subject_ids(self) -> list[str]:
        """The public id of each one's request."""
        others = (public_id(_PREFIX, request_id) for request_id, _ in self.others)
        return [self.first.subject.id, *others]

    def entries(self) -> Iterator[Entry]:
        """Yield each as it would be recorded alone."""
        first = self.first
        yield first
        for (request_id, texts), ident in zip(self.others, self.subject_ids[1:], strict=True):
            yield structs.replace(
                first,
                subject=replace(first.subject, id=ident),
                data={**(first.data or {}), **dict(zip(self.names, texts, strict=True))},
                request_id=request_id,
            )


def write_alike(
    bodies: Bodies, alike: Alike, idents: Sequence[FreshId], moment: datetime
) -> list[bytes]:
    """Return the canonical bytes of each: those that `Bodies.write` returns for its entry.

    What has to be hidden in an event is hidden in each with a salt of its own, and what is too
    large is cut: such events are written one by one. Raises `CanonicalError`.
    """
    return _filled(bodies, alike, idents, moment) or [
        bodies.write(entry, ident, moment)
        for entry, ident in zip(alike.entries(), idents, strict=True)
    ]


def _filled(
    bodies: Bodies, alike: Alike, idents: Sequence[FreshId], moment: datetime
) -> list[bytes]:
    """Return the bytes made from a template; nothing when they cannot be."""
    event = bodies.unhidden(alike.first, idents[0], moment)
    if event is None or not are_plain([text for _, texts in alike.others for text in texts]):
        return []
    try:
        template = Template(event, (*_OWN, *(("data", name) for name in alike.names)))
    except CanonicalError:
        return []
    texts = [tuple(event["data"][name] for name in alike.names), *(own for _, own in alike.others)]
    written = []
    for ident, subject, own in zip(idents, alike.subject_ids, texts, strict=True):
        request = subject.encode()
        mine = [public_id("ev", ident).encode(), request, request]
        written.append(template.fill(mine + [text.encode() for text in own]))
    # What the ordinary writer says of the first holds for all: it has normalised or cut nothing.
    is_proved = written[0] == bodies.write(alike.first, idents[0], moment)
    return written if is_proved and max(map(len, written)) <= MAX_BYTES else []
