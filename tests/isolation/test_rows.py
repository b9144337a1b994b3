"""As the application role, on connections of its own: no row of another tenant, ever."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection, transaction
from psycopg import sql

from govapp.common.doors import registered_doors
from govapp.common.rowsecurity import tenant_models
from govapp.common.tenancy import TenantMismatch, bind_tenant, tenant_transaction
from tenants.models import Agent, Tenant
from tests.conftest import DATABASE
from tests.isolation.lives import Life
from tests.support.services import Services

TABLES = sorted(model._meta.db_table for model in tenant_models())
APPEND_ONLY = {model._meta.db_table for model in tenant_models() if model.append_only}
NEVER_REMOVED = {model._meta.db_table for model in tenant_models() if model.never_removed}
# What the database computes itself cannot be written.
WRITTEN_COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER'
"""
Connection = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture
def app(services: Services, acme: Life) -> Iterator[Connection]:
    """A connection of the application role, on which no tenant was ever named."""
    with psycopg.connect(services.app_url(DATABASE)) as made:
        yield made
        made.rollback()


def name_tenant(app: Connection, tenant_id: UUID | str) -> None:
    app.execute("SELECT set_config('app.tenant_id', %s, true)", [str(tenant_id)])


def tenants_seen(app: Connection, table: str) -> set[UUID]:
    """Return whose rows the connection can read."""
    query = sql.SQL("SELECT DISTINCT tenant_id FROM {}").format(sql.Identifier(table))
    return {tenant_id for (tenant_id,) in app.execute(query)}


def run(app: Connection, query: str, table: str, *arguments: object) -> int:
    """Run a statement on a table; return how many rows it touched."""
    composed = sql.SQL(query).format(sql.Identifier(table))
    return app.execute(composed, arguments).rowcount


def everything(services: Services, table: str) -> list[tuple[Any, ...]]:
    """Return all rows as the superuser sees them."""
    with psycopg.connect(services.admin_url(DATABASE)) as admin:
        query = sql.SQL("SELECT t::text FROM {} t ORDER BY 1").format(sql.Identifier(table))
        return admin.execute(query).fetchall()


def test_every_tenant_table_has_rows_of_both(acme: Life, globex: Life, services: Services) -> None:
    """Without this, the tests below would pass on empty tables."""
    with psycopg.connect(services.admin_url(DATABASE)) as admin:
        lacking = {
            t for t in TABLES if tenants_seen(admin, t) != {acme.tenant.pk, globex.tenant.pk}
        }
    assert lacking == set()


def test_the_catalogue_knows_no_table_of_tenants_that_the_models_do_not(app: Connection) -> None:
    found = app.execute(
        "SELECT DISTINCT table_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name = 'tenant_id'"
    )
    assert sorted(name for (name,) in found) == TABLES


@pytest.mark.parametrize("table", TABLES)
def test_a_tenant_sees_its_own_rows_only(
    app: Connection, acme: Life, globex: Life, table: str
) -> None:
    for life in (acme, globex):
        with app.transaction(force_rollback=True):
            name_tenant(app, life.tenant.pk)
            assert tenants_seen(app, table) == {life.tenant.pk}


@pytest.mark.parametrize("table", TABLES)
def test_with_no_tenant_there_are_no_rows(app: Connection, table: str) -> None:
    assert tenants_seen(app, table) == set()
    for nobody in ("", "00000000-0000-0000-0000-000000000000"):
        with app.transaction(force_rollback=True):
            name_tenant(app, nobody)
            assert tenants_seen(app, table) == set()


@pytest.mark.parametrize("table", TABLES)
def test_writing_reaches_no_row_of_another(
    app: Connection, acme: Life, globex: Life, services: Services, table: str
) -> None:
    before = everything(services, table)
    name_tenant(app, acme.tenant.pk)
    theirs = globex.tenant.pk
    for statement in (
        "UPDATE {} SET tenant_id = tenant_id WHERE tenant_id = %s",
        "DELETE FROM {} WHERE tenant_id = %s",
    ):
        is_removal = statement.startswith("DELETE")
        if table in APPEND_ONLY or (is_removal and table in NEVER_REMOVED):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), app.transaction():
                run(app, statement, table, theirs)
        else:
            assert run(app, statement, table, theirs) == 0
    app.commit()
    assert everything(services, table) == before


@pytest.mark.parametrize("table", TABLES)
def test_no_row_can_be_made_for_another_or_given_away(
    app: Connection, services: Services, acme: Life, globex: Life, table: str
) -> None:
    """Copy a whole row of theirs under a new id, as somebody with their backup could."""
    with psycopg.connect(services.admin_url(DATABASE)) as admin:
        query = sql.SQL("SELECT t::text FROM {} t WHERE tenant_id = %s LIMIT 1")
        found = admin.execute(query.format(sql.Identifier(table)), [globex.tenant.pk]).fetchone()
        written = admin.execute(WRITTEN_COLUMNS, [table]).fetchall()
    assert found is not None
    name_tenant(app, acme.tenant.pk)
    refused = psycopg.errors.InsufficientPrivilege
    columns = sql.SQL(", ").join(sql.Identifier(name) for (name,) in written)
    insert = sql.SQL("INSERT INTO {0} ({1}) SELECT {1} FROM (SELECT (%s::{0}).*) AS theirs")
    copy = insert.format(sql.Identifier(table), columns)
    # The row is refused before any constraint could tell that the original exists.
    with pytest.raises(refused, match="row-level security"), app.transaction():
        app.execute(copy, found)
    if table not in APPEND_ONLY:
        with pytest.raises((refused, psycopg.errors.RestrictViolation)), app.transaction():
            run(app, "UPDATE {} SET tenant_id = %s", table, globex.tenant.pk)


def test_a_row_of_ours_cannot_point_at_theirs(app: Connection, acme: Life, globex: Life) -> None:
    name_tenant(app, acme.tenant.pk)
    pairs = [
        ("tenants_agent", "owner_id", globex.company.olivia.pk),
        ("tenants_groupmember", "membership_id", globex.company.olivia.pk),
        ("approvals_notification", "member_id", globex.company.olivia.pk),
        ("approvals_categorygrouppermission", "content_object_id", globex.category.pk),
        ("approvals_actionrequest", "callback_endpoint_id", globex.endpoint.pk),
        ("approvals_actionrequest", "supersedes_id", globex.returned.pk),
    ]
    violations = (psycopg.errors.ForeignKeyViolation, psycopg.errors.RestrictViolation)
    for table, column, target in pairs:
        with pytest.raises(violations), app.transaction():
            run(app, f"UPDATE {{}} SET {column} = %s", table, target)  # noqa: S608 - our own


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE govapp_door",
        "SET ROLE govapp_owner",
        "SET SESSION AUTHORIZATION postgres",
        "ALTER TABLE tenants_agent DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE tenants_agent NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY tenant_rows ON tenants_agent",
        "CREATE POLICY mine ON tenants_agent USING (true)",
        "CREATE VIEW public.all_agents AS SELECT * FROM tenants_agent",
        "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        "SET session_replication_role = replica",
        "ALTER ROLE govapp_app BYPASSRLS",
        "COPY tenants_agent TO PROGRAM 'cat'",
    ],
)
def test_the_role_cannot_lift_its_own_limits(app: Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), app.transaction():
        app.execute(statement)


def test_switching_row_security_off_is_an_error_and_no_way_out(app: Connection, acme: Life) -> None:
    name_tenant(app, acme.tenant.pk)
    app.execute("SET LOCAL row_security = off")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), app.transaction():
        app.execute("SELECT count(*) FROM tenants_agent")


# The connections of the application


def test_a_connection_forgets_the_tenant_with_its_transaction(
    services: Services, acme: Life
) -> None:
    with psycopg.connect(services.app_url(DATABASE), autocommit=True) as app:
        for ending in ("commit", "rollback"):
            with app.transaction(force_rollback=ending == "rollback"):
                name_tenant(app, acme.tenant.pk)
                assert tenants_seen(app, "tenants_agent") == {acme.tenant.pk}
            assert tenants_seen(app, "tenants_agent") == set()


def test_prepared_statements_follow_the_tenant_and_not_the_plan(
    services: Services, acme: Life, globex: Life
) -> None:
    """A generic plan is made after some executions; it must not keep the first tenant."""
    seen = []
    with psycopg.connect(services.app_url(DATABASE), prepare_threshold=0, autocommit=True) as app:
        for turn in range(40):
            life = (acme, globex)[turn % 2]
            with app.transaction():
                name_tenant(app, life.tenant.pk)
                seen.append(tenants_seen(app, "approvals_actionrequest") == {life.tenant.pk})
            seen.append(tenants_seen(app, "approvals_actionrequest") == set())
        assert app.execute("SELECT count(*) > 0 FROM pg_prepared_statements").fetchone() == (True,)
    assert seen == [True] * 80


def test_threads_of_two_tenants_never_see_each_other(
    lives: tuple[Life, Life], django_db_blocker: Any
) -> None:
    """Each thread changes tenants on one persistent connection, as the web's threads do."""

    def probe(start: int) -> list[tuple[UUID, list[UUID], list[UUID]]]:
        found = []
        try:
            for turn in range(start, start + 60):
                wanted = lives[turn % 2].tenant.pk
                with tenant_transaction(wanted):
                    rows = list(Agent.objects.values_list("tenant_id", flat=True))
                found.append((wanted, rows, list(Agent.objects.values_list("pk", flat=True))))
        finally:
            connection.close()
        return found

    with django_db_blocker.unblock(), ThreadPoolExecutor(6) as pool:
        probes = [each for part in pool.map(probe, range(6)) for each in part]
    assert len(probes) == 360
    assert [each for each in probes if set(each[1]) != {each[0]} or each[2]] == []
    assert all(a[0] != b[0] for a, b in pairwise(probes[:60]))


def test_one_transaction_refuses_a_second_tenant(
    lives: tuple[Life, Life], django_db_blocker: Any, settings: Any
) -> None:
    settings.TENANT_REBIND_IN_TRANSACTION = False
    acme, globex = lives
    with django_db_blocker.unblock():
        with bind_tenant(acme.tenant.pk), pytest.raises(TenantMismatch):
            bind_tenant(globex.tenant.pk).__enter__()
        with transaction.atomic():
            with bind_tenant(acme.tenant.pk):
                pass
            with pytest.raises(TenantMismatch), bind_tenant(globex.tenant.pk):
                pass
        assert list(Tenant.objects.all()) == []


# The doors

# Everything a door may answer with. A new column has to be argued for here.
SHOWN = {
    "tenant_id uuid", "request_id uuid", "id uuid", "link_id uuid", "grant_id uuid",
    "report_id uuid", "schedule_id uuid", "credential_id uuid", "agent_id uuid",
    "invitation_id uuid",
    "simulation_id uuid", "erasure_id uuid", "plan_id uuid", "pruning_id uuid",
    "stream_id uuid", "is_test boolean",
    # sums over all tenants for /metrics: a name of ours, a kind, a number
    "label text", "value double precision",
    "token_id uuid", "member_id uuid", "reservation_id uuid",
    # how many calls of an agent and of its tenant are answered
    "calls_per_second integer", "tenant_calls_per_second integer",
    # how an account is named in addresses, and to its own members in the switcher
    "slug text", "name text", "is_suspended boolean",
    # how much of one request is due
    "timers integer",
    # where the sweep goes on behind what it could not do
    "due_at timestamp with time zone", "due_at timestamptz", "job_id uuid",
    # what a key is compared with, and whether it may be used
    "secret_hash bytea", "is_usable boolean", "use_is_unnoted boolean",
    # what a key is held to: its own words of the code's, patterns and networks, no content
    "scopes text[]", "categories text[]", "networks text[]", "needs_proof boolean",
    "thumbprint text", "delegation_id uuid", "asked_at timestamptz",
    # which of our words for what a kill switch stops
    "killed text",
    # of a search by the tenant itself: when it was, and how often which value occurs
    "occurred_at timestamptz", "facet text", "counted bigint",
    # public by purpose
    "kid text", "public_key bytea", "origin text", "size bigint", "note text",
}  # fmt: skip
# Columns that hold what people and agents wrote, or secrets.
CONTENT = {
    "payload", "summary", "reason", "body", "content", "source", "document", "trace", "email",
    "private_key_sealed", "secret_sealed", "former_secret_sealed", "url", "description",
}  # fmt: skip


@pytest.mark.parametrize("door", registered_doors(), ids=lambda door: door.name)
def test_a_door_shows_ids_and_no_content(door: Any) -> None:
    assert {column.strip() for column in door.returns.split(",")} <= SHOWN
    read = {column for columns in door.reads.values() for column in columns}
    assert read & CONTENT == set()


def test_a_search_finds_nothing_of_another_tenant_whoever_is_named(
    app: Connection, acme: Life, globex: Life
) -> None:
    """The doors of the search take an explicit tenant: another one's is refused, not answered."""
    theirs, word = globex.tenant.pk, f"'{globex.tenant.pk.hex[-6:]}:alice':*"
    newest = "SELECT count(*) FROM door_search_newest(%s, %s, NULL, NULL, NULL, NULL, NULL, NULL)"
    summary = "SELECT count(*) FROM door_search_summary(%s, %s, NULL, NULL, 'UTC', 100)"
    found = {}
    for query in (newest, summary):
        for asked in (None, word):
            for bound in (acme.tenant.pk, theirs, ""):
                with app.transaction(force_rollback=True):
                    name_tenant(app, bound)
                    (count,) = app.execute(query, [theirs, asked]).fetchone() or (0,)
                    found[query, asked, bound] = count > 0
    assert {key for key, is_found in found.items() if is_found} == {
        (query, asked, theirs) for query in (newest, summary) for asked in (None, word)
    }
    name_tenant(app, acme.tenant.pk)
    read = "SELECT count(*) FROM audit_ledgerwords WHERE tenant_id = %s OR words::text LIKE %s"
    assert app.execute(read, [theirs, "%globex%"]).fetchone() == (0,)


def test_the_doors_role_can_read_no_content(services: Services, acme: Life) -> None:
    """From the catalogue: no column with content, and no table as a whole."""
    with psycopg.connect(services.admin_url(DATABASE)) as admin:
        rows = admin.execute(
            "SELECT c.table_name, c.column_name FROM information_schema.columns c"
            " WHERE c.table_schema = 'public' AND has_column_privilege('govapp_door',"
            " format('public.%I', c.table_name), c.column_name, 'SELECT')"
        ).fetchall()
        writes = admin.execute(
            "SELECT oid::regclass FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'v', 'm')"
            " AND has_any_column_privilege('govapp_door', oid, 'INSERT, UPDATE, REFERENCES')"
        ).fetchall()
    granted = {
        (table, column)
        for door in registered_doors()
        for table, columns in door.reads.items()
        for column in columns
    }
    assert set(rows) - {("govapp_clock", "only_row"), ("govapp_clock", "shift")} == granted
    assert writes == []


def test_doors_that_ask_for_a_secret_answer_nothing_to_a_guess(acme: Life) -> None:
    guesses: dict[str, tuple[Any, ...]] = {
        "door_review_link_by_token": (b"\0" * 32,),
        "door_invitation_by_token": (b"\0" * 32,),
        "door_grant_by_jti": (UUID(int=0),),
        "door_credential_by_prefix": ("%",),
        "door_access_token_by_prefix": ("%",),
        "door_tenant_by_slug": ("%",),
        "door_tenants_of_user": (UUID(int=0),),
    }
    doors = {door.name: door for door in registered_doors()}
    assert [name for name, given in guesses.items() if doors[name].call(*given)] == []
