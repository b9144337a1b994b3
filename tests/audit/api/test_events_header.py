"""What was done through the API is answered with the names of its events."""

from typing import Any

import pytest

from audit.models import LedgerEvent
from audit.services.naming import note_recorded, recorded_events
from audit.services.sequencer import sequence_tenant
from govapp.common.ids import new_id, parse_public_id
from govapp.common.tenancy import tenant_transaction
from tests.approvals.api.agents import make_caller
from tests.support.committed import CommittedDatabase


def test_a_submission_names_its_events_and_each_has_a_receipt(
    committed_db: CommittedDatabase,
) -> None:
    world, caller = make_caller()
    answer = caller.submit()
    assert answer.status_code == 202, answer.content
    names = answer["Govapp-Events"].split(", ")
    idents = [parse_public_id("ev", name) for name in names]
    with tenant_transaction(world.company.id):
        types = dict(LedgerEvent.objects.filter(pk__in=idents).values_list("id", "type"))
    assert types[idents[0]] == "action_request.submitted"
    assert len(types) == len(names)
    while sequence_tenant(tenant_id=world.company.id):
        pass
    receipts = [caller.get(f"/api/v1/audit/receipts/{name}") for name in names]
    assert [receipt.json()["event"] for receipt in receipts] == names
    assert "Govapp-Events" not in receipts[0]


@pytest.mark.django_db
def test_only_what_was_committed_inside_is_named(
    django_capture_on_commit_callbacks: Any,
) -> None:
    kept, lost = new_id(), new_id()
    note_recorded([lost])
    with recorded_events() as events:
        with django_capture_on_commit_callbacks(execute=True):
            note_recorded([kept])
        with django_capture_on_commit_callbacks(execute=False):
            note_recorded([lost])
    assert events == [kept]
