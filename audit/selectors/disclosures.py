"""Reading events: the hashed bytes with their places filled by what was not erased."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connection

from audit.merkle.commitments import fill
from audit.sealed_texts import open_key, open_texts
from govapp.common.arrays import uuid_array

_OPEN: Final = "⟦".encode()
_AT_ONCE: Final = 1000
# The events' rows first, which OFFSET 0 keeps apart. There are few keys beside hundreds of
# thousands of rows: joined freely, all of a tenant's were read to find those of one page.
_FIND: Final = """
SELECT found.event_id, found.subject_key_id, subject.ref, subject.key_sealed, found.sealed
FROM (
  SELECT event_id, subject_key_id, sealed FROM audit_ledgerdisclosure
  WHERE event_id = ANY(%s::uuid[]) OFFSET 0) AS found
JOIN audit_ledgersubject AS subject ON subject.id = found.subject_key_id
WHERE subject.key_sealed IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What opens one commitment of an event: HMAC-SHA256(salt, JCS(value))."""

    event_id: UUID
    number: int
    of: str
    salt: bytes
    value: str


def disclose(bodies: Mapping[UUID, bytes]) -> dict[UUID, dict[str, Any]]:
    """Return the events by id, parsed and with their places filled. One query, however many.

    What was erased reads "an erased person" for a name and "[erased]" for anything else. Events
    of version 1 have no places and are returned as they are.
    """
    values: dict[UUID, dict[int, str]] = defaultdict(dict)
    with_places = [ident for ident, body in bodies.items() if _OPEN in body]
    for each in disclosures_of(with_places):
        values[each.event_id][each.number] = each.value
    return {ident: _filled(body, values.get(ident, {})) for ident, body in bodies.items()}


def disclosures_of(event_ids: Sequence[UUID]) -> Iterator[Disclosure]:
    """Yield what opens the commitments of events, by event and number; nothing that was erased.

    One query for each thousand events.
    """
    for start in range(0, len(event_ids), _AT_ONCE):
        found = _opened(event_ids[start : start + _AT_ONCE])
        yield from sorted(found, key=lambda each: (each.event_id, each.number))


def _opened(event_ids: Sequence[UUID]) -> Iterator[Disclosure]:
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [uuid_array(event_ids)])
        rows = cursor.fetchall()
    boxes: dict[UUID, AESGCM] = {}
    for event_id, key_id, ref, key_sealed, sealed in rows:
        box = boxes.get(key_id)
        if box is None:
            box = boxes[key_id] = open_key(bytes(key_sealed))
        for number, salt, value in open_texts(box, event_id, key_id, bytes(sealed)):
            yield Disclosure(event_id, number, ref, salt, value)


def _filled(body: bytes, values: Mapping[int, str]) -> dict[str, Any]:
    parsed: dict[str, Any] = msgspec.json.decode(body)
    is_plain = _OPEN not in body or parsed.get("v") == 1
    return parsed if is_plain else fill(parsed, values)


def in_batches(rows: Iterable[Any], size: int = _AT_ONCE) -> Iterator[list[Any]]:
    """Yield rows in lists of so many at most."""
    batch: list[Any] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
