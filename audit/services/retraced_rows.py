"""Leaves with their events as they come from the database, in blocks; whole blocks checked at once.

A million events are checked in seconds: so what is compared here is compared as columns of a block,
in C, and only a block in which anything differs is looked at row by row (`retracing`).
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db import connection
from psycopg.types.numeric import Int8BinaryLoader
from psycopg.types.string import ByteaBinaryLoader

Row = tuple[Any, ...]

_FETCHED: Final = 2_000
_LEAVES: Final = """
SELECT l.index, l.leaf_hash, l.event_id, e.body, e.type, e.occurred_at, e.actor_kind, e.actor_id,
       e.subject_type, e.subject_id, e.request_id
FROM audit_ledgerleaf l
LEFT JOIN audit_ledgerevent e ON e.tenant_id = l.tenant_id AND e.id = l.event_id
WHERE l.tenant_id = %s AND l.index >= %s AND l.index < %s
ORDER BY l.index
"""
# What PostgreSQL counts a timestamp from, in microseconds.
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)


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


class LeafRows:
    """The leaves of a tenant in their order, read ahead a block at a time.

    Ids stay the bytes that PostgreSQL sends, and times its microseconds: `as_objects` makes them
    readable.
    """

    def __init__(self, tenant_id: UUID, start: int, end: int) -> None:
        connection.ensure_connection()
        # A server-side cursor of the driver itself: binary, so that bodies are not sent as hex.
        self._cursor = connection.connection.cursor(name="retracing", binary=True)
        self._cursor.adapters.register_loader("uuid", ByteaBinaryLoader)
        self._cursor.adapters.register_loader("timestamptz", Int8BinaryLoader)
        self._cursor.execute(_LEAVES, (tenant_id, start, end))
        self._waiting: list[Row] = []

    def take(self, count: int) -> list[Row]:
        """Return the next rows, fewer only at the end."""
        while len(self._waiting) < count:
            more = self._cursor.fetchmany(_FETCHED)
            if not more:
                break
            self._waiting += more
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    def close(self) -> None:
        """Let the database forget what is not taken."""
        self._cursor.close()

    def give_back(self, rows: list[Row]) -> None:
        """Let rows be taken again."""
        self._waiting = rows + self._waiting


def as_objects(row: Row) -> Row:
    """Return a row with its ids and its time as objects."""
    index, leaf, event_id, body, kind, at, *parties, request_id = row
    moment = at if at is None else _moment(at)
    return (
        index, leaf, UUID(bytes=event_id), body, kind, moment,
        *parties, request_id and UUID(bytes=request_id),
    )  # fmt: skip


def fits(rows: Sequence[Row], tenant: str) -> bool:
    """Tell whether every body hashes to its leaf, and every column says what its body says."""
    _, leaves, ids, bodies, types, times, kinds, actors, sorts, subjects, requests = zip(
        *rows, strict=True
    )
    if None in bodies or leaves != tuple([sha256(b"\x00" + body).digest() for body in bodies]):
        return False
    try:
        told = list(map(read_body, bodies))
        moments = [_EPOCH + timedelta(0, 0, at) for at in times]
    except (*BodyInvalid, OverflowError):
        return False
    return (
        [each.type for each in told] == list(types)
        and [each.actor.id for each in told] == list(actors)
        and [each.actor.kind for each in told] == list(kinds)
        and [each.subject.id for each in told] == list(subjects)
        and [each.subject.type for each in told] == list(sorts)
        and [each.at for each in told] == moments
        and {each.tenant for each in told} == {tenant}
        and are_ids([each.id for each in told], "ev_", ids)
        and are_ids(
            [each.request for each in told if each.request],
            "ar_",
            [each for each in requests if each is not None],
        )
        and [bool(each.request) for each in told] == [each is not None for each in requests]
    )


def _moment(at: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=at)
    except OverflowError:  # PostgreSQL has an infinity, and years that nobody else knows
        return datetime.max.replace(tzinfo=UTC)


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
