"""Leaves with their events as they come from the database, in blocks; whole blocks checked at once.

A million events are checked in seconds: so the database hands over each column of a block as one
array, what is compared here is compared column by column, in C, and only a block in which anything
differs is looked at leaf by leaf (`retracing`).
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import compress
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from django.db import connection
from psycopg.types.string import ByteaBinaryLoader

from audit.merkle.canonical import MAX_BYTES
from audit.merkle.tiles import WIDTH

BLOCK: Final = WIDTH
"""Leaves in a block, those of one tile: few enough that all about them stays in a core's cache
while it is hashed, read and compared (2,048 took half as long again)."""
_MOST_OF_A_HASH: Final = 65  # one that is longer is told to be of this length


def readable_time(table: str, name: str) -> str:
    """SQL of a time, or of none when Python has no such time (infinity, the year 20000)."""
    column = f"{table}.{name}"
    return f"CASE WHEN {column} BETWEEN '0002-01-01' AND '9999-01-01' THEN {column} END"


_TEXTS: Final = ("type", "actor_kind", "actor_id", "subject_type", "subject_id")
# Nothing genuine is longer. PostgreSQL has an end for what it sends at once, and what somebody blew
# up is to be found, not to stop the search: a text is none then, and a body is cut.
_WITHIN: Final = ", ".join(
    f"CASE WHEN octet_length(e.{each}) <= {MAX_BYTES} THEN e.{each} END AS {each}"
    for each in _TEXTS
)
# Each block is one row: a row for each leaf would cost as much as all its hashes. Of leaves at one
# index, and of rows of one event, two are enough to tell that there is more than one.
_BLOCKS: Final = f"""
SELECT block.*
FROM (SELECT generate_series(%(first)s::bigint, %(end)s::bigint - 1, {BLOCK}) AS "from") AS place,
LATERAL (
    SELECT array_agg(each.index), array_agg(each.leaf_hash), array_agg(each.event_id),
           array_agg(each.body), array_agg(each.at), array_agg(each.request_id),
           {", ".join(f"array_agg(each.{each})" for each in _TEXTS)}
    FROM (
        SELECT l.index, coalesce(substring(l.leaf_hash FOR {_MOST_OF_A_HASH}), '') AS leaf_hash,
               coalesce(l.event_id, '{UUID(int=0)}') AS event_id,
               CASE WHEN octet_length(e.body) > {MAX_BYTES}
                    THEN substring(e.body FOR {MAX_BYTES + 1})
                    WHEN e.id IS NOT NULL THEN coalesce(e.body, '') END AS body,
               {readable_time("e", "occurred_at")} AS at, e.request_id, {_WITHIN}
        FROM (
            SELECT index, leaf_hash, event_id, row_number() OVER (PARTITION BY index) AS nth
            FROM audit_ledgerleaf
            WHERE tenant_id = %(tenant)s AND index >= GREATEST(place."from", %(start)s)
              AND index <= LEAST(place."from" + {BLOCK - 1}, %(end)s::bigint - 1)
        ) AS l
        LEFT JOIN LATERAL (
            SELECT * FROM audit_ledgerevent
            WHERE tenant_id = %(tenant)s AND id = l.event_id LIMIT 2
        ) AS e ON true
        WHERE l.nth <= 2
        ORDER BY l.index
    ) AS each
) AS block
"""  # noqa: S608 - columns of ours


class Party(msgspec.Struct, gc=False):
    """An actor or a subject of a body."""

    kind: str = ""
    type: str = ""
    id: str = ""


class Body(msgspec.Struct, gc=False):
    """The parts of a body that have a column of their own."""

    id: str
    tenant: str
    type: str
    at: datetime
    actor: Party
    subject: Party
    request: str = ""


read_body = msgspec.json.Decoder(Body).decode
BodyInvalid: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Leaf(NamedTuple):
    """One leaf, and the columns of its event: all None when that is not there."""

    place: int
    leaf_hash: bytes
    event_id: UUID
    body: bytes | None
    at: datetime | None
    request_id: UUID | None
    type: str | None
    actor_kind: str | None
    actor_id: str | None
    subject_type: str | None
    subject_id: str | None


class Block(NamedTuple):
    """Leaves in their order, as columns. Ids are the bytes that PostgreSQL sends."""

    indexes: Sequence[int] = ()
    leaf_hashes: Sequence[bytes] = ()
    event_ids: Sequence[bytes] = ()
    bodies: Sequence[bytes | None] = ()
    times: Sequence[datetime | None] = ()
    requests: Sequence[bytes | None] = ()
    types: Sequence[str | None] = ()
    actor_kinds: Sequence[str | None] = ()
    actors: Sequence[str | None] = ()
    subject_types: Sequence[str | None] = ()
    subjects: Sequence[str | None] = ()

    def leaves(self) -> Iterator[Leaf]:
        """Yield them one by one."""
        for row in zip(*self, strict=True):
            yield _leaf(*row)

    def with_bodies(self) -> "Block":
        """Return those whose events are there."""
        if None not in self.bodies:
            return self
        there = [body is not None for body in self.bodies]
        return _block(list(compress(column, there)) for column in self)


def _leaf(
    place: int,
    leaf_hash: bytes,
    event_id: bytes,
    body: bytes | None,
    at: datetime | None,
    request_id: bytes | None,
    *texts: str | None,
) -> Leaf:
    request = UUID(bytes=request_id) if request_id else None
    return Leaf(place, leaf_hash, UUID(bytes=event_id), body, at, request, *texts)


def _block(columns: Iterable[Any]) -> Block:
    return Block(*columns)


class LeafBlocks:
    """The leaves of a tenant in their order, as they were when this was made, a block at a time."""

    def __init__(self, tenant_id: UUID, start: int, end: int) -> None:
        connection.ensure_connection()
        # A server-side cursor of the driver itself: binary, so that bodies are not sent as hex.
        self._cursor = connection.connection.cursor(name="retracing", binary=True)
        self._cursor.adapters.register_loader("uuid", ByteaBinaryLoader)
        first = start - start % BLOCK
        places = {"tenant": tenant_id, "first": first, "start": start, "end": end}
        self._cursor.execute(_BLOCKS, places)
        self._block, self._taken = Block(), 0
        self._reached, self._fetched = start, first
        self._end = end

    def take(self, upto: int) -> tuple[Block, int]:
        """Return the next leaves before the index `upto`, and the index that they go to: no
        further than the block that is at hand."""
        if self._reached >= self._fetched:
            self._fetch()
        self._reached = min(upto, self._fetched)
        stop = bisect_left(self._block.indexes, self._reached, self._taken)
        taken = _block(column[self._taken : stop] for column in self._block)
        self._taken = stop
        return taken, self._reached

    def _fetch(self) -> None:
        columns = self._cursor.fetchone()
        # The arrays of no leaf at all are no arrays.
        self._block = _block(columns) if columns and columns[0] else Block()
        self._taken, self._fetched = 0, min(self._fetched + BLOCK, self._end)

    def close(self) -> None:
        """Let the database forget what is not taken."""
        self._cursor.close()


def fits(block: Block, tenant: str) -> bool:
    """Tell whether every body hashes to its leaf, and every column says what its body says."""
    bodies = [body for body in block.bodies if body is not None]
    # Written out, not `leaf_hash`: a million of them are made.
    if block.leaf_hashes != [sha256(b"\x00" + body).digest() for body in bodies]:
        return False
    try:
        told = list(map(read_body, bodies))
    except BodyInvalid:
        return False
    return (
        [each.type for each in told] == block.types
        and [each.actor.id for each in told] == block.actors
        and [each.actor.kind for each in told] == block.actor_kinds
        and [each.subject.id for each in told] == block.subjects
        and [each.subject.type for each in told] == block.subject_types
        and [each.at for each in told] == block.times
        and {each.tenant for each in told} <= {tenant}
        and are_ids([each.id for each in told], "ev_", block.event_ids)
        and are_ids(
            [each.request for each in told if each.request],
            "ar_",
            [each for each in block.requests if each is not None],
        )
        and [not each.request for each in told] == [each is None for each in block.requests]
    )


# Everything that is no digit of an id becomes one that `int` refuses.
_CROCKFORD: Final = dict.fromkeys(range(128), "!") | str.maketrans(
    "0123456789abcdefghjkmnpqrstvwxyz", "0123456789abcdefghijklmnopqrstuv"
)
_DIGITS: Final = 26
# 26 digits are 130 bits. With six in front they are 20 bytes: four of zeros, and those of the id.
_SIX: Final = "000000"
_FOUR: Final = bytes(4)


def are_ids(names: Sequence[str], prefix: str, ids: Sequence[bytes]) -> bool:
    """Whether each name is the public id of this kind (`ev_`) for the bytes at its place.

    All of them are read as one number: a call for each name would cost as much as its hash.
    """
    if len(names) != len(ids) or not names:
        return len(names) == len(ids)
    skip, count = len(prefix), len(names)
    if set(map(len, names)) != {skip + _DIGITS}:
        return False
    joined = "".join(names)
    if any(joined[at :: skip + _DIGITS] != prefix[at] * count for at in range(skip)):
        return False
    digits = joined.replace(prefix, _SIX)
    if len(digits) != (len(_SIX) + _DIGITS) * count or not digits.isascii():
        return False
    try:
        number = int(digits.translate(_CROCKFORD), 32)
    except ValueError:
        return False
    return number.to_bytes(20 * count, "big") == _FOUR + _FOUR.join(ids)


def is_id(name: str, prefix: str, ident: UUID) -> bool:
    """Whether a name is the public id of this kind for this id."""
    return are_ids([name], prefix, [ident.bytes])
