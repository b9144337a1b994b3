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

_CUT: Final = MAX_BYTES + 1


def _within(column: str, cut: str = "left({}, %(cut)s)") -> str:
    """A column as no more than a genuine one can have: PostgreSQL has an end for what it sends at
    once, and what somebody blew up is to be found, not to stop the search."""
    return f"CASE WHEN octet_length({column}) > %(cut)s THEN {cut.format(column)} ELSE {column} END"


# Each block is one row: a row for each leaf would cost as much as all its hashes. Of more leaves
# than a block has indexes only as many are looked at as show it. What PostgreSQL takes for a time
# and Python does not (infinity, the year 20000) is none.
_BLOCKS: Final = f"""
SELECT block.*
FROM (SELECT generate_series(%(first)s::bigint, %(end)s::bigint - 1, %(block)s) AS "from") AS place,
LATERAL (
    SELECT array_agg(each.index), array_agg(each.leaf_hash), array_agg(each.event_id),
           array_agg(each.body), array_agg(each.type), array_agg(each.at),
           array_agg(each.actor_kind), array_agg(each.actor_id), array_agg(each.subject_type),
           array_agg(each.subject_id), array_agg(each.request_id)
    FROM (
        SELECT l.index, coalesce(substring(l.leaf_hash FOR {_MOST_OF_A_HASH}), '') AS leaf_hash,
               coalesce(l.event_id, '{UUID(int=0)}') AS event_id,
               {_within("e.body", "substring({} FOR %(cut)s)")} AS body,
               {_within("e.type")} AS type,
               CASE WHEN e.occurred_at BETWEEN '0002-01-01' AND '9999-01-01'
                    THEN e.occurred_at END AS at,
               {_within("e.actor_kind")} AS actor_kind, {_within("e.actor_id")} AS actor_id,
               {_within("e.subject_type")} AS subject_type,
               {_within("e.subject_id")} AS subject_id, e.request_id
        FROM audit_ledgerleaf l
        LEFT JOIN audit_ledgerevent e ON e.tenant_id = l.tenant_id AND e.id = l.event_id
        WHERE l.tenant_id = %(tenant)s AND l.index >= GREATEST(place."from", %(start)s)
          AND l.index < LEAST(place."from" + %(block)s, %(end)s)
        ORDER BY l.index
        LIMIT 2 * %(block)s
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
BodyInvalid: Final = (msgspec.DecodeError, msgspec.ValidationError)


class Leaf(NamedTuple):
    """One leaf, and the columns of its event: all None when that is not there."""

    place: int
    leaf_hash: bytes
    event_id: UUID
    body: bytes | None
    type: str | None
    at: datetime | None
    actor_kind: str | None
    actor_id: str | None
    subject_type: str | None
    subject_id: str | None
    request_id: UUID | None


class Block(NamedTuple):
    """Leaves in their order, as columns. Ids are the bytes that PostgreSQL sends."""

    indexes: Sequence[int] = ()
    leaf_hashes: Sequence[bytes] = ()
    event_ids: Sequence[bytes] = ()
    bodies: Sequence[bytes | None] = ()
    types: Sequence[str | None] = ()
    times: Sequence[datetime | None] = ()
    actor_kinds: Sequence[str | None] = ()
    actors: Sequence[str | None] = ()
    subject_types: Sequence[str | None] = ()
    subjects: Sequence[str | None] = ()
    requests: Sequence[bytes | None] = ()

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


def _leaf(place: int, leaf_hash: bytes, event_id: bytes, *columns: Any) -> Leaf:
    *others, request_id = columns
    values: Iterable[Any] = (*others, request_id and UUID(bytes=request_id))
    return Leaf(place, leaf_hash, UUID(bytes=event_id), *values)


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
        self._cursor.execute(
            _BLOCKS,
            {
                "tenant": tenant_id, "first": first, "start": start, "end": end,
                "block": BLOCK, "cut": _CUT,
            },
        )  # fmt: skip
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
