"""docs/events.md, made from the catalogue: `python -m audit.schema.page > docs/events.md`."""

import sys
from collections.abc import Iterator
from itertools import groupby

from audit.schema.catalogue import EVENTS
from audit.schema.event_type import EventType, Field

_HEAD = """\
# Events of the record

One line of JSON each (RFC 8785), version 2. Made from `audit/schema/tables.py`; a test compares.

Every event has `v`, `id`, `tenant`, `type`, `at` (the database's clock, UTC), `actor`
(kind, id, name), `subject` (type, id, label), `summary` (one sentence) and `data`; some have
`on_behalf_of`, `delegation` (the chain under which an agent acts: `id`, `from` and `to` of each
link, the first one first), `request` (the action request that it belongs to), `correlation` and
`key` (by which an agent called).

**Personal texts are not in the hashed bytes.** Where a person's name or address stood, what a
person wrote, or what a request asks for, there is `⟦n⟧`; `personal` says for each number of whom
it is (`of`), of what kind (`name`, `words`, `content`), and HMAC-SHA256(salt, JCS(text)) in
hexadecimal. `⟦0⟧` is the character ⟦ itself. The texts with their salts lie beside the record,
under keys that can be destroyed; whoever is given a text and its salt can prove what stood there.
Events of version 1 have their texts in the bytes.

A `?` marks what may be null, a `~` what is not always there. A value that was too large is
`{"sha256", "bytes", "cut": true}`. What happens to a drill or a canary has the types of a request
behind `drill.` or `canary.`.
"""


def page() -> str:
    """Return the page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _HEAD
    for group, events in groupby(EVENTS.values(), key=lambda each: each.group):
        yield f"## {group}\n"
        yield "| type | what it says | data |"
        yield "| --- | --- | --- |"
        yield from map(_row, events)
        yield ""


def _row(event: EventType) -> str:
    fields = ", ".join(f"`{_field(each)}`" for each in event.fields)
    return f"| `{event.name}` | {event.words} | {fields} |"


def _field(field: Field) -> str:
    kind = "" if field.kind == "text" else f": {field.kind}"
    return f"{field.name}{kind}{'?' * field.is_nullable}{'~' * field.is_optional}"


if __name__ == "__main__":
    sys.stdout.write(page())
