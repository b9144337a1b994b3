"""Events lie in a partition for each year of their ids, reached through the parent alone."""

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from audit.models import LedgerEvent
from audit.services.partitions import make_partitions as make_and_log
from govapp.common.ids import new_id
from govapp.common.partitions import drop_empty_years, make_partitions
from govapp.common.tenancy import tenant_transaction
from tests.conftest import DATABASE
from tests.support.services import Services

pytestmark = pytest.mark.django_db

PARENT = "audit_ledgerevent"
_NAMES = (
    "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid"
    " WHERE inhparent = 'audit_ledgerevent'::regclass ORDER BY 1"
)


def rows(sql: str, *arguments: object) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)  # type: ignore[arg-type]
        found: list[tuple[object, ...]] = cursor.fetchall()
        return found


def partitions() -> list[str]:
    return [str(name) for (name,) in rows(_NAMES)]


def id_of(moment: datetime) -> UUID:
    """A UUIDv7 of that time."""
    return UUID(int=(int(moment.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62) | 1)


def event(ident: UUID) -> LedgerEvent:
    return LedgerEvent(
        id=ident, type="test.happened", occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        actor_kind="system", actor_id="", subject_type="report", subject_id="rp_1", body=b"{}",
    )  # fmt: skip


def partition_of(ident: UUID) -> str:
    ((name,),) = rows("SELECT tableoid::regclass::text FROM audit_ledgerevent WHERE id = %s", ident)
    return str(name)


def known_years() -> list[int]:
    return [int(name[-4:]) for name in partitions() if not name.endswith("_default")]


def test_this_year_and_the_next_have_one_and_the_rest_has_a_default() -> None:
    (((year,)),) = rows("SELECT extract(year FROM now() AT TIME ZONE 'UTC')::integer")
    assert {f"{PARENT}_{year}", f"{PARENT}_{int(str(year)) + 1}", f"{PARENT}_default"} <= set(
        partitions()
    )


def test_an_event_lies_in_the_year_of_its_id() -> None:
    last = known_years()[-1]
    edges = {
        id_of(datetime(last, 1, 1, tzinfo=UTC)): f"{PARENT}_{last}",
        id_of(datetime(last, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)): f"{PARENT}_{last}",
        id_of(datetime(last + 1, 1, 1, tzinfo=UTC)): f"{PARENT}_default",
        id_of(datetime(1999, 5, 5, tzinfo=UTC)): f"{PARENT}_{known_years()[0]}",
    }
    with tenant_transaction(new_id()):
        LedgerEvent.objects.bulk_create([event(ident) for ident in edges])
        assert {ident: partition_of(ident) for ident in edges} == edges


def test_the_application_has_no_right_on_any_partition_and_they_have_no_policy() -> None:
    for name in partitions():
        assert rows(
            "SELECT relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner),"
            " has_table_privilege('govapp_app', oid, 'SELECT'),"
            " has_any_column_privilege('govapp_app', oid, 'SELECT, INSERT, UPDATE, REFERENCES'),"
            " has_table_privilege('govapp_app', oid, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER'),"
            " has_any_column_privilege('govapp_door', oid, 'SELECT, INSERT, UPDATE, REFERENCES')"
            " FROM pg_class WHERE oid = %s::regclass",
            name,
        ) == [(True, True, "govapp_owner", False, False, False, False)]
        assert rows("SELECT policyname FROM pg_policies WHERE tablename = %s", name) == []


def test_a_partition_cannot_be_read_past_the_parent() -> None:
    for name in partitions():
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            rows(f'SELECT id FROM "{name}"')  # noqa: S608 - from the catalogue


def test_a_tenant_sees_its_own_rows_of_every_partition() -> None:
    ours, theirs = new_id(), new_id()
    first, last = known_years()[0], known_years()[-1]
    idents = [id_of(datetime(year, 3, 1, tzinfo=UTC)) for year in (first, last, last + 5)]
    with tenant_transaction(ours):
        LedgerEvent.objects.bulk_create([event(ident) for ident in idents])
        assert [row.pk for row in LedgerEvent.objects.order_by("id")] == idents
    with tenant_transaction(theirs):
        assert list(LedgerEvent.objects.all()) == []


@pytest.mark.parametrize(
    "statement", ["TRUNCATE {} CASCADE", "UPDATE {} SET type = 'x'", "DELETE FROM {}"]
)
def test_triggers_stop_even_the_superuser_on_each_partition(
    services: Services, statement: str
) -> None:
    with psycopg.connect(services.admin_url(DATABASE)) as admin:
        names = [str(name) for (name,) in admin.execute(_NAMES).fetchall()]
        assert len(names) >= 3
        first = int(names[0][-4:])
        for year, name in ((first, names[0]), (first + 1, names[1]), (first + 50, names[-1])):
            with admin.transaction(force_rollback=True):
                admin.execute(
                    "INSERT INTO audit_ledgerevent (id, tenant_id, type, occurred_at, actor_kind,"
                    " actor_id, subject_type, subject_id, body)"
                    " VALUES (%s, gen_random_uuid(), 't', now(), 's', '', 'r', '', '')",
                    [id_of(datetime(year, 6, 1, tzinfo=UTC))],
                )
                with pytest.raises(psycopg.errors.RestrictViolation), admin.transaction():
                    admin.execute(statement.format(f'"{name}"'))


def test_making_them_again_makes_nothing() -> None:
    before = partitions()
    assert make_partitions() == []
    make_and_log()
    assert partitions() == before


INSERT = (
    "INSERT INTO audit_ledgerevent (id, tenant_id, type, occurred_at, actor_kind, actor_id,"
    " subject_type, subject_id, body)"
    " VALUES (%s, gen_random_uuid(), 't', now(), 's', '', 'r', '', '')"
)


@pytest.fixture
def admin(services: Services) -> Iterator[psycopg.Connection[Any]]:
    """The administrator's connection; what it does is undone."""
    with (
        psycopg.connect(services.admin_url(DATABASE)) as connected,
        connected.transaction(force_rollback=True),
    ):
        yield connected


def years(admin: psycopg.Connection[Any]) -> list[str]:
    names = [str(name) for (name,) in admin.execute(_NAMES).fetchall()]
    return [name for name in names if not name.endswith("_default")]


def take_away(admin: psycopg.Connection[Any], partition: str) -> None:
    admin.execute(f'ALTER TABLE {PARENT} DETACH PARTITION "{partition}"')
    admin.execute(f'DROP TABLE "{partition}"')


def test_a_missing_year_is_made_by_the_application_and_protected(
    admin: psycopg.Connection[Any],
) -> None:
    before = years(admin)
    missing = before[-1]
    take_away(admin, missing)
    admin.execute("SET LOCAL ROLE govapp_app")
    made = admin.execute("SELECT * FROM govapp_make_partitions()").fetchall()
    admin.execute("RESET ROLE")
    assert made == [(missing, "")]
    assert years(admin) == before
    ((enabled, forced, rights, owner),) = admin.execute(
        "SELECT relrowsecurity, relforcerowsecurity, relacl::text, pg_get_userbyid(relowner)"
        " FROM pg_class WHERE oid = %s::regclass",
        [missing],
    ).fetchall()
    assert (enabled, forced, owner) == (True, True, "govapp_owner")
    assert "govapp_app" not in str(rights)
    assert admin.execute(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal"
        " AND tgname <> '' ORDER BY 1",
        [missing],
    ).fetchall() == [("never_emptied",), ("written_once",)]


def test_rows_that_came_before_their_year_was_made_stay_where_they_are(
    admin: psycopg.Connection[Any],
) -> None:
    missing = years(admin)[-1]
    take_away(admin, missing)
    ident = id_of(datetime(int(missing[-4:]), 2, 1, tzinfo=UTC))
    admin.execute(INSERT, [ident])
    ((tried, problem),) = admin.execute("SELECT * FROM govapp_make_partitions()").fetchall()
    assert tried == missing
    assert "default partition" in problem
    assert admin.execute(
        "SELECT tableoid::regclass::text FROM audit_ledgerevent WHERE id = %s", [ident]
    ).fetchall() == [(f"{PARENT}_default",)]


def test_only_an_empty_year_is_dropped_and_only_when_it_is_over(
    admin: psycopg.Connection[Any],
) -> None:
    first, last = years(admin)[0], years(admin)[-1]
    admin.execute(INSERT, [id_of(datetime(int(first[-4:]), 2, 1, tzinfo=UTC))])
    admin.execute("SET LOCAL ROLE govapp_owner")
    cursor = admin.cursor()
    assert drop_empty_years(cursor, PARENT, until=int(first[-4:]) - 1) == []
    assert drop_empty_years(cursor, PARENT, until=int(last[-4:])) == years_after(first, last)
    admin.execute("RESET ROLE")
    assert years(admin) == [first]
    assert admin.execute(
        "SELECT relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", [first]
    ).fetchall() == [(True,)]


def years_after(first: str, last: str) -> list[str]:
    return [f"{PARENT}_{year}" for year in range(int(first[-4:]) + 1, int(last[-4:]) + 1)]


_FLAT = """
CREATE SCHEMA elsewhere;
SET LOCAL search_path = elsewhere;
CREATE TABLE audit_ledgerevent (LIKE public.audit_ledgerevent INCLUDING DEFAULTS,
  CONSTRAINT audit_ledgerevent_pkey PRIMARY KEY (id),
  CONSTRAINT audit_ledgerevent_tenant_key UNIQUE (tenant_id, id));
CREATE INDEX event_time ON audit_ledgerevent (tenant_id, occurred_at, id);
CREATE INDEX event_request ON audit_ledgerevent (tenant_id, request_id, id)
  WHERE request_id IS NOT NULL;
CREATE TABLE waiting (tenant_id uuid, event_id uuid, CONSTRAINT waiting_for FOREIGN KEY
  (tenant_id, event_id) REFERENCES audit_ledgerevent (tenant_id, id));
ALTER TABLE audit_ledgerevent ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON audit_ledgerevent USING (true);
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON audit_ledgerevent
  FOR EACH ROW EXECUTE FUNCTION public.govapp_refuse_change()
"""


def test_the_migration_keeps_the_rows_of_a_table_that_is_filled(
    admin: psycopg.Connection[Any],
) -> None:
    migration = import_module("audit.migrations.0012_scale")
    admin.execute(_FLAT)
    for _ in range(3):
        admin.execute(INSERT.replace("%s", "uuidv7()"))
    ((year,),) = admin.execute(
        "SELECT extract(year FROM now() AT TIME ZONE 'UTC')::integer"
    ).fetchall()
    before = admin.execute("SELECT * FROM audit_ledgerevent ORDER BY id").fetchall()
    admin.execute(migration._PARTITION)
    assert admin.execute("SELECT * FROM audit_ledgerevent ORDER BY id").fetchall() == before
    assert len(before) == 3
    assert years(admin) == [f"{PARENT}_{year}"]
    indexes = admin.execute(
        "SELECT indexname, tablename FROM pg_indexes WHERE schemaname = 'elsewhere'"
        " AND indexname LIKE 'event_time%' ORDER BY 1"
    ).fetchall()
    assert indexes == [("event_time", PARENT), (f"event_time_{year}", f"{PARENT}_{year}")]
    assert admin.execute("SELECT count(*) FROM waiting").fetchall() == [(0,)]
    assert (
        admin.execute(
            "SELECT conname FROM pg_constraint"
            " WHERE conrelid = 'waiting'::regclass AND contype = 'f'"
        ).fetchall()
        == []
    )
