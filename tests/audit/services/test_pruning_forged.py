"""What somebody takes away, puts back or rewrites beside a pruning is found."""

import json
from uuid import UUID

import pytest

from audit.merkle.tree import leaf_hash
from audit.models import LedgerEvent
from audit.services.sequencer import sequence_tenant
from audit.services.verification import verify_tenant
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import write_event
from tests.audit.conftest import Run
from tests.audit.keeping import events_at, kinds_found, old_tenant, prune, pruned_event

pytestmark = pytest.mark.usefixtures("committed", "kept_a_year")


def test_one_more_that_is_deleted_is_found(forge: Run) -> None:
    tenant_id = old_tenant(10, 10)
    prune(tenant_id)
    assert kinds_found(tenant_id) == []
    forge("DELETE FROM audit_ledgerevent WHERE id = %s", events_at(tenant_id)[13])
    assert kinds_found(tenant_id) == [("event deleted", 13)]


def test_the_one_before_what_was_pruned_is_found_when_it_goes(forge: Run) -> None:
    tenant_id = old_tenant(10, 10)
    prune(tenant_id)
    forge("DELETE FROM audit_ledgerevent WHERE id = %s", events_at(tenant_id)[0])
    assert kinds_found(tenant_id) == [("event deleted", 0)]


def pruned_but_one(forge: Run, old: int, index: int) -> UUID:
    """A tenant of which all that is old is pruned; then the event at this index is put back."""
    tenant_id = old_tenant(old, 5)
    columns = (
        "id, tenant_id, type, occurred_at, actor_kind, actor_id, subject_type, subject_id,"
        " request_id, body"
    )
    forge(f"CREATE TEMP TABLE kept AS SELECT {columns} FROM audit_ledgerevent WHERE id = %s",  # noqa: S608
          events_at(tenant_id)[index])  # fmt: skip
    prune(tenant_id)
    forge(f"INSERT INTO audit_ledgerevent ({columns}) SELECT {columns} FROM kept")  # noqa: S608
    return tenant_id


def test_what_is_said_to_be_pruned_and_is_there_is_found(forge: Run) -> None:
    tenant_id = pruned_but_one(forge, 5, 3)
    (finding,) = verify_tenant(tenant_id=tenant_id).findings
    assert str(finding) == "pruning: 1 events are there that the record says were pruned"


def test_what_is_there_is_counted_also_when_a_leaf_is_missing(forge: Run) -> None:
    tenant_id = pruned_but_one(forge, 600, 3)
    forge("DELETE FROM audit_ledgerleaf WHERE event_id = %s", events_at(tenant_id)[400])
    found = verify_tenant(tenant_id=tenant_id).findings
    assert [str(each).partition(" (")[0] for each in found] == [
        "leaf missing: the leaves 400 to 400 are gone",
        "pruning: 1 events are there that the record says were pruned",
        "pruning: the leaves that it names are not those of the events that were pruned",
    ]


@pytest.mark.parametrize(
    ("statement", "places"),
    [
        ("UPDATE audit_prunedrange SET last = last + 3 WHERE first = 1", [1, 11]),
        ("UPDATE audit_prunedrange SET pruned_at = pruned_at - interval '1 day'", [1, 11]),
        ("UPDATE audit_prunedrange SET event_id = tenant_id", [1, 11]),
        ("DELETE FROM audit_prunedrange", [11]),
    ],
)
def test_rows_of_ranges_that_are_not_those_of_the_record_are_found(
    forge: Run, statement: str, places: list[int]
) -> None:
    tenant_id = old_tenant(5, 5)
    prune(tenant_id)
    assert pruned_event(tenant_id)[0] == 11
    forge(statement)
    assert kinds_found(tenant_id) == [("pruning", place) for place in places]


def test_a_range_of_which_the_record_says_nothing_is_found(forge: Run) -> None:
    tenant_id = old_tenant(5, 5)
    prune(tenant_id)
    forge(
        "INSERT INTO audit_prunedrange (id, tenant_id, pruning_id, event_id, first, last,"
        " first_at, last_at, pruned_at) SELECT gen_random_uuid(), tenant_id, pruning_id, event_id,"
        " 7, 8, first_at, last_at, pruned_at FROM audit_prunedrange"
    )
    (finding,) = verify_tenant(tenant_id=tenant_id).findings
    assert (finding.kind, finding.index) == ("pruning", 7)
    assert finding.what == "a row says that 7 to 8 were pruned, the record does not"


@pytest.mark.parametrize("length", [0, 31, 64])
def test_a_pruned_leaf_that_is_no_hash_is_found(forge: Run, length: int) -> None:
    tenant_id = old_tenant(299, 10)
    prune(tenant_id)
    forge("UPDATE audit_ledgerleaf SET leaf_hash = %s WHERE event_id = %s",
          bytes(length), events_at(tenant_id)[4])  # fmt: skip
    assert kinds_found(tenant_id) == [("leaf", 4)]


def test_a_pruned_leaf_that_names_another_event_is_found(forge: Run) -> None:
    tenant_id = old_tenant(10, 10)
    prune(tenant_id)
    index, _ = pruned_event(tenant_id)
    forge("UPDATE audit_ledgerleaf SET event_id = %s WHERE event_id = %s",
          new_id(), events_at(tenant_id)[4])  # fmt: skip
    assert kinds_found(tenant_id) == [("pruning", index)]
    assert [found.kind for found in verify_tenant(tenant_id=tenant_id, from_size=11).findings] == []


def test_pruned_leaves_that_change_places_are_found(forge: Run) -> None:
    tenant_id = old_tenant(10, 10)
    prune(tenant_id, batch=4)
    ids = events_at(tenant_id)
    index = min(at for at, ident in ids.items() if ident in naming(tenant_id))
    for ident, other in ((ids[2], new_id()), (ids[3], ids[2])):
        forge("UPDATE audit_ledgerleaf SET event_id = %s WHERE event_id = %s", other, ident)
    forge('UPDATE audit_ledgerleaf SET event_id = %s WHERE "index" = 2 AND tenant_id = %s',
          ids[3], tenant_id)  # fmt: skip
    assert kinds_found(tenant_id) == [("pruning", index)]


def naming(tenant_id: UUID) -> set[UUID]:
    """The events that name what was pruned."""
    with tenant_transaction(tenant_id):
        return set(LedgerEvent.objects.filter(type="ledger.pruned").values_list("pk", flat=True))


@pytest.mark.parametrize(("first", "last"), [(1, 11), (0, 10), (1, 400)])
def test_a_range_that_was_made_larger_is_not_believed(forge: Run, first: int, last: int) -> None:
    tenant_id = old_tenant(10, 10)
    prune(tenant_id)
    index, _ = pruned_event(tenant_id)
    event_id = events_at(tenant_id)[index]
    ((body,),) = forge("SELECT body FROM audit_ledgerevent WHERE id = %s", event_id)
    forged = json.loads(body)
    forged["data"]["ranges"] = [{"first": first, "last": last}]
    line = json.dumps(forged, separators=(",", ":"), ensure_ascii=False, sort_keys=True).encode()
    forge("UPDATE audit_ledgerevent SET body = %s WHERE id = %s", line, event_id)
    found = kinds_found(tenant_id)
    assert ("pruning", index) in found
    assert ("event changed", index) in found
    assert [place for kind, place in found if kind == "event deleted"] == list(range(1, 11))
    # With its leaf: then the leaf does not lead to the signed root.
    forge("UPDATE audit_ledgerleaf SET leaf_hash = %s WHERE event_id = %s",
          leaf_hash(line), event_id)  # fmt: skip
    found = kinds_found(tenant_id)
    assert ("pruning", index) in found
    assert ("checkpoint", 11) not in found
    assert [kind for kind, _ in found if kind == "checkpoint"] == ["checkpoint"]


def test_a_pruning_that_is_not_in_the_tree_is_not_believed(forge: Run) -> None:
    tenant_id = old_tenant(10, 10)
    write_event(
        tenant_id,
        event_type="ledger.pruned",
        data={"ranges": [{"first": 4, "last": 4}], "reason": "none"},
    )
    forge("DELETE FROM audit_ledgerevent WHERE id = %s", events_at(tenant_id)[4])
    assert kinds_found(tenant_id) == [("event deleted", 4)]


def test_a_pruning_of_what_comes_later_is_not_believed(forge: Run) -> None:
    tenant_id = old_tenant(10, 10)
    data = {"ranges": [{"first": 4, "last": 40}], "reason": "none"}
    write_event(tenant_id, event_type="ledger.pruned", data=data)
    sequence_tenant(tenant_id=tenant_id)
    forge("DELETE FROM audit_ledgerevent WHERE id = %s", events_at(tenant_id)[4])
    assert kinds_found(tenant_id) == [("pruning", 21), ("event deleted", 4)]
