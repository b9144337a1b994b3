"""What an event says, as the bytes that are hashed, stored and exported."""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from audit.actors import Actor, Content, Personal, RunPlace, Subject
from audit.merkle.canonical import CanonicalError, Writer, canonical_bytes, quick_bytes
from audit.merkle.commitments import PLACE_BEGINS, hide
from audit.services.commitments import Sealing, address_ref
from audit.services.fitting import fitted
from govapp.common.ids import FreshId, public_id
from govapp.common.middleware import correlation_id, key_in_use
from govapp.common.tenancy import require_tenant_id

SCHEMA_VERSION: Final = 2
"""2: personal texts are commitments (`audit.merkle.commitments`). 1 had them in the bytes."""

_PEOPLE: Final = frozenset({"member", "session", "invitation"})


class Entry(Struct, frozen=True):
    """What is to be recorded: one event that has no id yet.

    `summary` is one sentence that a person understands without anything else; `data` is what a
    machine needs, without floats (money as strings). `at` is the database's time when the caller
    has read it already. Texts about people and of their hand are marked (`audit.actors.Personal`)
    in `data`, or in `personal` when only the summary has them. `delegation` is the chain of
    delegations under which it is done: who handed what to whom, the first link first.
    """

    event_type: str
    actor: Actor
    subject: Subject
    summary: str
    data: Mapping[str, Any] | None = None
    request_id: UUID | None = None
    on_behalf_of: Actor | None = None
    at: datetime | None = None
    personal: tuple[Personal, ...] = ()
    run: RunPlace | None = None
    delegation: Sequence[Mapping[str, Any]] = ()


class Bodies:
    """Writes the bodies of events of the bound tenant that are recorded together."""

    def __init__(self, *, is_one: bool = False) -> None:
        # What is one object in several events is looked for when there are several.
        writer = None if is_one else Writer()
        self._write_quickly = writer.write_quickly if writer else quick_bytes
        self._write = writer.write if writer else canonical_bytes
        self._tenant = public_id("tn", require_tenant_id())
        self._correlation, self._key = correlation_id(), key_in_use()
        self.sealing = Sealing()

    def write(self, entry: Entry, ident: FreshId, moment: datetime) -> bytes:
        """Return the canonical bytes of one, what is too large cut. Raises `CanonicalError`."""
        whole = self._whole(entry, ident, moment)
        if not entry.personal:
            # Nobody's text: nothing to look for, unless an address is in it, or our own mark.
            data = self._write_quickly(whole)
            if data is not None and b"@" not in data and PLACE_BEGINS not in data:
                return data
        whole, hidden = hide(whole, entry.personal, address_of=address_ref)
        if hidden:
            self.sealing.add(ident, hidden)
        try:
            return self._write(whole)
        except CanonicalError:  # rare: most events are encoded once
            whole = _normalised(whole)
        try:
            return canonical_bytes(whole)
        except CanonicalError:
            return canonical_bytes(fitted(whole))

    def unhidden(self, entry: Entry, ident: FreshId, moment: datetime) -> dict[str, Any] | None:
        """Return one as it is written when nothing in it has to be hidden; None otherwise."""
        whole, hidden = hide(
            self._whole(entry, ident, moment), entry.personal, address_of=address_ref
        )
        return None if hidden or entry.personal else whole

    def _whole(self, entry: Entry, ident: FreshId, moment: datetime) -> dict[str, Any]:
        body: dict[str, Any] = {
            "v": SCHEMA_VERSION,
            "id": public_id("ev", ident),
            "tenant": self._tenant,
            "type": entry.event_type,
            "at": moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "actor": _named(entry.actor),
            "subject": {
                "type": entry.subject.type, "id": entry.subject.id, "label": _label(entry.subject),
            },
            "summary": entry.summary,
            "data": dict(entry.data or {}),
        }  # fmt: skip
        if entry.on_behalf_of is not None:
            body["on_behalf_of"] = _named(entry.on_behalf_of)
        if entry.delegation:
            body["delegation"] = list(entry.delegation)
        if entry.request_id is not None:
            body["request"] = public_id("ar", entry.request_id)
        if entry.run is not None:
            place = entry.run
            body["run"] = {"id": place.id, "seq": place.seq, "previous": place.previous}
        if self._correlation:
            body["correlation"] = self._correlation
        if self._key:
            body["key"] = self._key
        return body


def _named(actor: Actor) -> dict[str, str]:
    name = Personal(actor.name, actor.id) if actor.kind == "person" else actor.name
    return {"kind": actor.kind, "id": actor.id, "name": name}


def _label(subject: Subject) -> str:
    """A person's name or address, and what a request asks for, are marked here already."""
    if isinstance(subject.label, Personal):
        return subject.label
    if subject.type in _PEOPLE:
        return Personal(subject.label, subject.id)
    if subject.type == "action_request":
        return Content(subject.label, subject.id)
    return subject.label


def _normalised(value: Any) -> Any:
    """Return the value with every string in NFC: the record compares bytes (audit design)."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        return {_normalised(key): _normalised(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_normalised(item) for item in value]
    return value
