"""What is over age goes; every proof made before and after stays valid, and one more is found."""

from datetime import UTC, datetime, timedelta

import pytest

from audit.merkle.note import VerifierKey, open_checkpoint
from audit.merkle.proofs import verify_consistency, verify_inclusion
from audit.merkle.tree import leaf_hash
from audit.models import (
    LedgerDisclosure,
    LedgerEvent,
    Pruning,
    PruningStatus,
)
from audit.selectors.proofs import latest_checkpoint, prove_event, prove_growth
from audit.selectors.pruned import find_pruned, pruned_upto
from audit.selectors.retention import Minimum, Retention
from audit.services.pruning import run_pruning
from audit.services.sequencer import sequence_tenant
from audit.services.verification import verify_tenant
from govapp.common.ids import new_id, public_id
from govapp.common.tenancy import tenant_transaction
from tests.audit.books import write_event
from tests.audit.conftest import Run
from tests.audit.keeping import (
    NOW,
    WORDS,
    ask_and_confirm,
    events_at,
    old_tenant,
    prune,
    pruned_event,
    pruned_ranges,
    said,
)
from tests.support.tables import TABLES

pytestmark = pytest.mark.usefixtures("committed", "kept_a_year")


def test_pruning_a_year_leaves_every_older_proof_valid() -> None:
    tenant_id = old_tenant(300, 40)
    ids = events_at(tenant_id)
    with tenant_transaction(tenant_id):
        before = latest_checkpoint()
        proofs = {index: prove_event(ids[index]) for index in (1, 150, 300, 320)}
        bodies = dict(LedgerEvent.objects.values_list("pk", "body"))
    assert before is not None
    assert prune(tenant_id) == 300
    with tenant_transaction(tenant_id):
        after = latest_checkpoint()
        assert after is not None
        assert after.size > before.size
        growth = prove_growth(before.size, after.size)
        again = {index: prove_event(ids[index]) for index in (1, 150, 300, 320)}
        assert LedgerDisclosure.objects.filter(event_id=ids[1]).count() == 0
    for index, old in proofs.items():
        new = again[index]
        assert old is not None
        assert new is not None
        for each in (old, new):
            signed = open_checkpoint(
                each.checkpoint.note, verifier=VerifierKey.decode(each.checkpoint.vkey)
            )
            verify_inclusion(
                leaf=leaf_hash(bytes(bodies[ids[index]])),
                index=index,
                size=signed.size,
                proof=each.path,
                root=signed.root,
            )
    verify_consistency(
        old_size=before.size,
        new_size=after.size,
        old_root=before.root,
        new_root=after.root,
        proof=growth,
    )
    result = verify_tenant(tenant_id=tenant_id)
    assert (result.findings, result.pruned) == ([], 300)
    index, data = pruned_event(tenant_id)
    assert data["ranges"] == [{"first": 1, "last": 300}]
    assert (data["count"], data["before"]) == (300, "2025-03-10T00:00:00Z")
    assert index > 300


def test_the_words_are_in_no_table(forge: Run) -> None:
    tenant_id = old_tenant(20, 3)
    assert tables_with(forge, WORDS) == {"audit_ledgerevent"}
    prune(tenant_id)
    assert tables_with(forge, WORDS) == set()


def tables_with(forge: Run, words: str) -> set[str]:
    """Every table of the database that holds these words, in any column, plain or as bytes."""
    tables = [name for (name,) in forge(TABLES)]
    return {
        table
        for table in tables
        if forge(
            f'SELECT 1 FROM "{table}" AS each'  # noqa: S608 - from the catalogue
            " WHERE position(%s in each::text) > 0 OR position(%s in each::text) > 0 LIMIT 1",
            words,
            words.encode().hex(),
        )
    }


def test_what_says_why_something_is_gone_never_goes() -> None:
    tenant_id = new_id()
    old = datetime(2024, 5, 2, tzinfo=UTC)
    for kind in ("agent.changed", "hold.placed", "subject.erased", "ledger.pruned", "agent.paused"):
        write_event(tenant_id, event_type=kind, at=old, data={"ranges": []})
    sequence_tenant(tenant_id=tenant_id)
    assert prune(tenant_id) == 2
    with tenant_transaction(tenant_id):
        assert pruned_ranges() == (range(1, 2), range(5, 6))
        kept = list(LedgerEvent.objects.filter(occurred_at=old).values_list("type", flat=True))
    assert sorted(kept) == ["hold.placed", "ledger.pruned", "subject.erased"]
    assert verify_tenant(tenant_id=tenant_id).findings == []


def test_small_batches_do_the_same_and_a_second_pruning_goes_on() -> None:
    tenant_id = old_tenant(25, 5)
    assert prune(tenant_id, batch=4) == 25
    with tenant_transaction(tenant_id):
        assert pruned_ranges() == (range(1, 26),)
        assert LedgerEvent.objects.filter(type="ledger.pruned").count() == 7
        row = Pruning.objects.get()
        assert (row.events, row.status) == (25, PruningStatus.DONE)
    result = verify_tenant(tenant_id=tenant_id)
    assert (result.findings, result.pruned) == ([], 25)


def test_verification_that_begins_later_knows_what_was_pruned_before() -> None:
    tenant_id = old_tenant(300, 10)
    prune(tenant_id)
    for size in (1, 301, 311):
        result = verify_tenant(tenant_id=tenant_id, from_size=size if size != 1 else 0)
        assert (result.findings, size, result.pruned) == ([], size, 300 if size == 1 else 0)


def test_a_pruned_event_is_still_known_by_its_leaf() -> None:
    tenant_id = old_tenant(5, 2)
    ids = events_at(tenant_id)
    with tenant_transaction(tenant_id):
        assert (find_pruned(ids[3]), pruned_upto()) == (None, None)
    prune(tenant_id)
    index, _ = pruned_event(tenant_id)
    name = public_id("ev", events_at(tenant_id)[index])
    with tenant_transaction(tenant_id):
        found, upto = find_pruned(ids[3]), pruned_upto()
        assert find_pruned(ids[0]) is None
        assert find_pruned(new_id()) is None
    assert found is not None
    assert upto is not None
    assert (found.index, found.by_event, found.pruned_at) == (3, name, upto.at)
    assert (upto.index, upto.by_event) == (5, name)


def test_nothing_goes_any_more_when_the_time_of_keeping_became_longer() -> None:
    tenant_id = old_tenant(5, 2)
    pruning = ask_and_confirm(tenant_id)
    said["retention"] = Retention(days=365, minimums=(Minimum(3_000, "a law"),))
    assert run_pruning(tenant_id=tenant_id, pruning_id=pruning.pk) == 0
    said["retention"] = Retention()
    assert run_pruning(tenant_id=tenant_id, pruning_id=pruning.pk) == 0
    with tenant_transaction(tenant_id):
        assert Pruning.objects.get().status == PruningStatus.DONE
        assert LedgerEvent.objects.filter(occurred_at__lt=NOW - timedelta(days=365)).count() == 5
