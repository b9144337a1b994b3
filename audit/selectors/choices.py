"""What the filters of the record offer: the types and the actors that occur in it."""

from typing import Final, NamedTuple

from django.db import connection

from audit.selectors.disclosures import disclose
from audit.selectors.events import visible, words_of
from govapp.common.tenancy import require_tenant_id

_MOST: Final = 200
# Hops from one value to the next through the index.
_HOP: Final = """{column}_hop (tenant_id, value) AS (
  (SELECT tenant_id, {column} FROM audit_ledgerevent WHERE tenant_id = %s
   ORDER BY {column} LIMIT 1)
  UNION ALL
  SELECT hop.tenant_id, (SELECT {column} FROM audit_ledgerevent AS event
    WHERE event.tenant_id = hop.tenant_id AND event.{column} > hop.value
    ORDER BY event.{column} LIMIT 1)
  FROM {column}_hop AS hop WHERE hop.value IS NOT NULL)"""
_CHOICES: Final = f"""
WITH RECURSIVE {_HOP.format(column="type")}, {_HOP.format(column="actor_id")}
(SELECT hop.value, NULL::uuid, NULL::bytea FROM type_hop AS hop
 WHERE hop.value IS NOT NULL LIMIT %s)
UNION ALL
(SELECT hop.value, newest.id, newest.body FROM actor_id_hop AS hop, LATERAL (
   SELECT id, body FROM audit_ledgerevent
   WHERE tenant_id = hop.tenant_id AND actor_id = hop.value
   ORDER BY occurred_at DESC LIMIT 1) AS newest
 WHERE hop.value IS NOT NULL LIMIT %s)
"""  # noqa: S608 - columns of ours


class Choice(NamedTuple):
    """A value that a filter offers, with its words."""

    value: str
    words: str


class Choices(NamedTuple):
    """Types in order of name, and who occurs as an actor, as their newest event names them."""

    types: list[Choice]
    actors: list[Choice]


def event_choices() -> Choices:
    """Return what occurs. Two queries, which read an entry of an index for each value."""
    with connection.cursor() as cursor:
        cursor.execute(_CHOICES, [require_tenant_id()] * 2 + [_MOST] * 2)
        found = cursor.fetchall()
    types = [Choice(value, words_of(value)) for value, ident, _ in found if ident is None]
    newest = {ident: bytes(body) for _, ident, body in found if ident is not None}
    bodies = disclose(newest)
    actors = [
        Choice(value, visible(str(bodies[ident].get("actor", {}).get("name", value))))
        for value, ident, _ in found
        if ident is not None
    ]
    return Choices(types, sorted(actors, key=lambda choice: choice.words.casefold()))
