"""A record that was wrecked, not only changed: it is said what is wrong, and nothing stops that."""

from pathlib import Path

import pytest

from audit.merkle.tree import leaf_hash
from audit.services.verification import verify_tenant
from govapp.common.ids import new_id
from tests.audit.books import sequenced_tenant, write_event
from tests.audit.conftest import Run
from tests.audit.services.test_verification import event_at, kinds

pytestmark = pytest.mark.usefixtures("committed")


def test_a_log_that_counts_more_than_there_is_ends(forge: Run) -> None:
    tenant_id = sequenced_tenant(300)
    forge("UPDATE audit_ledgerlog SET size = 1000000000000 WHERE tenant_id = %s", tenant_id)
    assert kinds(tenant_id) == [("checkpoint missing", 300), ("leaf missing", 300)]


@pytest.mark.parametrize("far", [10**12 - 1, 2**63 - 2])
def test_a_gap_of_any_size_is_left_out(forge: Run, far: int) -> None:
    tenant_id = sequenced_tenant(300)
    event_id = event_at(forge, tenant_id, 299)
    forge("UPDATE audit_ledgerlog SET size = %s WHERE tenant_id = %s", far + 1, tenant_id)
    forge('UPDATE audit_ledgerleaf SET "index" = %s WHERE event_id = %s', far, event_id)
    forge("UPDATE audit_ledgerevent SET actor_id = 'mem_mallory' WHERE id = %s", event_id)
    findings = verify_tenant(tenant_id=tenant_id).findings
    assert [(found.kind, found.index) for found in findings] == [
        ("leaf missing", 299),
        ("checkpoint missing", 300),
        ("columns", far),
    ]
    assert findings[0].what == f"the leaves 299 to {far - 1} are gone"


def test_a_gap_before_the_end_and_the_end_are_gone(forge: Run) -> None:
    tenant_id = sequenced_tenant(600)
    forge(
        'DELETE FROM audit_ledgerleaf WHERE tenant_id = %s AND "index" IN (3, 598, 599)', tenant_id
    )
    event_id = event_at(forge, tenant_id, 597)
    forge("UPDATE audit_ledgerevent SET actor_id = 'mem_mallory' WHERE id = %s", event_id)
    assert [each for each in kinds(tenant_id) if each[0] != "not in the tree"] == [
        ("leaf missing", 3),
        ("columns", 597),
    ]


@pytest.mark.parametrize("index", [0, 255, 256, 299])
@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ("body = convert_to(repeat('x', 3000000), 'UTF8')", "event changed"),
        ("actor_id = repeat('x', 100000)", "columns"),
        ("subject_id = repeat('x', 100000)", "columns"),
        ("type = repeat('x', 100000)", "columns"),
    ],
)
def test_what_was_blown_up_is_found(forge: Run, index: int, change: str, kind: str) -> None:
    tenant_id = sequenced_tenant(300)
    event_id = event_at(forge, tenant_id, index)
    forge(f"UPDATE audit_ledgerevent SET {change} WHERE id = %s", event_id)  # noqa: S608
    assert (kind, index) in kinds(tenant_id)


@pytest.mark.parametrize(
    ("data", "differs"),
    [("data || '\\x00'", 0), ("data || data", 0), ("'\\x00'", 0), ("''", 0)],
)
@pytest.mark.parametrize("size", [0, 100, 256])
def test_a_tile_of_another_length_is_found(forge: Run, size: int, data: str, differs: int) -> None:
    tenant_id = sequenced_tenant(100, 156, 344)
    forge(f"UPDATE audit_ledgertile SET data = {data} WHERE level = 0 AND index = 1")  # noqa: S608
    findings = verify_tenant(tenant_id=tenant_id, from_size=size).findings
    # The tile above it, which is computed from it, is what a later start begins with.
    above = [] if size < 256 or data in ("data || data", "''") else [("tree", None)]
    assert [(found.kind, found.index) for found in findings] == [*above, ("tile", 256 + differs)]


@pytest.mark.parametrize("change", ["data || '\\x00'", "set_byte(data, 32 * 200, 7)"])
def test_a_tile_within_which_one_resumes_is_compared(forge: Run, change: str) -> None:
    tenant_id = sequenced_tenant(100, 500)
    forge(f"UPDATE audit_ledgertile SET data = {change} WHERE level = 0 AND index = 0")  # noqa: S608
    findings = verify_tenant(tenant_id=tenant_id, from_size=100).findings
    assert [found.kind for found in findings] == ["tile"]


def test_a_deleted_tile_within_which_one_resumes_is_found(forge: Run) -> None:
    tenant_id = sequenced_tenant(100, 500)
    forge("DELETE FROM audit_ledgertile WHERE tenant_id = %s AND index = 0", tenant_id)
    findings = verify_tenant(tenant_id=tenant_id, from_size=100).findings
    assert [(found.kind, found.index) for found in findings] == [("tile", 0)]


def test_each_tile_that_is_gone_is_one_finding(forge: Run) -> None:
    tenant_id = sequenced_tenant(1100)
    forge("DELETE FROM audit_ledgertile WHERE tenant_id = %s AND index IN (0, 2)", tenant_id)
    assert kinds(tenant_id) == [("tile", 0), ("tile", 512)]


def test_an_outside_checkpoint_is_compared_behind_the_last_row(forge: Run, outside: Path) -> None:
    tenant_id = sequenced_tenant(5, 5)
    event_id = event_at(forge, tenant_id, 7)
    forge("DELETE FROM audit_ledgercheckpoint WHERE size = 10")
    forge("UPDATE audit_ledgerleaf SET leaf_hash = %s WHERE event_id = %s", bytes(32), event_id)
    forge("DELETE FROM audit_ledgerevent WHERE id = %s", event_id)
    found = kinds(tenant_id)
    assert ("checkpoint missing", 5) in found
    assert ("outside checkpoint", 5) in found


def test_times_that_are_none_are_found_outside_of_the_tree(forge: Run) -> None:
    tenant_id = sequenced_tenant(3)
    loose, queued = write_event(tenant_id), write_event(tenant_id)
    forge("DELETE FROM audit_ledgerqueueitem WHERE event_id = %s", loose.pk)
    forge("UPDATE audit_ledgerevent SET occurred_at = 'infinity' WHERE id = %s", loose.pk)
    forge("UPDATE audit_ledgerqueueitem SET queued_at = '-infinity' WHERE event_id = %s", queued.pk)
    assert kinds(tenant_id) == [("not in the tree", None), ("queue", None)]


@pytest.mark.parametrize(
    "body", [b'{"id":"\xff"}', b'{"x":' + b"[" * 25_000, b"", b"{}", b"null", b"\x00"]
)
def test_a_body_that_is_none_is_found(forge: Run, body: bytes) -> None:
    tenant_id = sequenced_tenant(5)
    event_id = event_at(forge, tenant_id, 2)
    forge("UPDATE audit_ledgerevent SET body = %s WHERE id = %s", body, event_id)
    assert kinds(tenant_id) == [("event changed", 2), ("columns", 2)]
    forge(
        "UPDATE audit_ledgerleaf SET leaf_hash = %s WHERE event_id = %s", leaf_hash(body), event_id
    )
    assert kinds(tenant_id) == [("columns", 2), ("checkpoint", 0)]


def test_a_checkpoint_of_no_time_is_found(forge: Run) -> None:
    tenant_id = sequenced_tenant(3)
    forge("UPDATE audit_ledgercheckpoint SET signed_at = 'infinity'")
    assert kinds(tenant_id) == [("unreadable", None)]


def test_a_leaf_before_the_first_is_found(forge: Run) -> None:
    tenant_id = sequenced_tenant(5)
    event_id = event_at(forge, tenant_id, 4)
    forge("UPDATE audit_ledgerevent SET type = 'ledger.pruned' WHERE id = %s", event_id)
    forge('UPDATE audit_ledgerleaf SET "index" = -1 WHERE event_id = %s', event_id)
    assert kinds(tenant_id) == [("leaf missing", 4), ("leaf", -1)]


@pytest.mark.parametrize(
    "place", [(0, 1), (0, -1), (1, 0), (6, 0), (7, 0)], ids=lambda each: f"{each[0]}/{each[1]}"
)
def test_a_tile_beyond_the_end_is_found(forge: Run, place: tuple[int, int]) -> None:
    tenant_id = sequenced_tenant(300)
    forge(
        "INSERT INTO audit_ledgertile (id, tenant_id, level, index, data)"
        " VALUES (%s, %s, %s, %s, %s)",
        new_id(), tenant_id, *place, bytes(8192),
    )  # fmt: skip
    assert kinds(tenant_id) == [("tile", None)]


def test_a_tile_that_is_stored_twice_is_found_alone(forge: Run) -> None:
    tenant_id = sequenced_tenant(1100)
    forge("ALTER TABLE audit_ledgertile DROP CONSTRAINT tile_once")
    try:
        forge(
            "INSERT INTO audit_ledgertile (id, tenant_id, level, index, data)"
            " SELECT %s, tenant_id, level, index, data FROM audit_ledgertile WHERE index = 1",
            new_id(),
        )
        assert kinds(tenant_id) == [("tile", None)]
    finally:
        forge("TRUNCATE audit_ledgertile")
        forge(
            "ALTER TABLE audit_ledgertile ADD CONSTRAINT tile_once"
            ' UNIQUE (tenant_id, "level", "index")'
        )


@pytest.mark.parametrize("index", [0, 2])
@pytest.mark.parametrize(
    ("table", "column", "kind"),
    [("leaf", "leaf_hash", "leaf"), ("leaf", "event_id", "event deleted")],
)
def test_what_is_not_there_at_all_is_found(
    forge: Run, table: str, column: str, kind: str, index: int
) -> None:
    tenant_id = sequenced_tenant(5)
    event_id = event_at(forge, tenant_id, index)
    forge(f"ALTER TABLE audit_ledger{table} ALTER {column} DROP NOT NULL")
    try:
        forge(f"UPDATE audit_ledger{table} SET {column} = NULL WHERE event_id = %s", event_id)  # noqa: S608
        assert (kind, index) in kinds(tenant_id)
    finally:
        forge(f"DELETE FROM audit_ledger{table} WHERE {column} IS NULL")  # noqa: S608
        forge(f"ALTER TABLE audit_ledger{table} ALTER {column} SET NOT NULL")
