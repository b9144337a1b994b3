"""Sealing the personal texts of events that are recorded together, each under its subject's key.

Nobody asks the database for a key: whoever writes and knows none makes one, whose row travels in
the statement of the event. A key is known to this process once its transaction is committed.
"""

import hmac
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from time import monotonic
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import connections, transaction

from audit.merkle.commitments import Hidden
from audit.sealed_texts import seal_texts
from govapp.common.arrays import bytes_array, text_array, uuid_array
from govapp.common.gathered import Lines
from govapp.common.ids import FreshId, new_id, new_ids, public_id
from govapp.common.sealing import seal
from govapp.common.tenancy import require_tenant_id
from govapp.common.writing import times_undone

_KEPT_SECONDS: Final = 3600
_KEPT: Final = 4096

INSERT_SEALED: Final = """
sealing_key AS (
  INSERT INTO audit_ledgersubject (tenant_id, id, ref, key_sealed)
  SELECT %s, each.* FROM unnest(%s::uuid[], %s::text[], %s::bytea[]) AS each
  ON CONFLICT DO NOTHING),
disclosure AS (
  INSERT INTO audit_ledgerdisclosure (tenant_id, id, event_id, subject_key_id, sealed)
  SELECT %s, each.* FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::bytea[]) AS each)
"""
"""Both tables' rows as parts of another statement; `Sealing.parameters` has their values."""

_KEY_COLUMNS: Final = ("tenant_id", "id", "ref", "key_sealed")
_DISCLOSURE_COLUMNS: Final = ("tenant_id", "id", "event_id", "subject_key_id", "sealed")

_Place = tuple[UUID, str]  # tenant and subject


@dataclass(frozen=True, slots=True)
class _Key:
    id: UUID
    box: AESGCM
    sealed: bytes
    made_at: float  # of the process's monotonic clock


class Sealing:
    """Collects the rows that belong to events: keys (some there already) and disclosures."""

    def __init__(self) -> None:
        self._keys: dict[UUID, tuple[str, bytes]] = {}
        self._disclosures: list[tuple[FreshId, UUID, bytes]] = []  # event, key, what is sealed

    def __len__(self) -> int:
        """Return how many rows of sealed texts there are."""
        return len(self._disclosures)

    def add(self, event_id: FreshId, hidden: tuple[Hidden, ...]) -> None:
        """Take the hidden texts of one event."""
        by_subject: dict[str, list[Hidden]] = {}
        for each in hidden:
            by_subject.setdefault(each.of, []).append(each)
        for ref, texts in by_subject.items():
            key = self._key(ref)
            sealed = seal_texts(key.box, event_id, key.id, texts)
            self._disclosures.append((event_id, key.id, sealed))

    def key_lines(self) -> Lines:
        """Return the keys' rows, to be written before those of `disclosure_lines`."""
        tenant_id = require_tenant_id()
        rows = [(tenant_id, key, *values) for key, values in self._keys.items()]
        return Lines("audit_ledgersubject", _KEY_COLUMNS, rows, skips_conflicts=True)

    def disclosure_lines(self) -> Lines:
        """Return the sealed texts' rows. The ids of their events are `UUID`s."""
        tenant_id = require_tenant_id()
        rows = [(tenant_id, new_id(), *values) for values in self._disclosures]
        return Lines("audit_ledgerdisclosure", _DISCLOSURE_COLUMNS, rows)

    def parameters(self) -> list[Any]:
        """Return the values for `INSERT_SEALED`."""
        tenant_id = require_tenant_id()
        return [
            tenant_id,
            uuid_array(self._keys),
            text_array(ref for ref, _ in self._keys.values()),
            bytes_array(sealed for _, sealed in self._keys.values()),
            tenant_id,
            uuid_array(new_ids(len(self._disclosures))),
            uuid_array(event for event, _, _ in self._disclosures),
            uuid_array(key for _, key, _ in self._disclosures),
            bytes_array(sealed for _, _, sealed in self._disclosures),
        ]

    def _key(self, ref: str) -> _Key:
        place = (require_tenant_id(), ref)
        if (known := _STORED.get(place)) is not None:
            return known
        mine = _not_committed()
        key = mine.get(place) or _made()
        if key.id not in self._keys:
            # Written again until it is committed: a savepoint may have undone it meanwhile.
            self._keys[key.id] = (ref, key.sealed)
            mine[place] = key
            _keep_when_committed(place, key)
        return key


def address_ref(address: str) -> str:
    """Return the subject that an e-mail address of the bound tenant belongs to, wherever it stands.

    Whoever reads the record cannot find the address by trying: it is keyed.
    """
    return _address_ref(require_tenant_id(), address.lower(), settings.SEALING_KEYS[0])


def address_refs(address: str) -> list[str]:
    """Return every subject that it may have belonged to under former sealing keys."""
    tenant_id = require_tenant_id()
    return [_address_ref(tenant_id, address.lower(), key) for key in settings.SEALING_KEYS]


@lru_cache(maxsize=4096)
def _address_ref(tenant_id: UUID, address: str, key: str) -> str:
    digest = hmac.digest(key.encode(), b"address\0" + tenant_id.bytes + address.encode(), "sha256")
    return public_id("adr", UUID(bytes=digest[:16]))


def forget_keys(ref: str) -> None:
    """Drop what this process knows of a subject of the bound tenant."""
    place = (require_tenant_id(), ref)
    _STORED.drop(place)
    _not_committed().pop(place, None)


class _Stored:
    """Keys whose rows are committed, of every tenant, for an hour at most."""

    def __init__(self) -> None:
        self._keys: OrderedDict[_Place, _Key] = OrderedDict()
        self._lock = Lock()

    def get(self, place: _Place) -> _Key | None:
        with self._lock:
            key = self._keys.get(place)
            if key is not None and monotonic() - key.made_at > _KEPT_SECONDS:
                del self._keys[place]
                return None
            return key

    def put(self, place: _Place, key: _Key) -> None:
        with self._lock:
            self._keys.setdefault(place, key)
            while len(self._keys) > _KEPT:
                self._keys.popitem(last=False)

    def drop(self, place: _Place) -> None:
        with self._lock:
            self._keys.pop(place, None)


_STORED: Final = _Stored()


def _made() -> _Key:
    secret = AESGCM.generate_key(256)
    return _Key(new_id(), AESGCM(secret), seal(secret), monotonic())


def _not_committed() -> dict[_Place, _Key]:
    """Return this connection's own keys: nobody else waits for a row that is not committed."""
    keys: dict[_Place, Any] = vars(connections["default"]).setdefault("govapp_subject_keys", {})
    if len(keys) > _KEPT:
        keys.clear()
    return keys


def _keep_when_committed(place: _Place, key: _Key) -> None:
    undone, mine = times_undone(), _not_committed()

    def keep() -> None:
        mine.pop(place, None)
        if times_undone() == undone:
            _STORED.put(place, key)

    transaction.on_commit(keep)
