"""Exports: what was given is recorded, also when the reader hangs up."""

import json

import pytest

from audit.models import LedgerEvent
from audit.selectors.events import EventFilter
from audit.services.exports import stream_export
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import ALICE, write_events

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("lines", "complete"), [(1, False), (2, False), (3, True)])
def test_what_was_given_is_recorded(lines: int, complete: bool) -> None:
    tenant_id = new_id()
    write_events(tenant_id, 3)
    export = stream_export(tenant_id=tenant_id, actor=ALICE, wanted=EventFilter())
    given = [next(export) for _ in range(lines)]
    if complete:
        assert list(export) == []
    export.close()
    assert [line[-1:] for line in given] == [b"\n"] * lines
    with tenant_transaction(tenant_id):
        data = json.loads(bytes(LedgerEvent.objects.get(type="export.made").body))["data"]
    assert (data["count"], data["complete"]) == (lines, complete)
