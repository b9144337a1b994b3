"""Writing hundreds of events as arrays, in one statement.

Hundreds of rows of placeholders take longer to read than to write. The bodies are one long text
of bytes, which PostgreSQL cuts: as an array, each byte would be sent as two characters and read
one by one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate, repeat
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from audit.services.alike import Alike, write_alike
from audit.services.bodies import Bodies, Entry
from audit.services.commitments import INSERT_SEALED
from govapp.common import clock
from govapp.common.arrays import number_array, text_array, time_array, uuid_array
from govapp.common.ids import FreshId, new_ids
from govapp.common.tenancy import require_tenant_id

# `begins` is where a body begins, counted from 1. Names of our own, and nothing else.
_INSERT: Final = f"""
WITH line AS MATERIALIZED (
  SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[], %s::text[],
      %s::text[], %s::text[], %s::text[], %s::uuid[], %s::int[], %s::int[])
    AS line (place, id, type, occurred_at, actor_kind, actor_id, subject_type, subject_id,
      request_id, begins, bytes)),
event AS (
  INSERT INTO audit_ledgerevent (tenant_id, id, type, occurred_at, actor_kind, actor_id,
    subject_type, subject_id, request_id, body)
  SELECT %s, id, type, occurred_at, actor_kind, actor_id, subject_type, subject_id, request_id,
    substring(%s::bytea FROM begins FOR bytes) FROM line),
{INSERT_SEALED}
INSERT INTO audit_ledgerqueueitem (tenant_id, id, event_id) SELECT %s, place, id FROM line
"""  # noqa: S608


def entries_of(each: Entry | Alike) -> Iterable[Entry]:
    """Return the events one by one."""
    return each.entries() if isinstance(each, Alike) else (each,)


@dataclass
class _Columns:
    """The columns of the events of one call, each value of one event at the same place."""

    types: list[str] = field(default_factory=list)
    moments: list[datetime] = field(default_factory=list)
    actor_kinds: list[str] = field(default_factory=list)
    actor_ids: list[str] = field(default_factory=list)
    subject_types: list[str] = field(default_factory=list)
    subject_ids: list[str] = field(default_factory=list)
    request_ids: list[UUID | None] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def add(self, like: Entry, moment: datetime, bodies: Sequence[bytes]) -> None:
        """Take so many bodies, and what those events have from the first of them."""
        count = len(bodies)
        self.bodies += bodies
        self.types += repeat(like.event_type, count)
        self.moments += repeat(moment, count)
        self.actor_kinds += repeat(like.actor.kind, count)
        self.actor_ids += repeat(like.actor.id, count)
        self.subject_types += repeat(like.subject.type, count)

    def parameters(self, idents: Sequence[FreshId]) -> list[Any]:
        lengths = [*map(len, self.bodies)]
        return [
            uuid_array(new_ids(len(idents))),
            uuid_array(idents),
            text_array(self.types),
            time_array(self.moments),
            text_array(self.actor_kinds),
            text_array(self.actor_ids),
            text_array(self.subject_types),
            text_array(self.subject_ids),
            uuid_array(self.request_ids),
            number_array(accumulate(lengths[:-1], initial=1)),
            number_array(lengths),
            require_tenant_id(),
            b"".join(self.bodies),
        ]


def insert_set(entries: Sequence[Entry | Alike], idents: Sequence[FreshId]) -> None:
    """Write the events under these ids, in their order, with their places in the queue.

    One statement, one more when an entry does not say when it was.
    """
    bodies, columns = Bodies(), _Columns()
    firsts = [each.first if isinstance(each, Alike) else each for each in entries]
    now = None if all(entry.at for entry in firsts) else clock.now()
    begun = 0
    for each, first in zip(entries, firsts, strict=True):
        moment = first.at or now
        if moment is None:
            raise ValueError("An event has a time.")
        if isinstance(each, Alike):
            mine = idents[begun : begun + len(each)]
            columns.add(first, moment, write_alike(bodies, each, mine, moment))
            columns.request_ids += [first.request_id, *(one for one, _ in each.others)]
            columns.subject_ids += each.subject_ids
            begun += len(each)
        else:
            columns.add(first, moment, [bodies.write(first, idents[begun], moment)])
            columns.request_ids.append(first.request_id)
            columns.subject_ids.append(first.subject.id)
            begun += 1
    with transaction.get_connection().cursor() as cursor:
        sealed = bodies.sealing.parameters()
        cursor.execute(_INSERT, [*columns.parameters(idents), *sealed, require_tenant_id()])
