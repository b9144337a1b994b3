"""Exports: each line as it was hashed, and what was given is recorded."""

import json
from hashlib import sha256

import pytest

from audit.models import LedgerEvent
from audit.selectors.events import EventFilter
from audit.services.exports import make_export
from govapp.common.errors import Malformed
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import ALICE, write_events

pytestmark = pytest.mark.django_db


def test_what_was_given_is_recorded() -> None:
    tenant_id = new_id()
    write_events(tenant_id, 3)
    with tenant_transaction(tenant_id):
        bodies = LedgerEvent.objects.order_by("occurred_at", "id").values_list("body", flat=True)
        expected = b"".join(bytes(body) + b"\n" for body in bodies)
        export = make_export(actor=ALICE, wanted=EventFilter())
        made = LedgerEvent.objects.get(type="export.made")
    # The file outlives the transaction.
    with export.file as file:
        assert file.read() == expected
    data = json.loads(bytes(made.body))["data"]
    assert (data["count"], data["bytes"]) == (3, len(expected)) == (export.count, export.size_bytes)
    assert data["sha256"] == sha256(expected).hexdigest() == export.sha256


def test_a_filter_that_makes_no_sense_exports_nothing() -> None:
    with tenant_transaction(new_id()):
        with pytest.raises(Malformed):
            make_export(actor=ALICE, wanted=EventFilter(since="soon"))
        assert LedgerEvent.objects.count() == 0
