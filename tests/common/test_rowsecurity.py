"""Every tenant table is protected: proved from PostgreSQL's own catalogue, not from our code."""

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from audit.models import LedgerEvent
from govapp.common.doors import registered_doors
from govapp.common.ids import new_id
from govapp.common.models import TenantForeignKey
from govapp.common.rowsecurity import tenant_models
from govapp.common.tenancy import tenant_transaction
from tenants.models import Tenant
from tests.conftest import DATABASE
from tests.support.services import Services
from tests.support.tables import TABLES

pytestmark = pytest.mark.django_db

# What refers to these has no key: PostgreSQL would plan its check anew for each row.
IN_PARTITIONS = {LedgerEvent}
TENANT_TABLES = sorted(model._meta.db_table for model in tenant_models())
# Tables that hold no tenant's rows. A new table has to be named here or belong to a tenant.
TABLES_OF_NO_TENANT = {
    "account_emailaddress",
    "account_emailconfirmation",
    "audit_cosignature",
    "audit_directorycheckpoint",
    "audit_directoryentry",
    "audit_directorykey",
    "audit_directorylog",
    "audit_directorytile",
    "audit_timestamp",
    "audit_voucher",
    "audit_signingcertificate",
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_content_type",
    "django_migrations",
    "django_session",
    "govapp_clock",
    "guardian_groupobjectpermission",
    "guardian_userobjectpermission",
    "mfa_authenticator",
    "tenants_user",
    "tenants_user_user_permissions",
    "usersessions_usersession",
}


def rows(sql: str, *arguments: object) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)  # type: ignore[arg-type]
        found: list[tuple[object, ...]] = cursor.fetchall()
        return found


def test_every_table_is_a_tenants_or_is_named_here() -> None:
    # A partition is a part of its parent: `test_partitions` looks at them.
    tables = {name for (name,) in rows(TABLES)}
    assert tables - set(TENANT_TABLES) == TABLES_OF_NO_TENANT


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_row_security_is_on_and_forced(table: str) -> None:
    assert rows(
        "SELECT relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner)"
        " FROM pg_class WHERE oid = %s::regclass",
        table,
    ) == [(True, True, "govapp_owner")]


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_only_the_tenants_rows_and_the_doors_have_policies(table: str) -> None:
    found = rows("SELECT policyname, roles::text, cmd FROM pg_policies WHERE tablename = %s", table)
    assert ("tenant_rows", "{public}", "ALL") in found
    assert set(found) <= {
        ("tenant_rows", "{public}", "ALL"),
        ("door_reads", "{govapp_door}", "SELECT"),
    }


@pytest.mark.parametrize("model", tenant_models(), ids=lambda model: model._meta.db_table)
def test_foreign_keys_between_tenant_tables_carry_the_tenant(model: type) -> None:
    wanted = {
        field.column
        for field in model._meta.local_fields  # type: ignore[attr-defined]
        if isinstance(field, TenantForeignKey) and field.related_model not in IN_PARTITIONS
    }
    found = {
        column
        for (column,) in rows(
            "SELECT a.attname FROM pg_constraint c JOIN pg_attribute a"
            " ON a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)"
            " WHERE c.conrelid = %s::regclass AND c.contype = 'f' AND array_length(c.conkey, 1) = 2"
            " AND a.attname <> 'tenant_id'",
            model._meta.db_table,  # type: ignore[attr-defined]
        )
    }
    assert found == wanted


@pytest.mark.parametrize("model", tenant_models(), ids=lambda model: model._meta.db_table)
def test_no_plain_foreign_key_leads_to_a_tenant_table(model: type) -> None:
    plain = [
        field.name
        for field in model._meta.local_fields  # type: ignore[attr-defined]
        if field.remote_field
        and field.related_model in tenant_models()
        and not isinstance(field, TenantForeignKey)
    ]
    assert plain == []


def test_no_role_of_ours_may_bypass() -> None:
    assert rows(
        "SELECT rolname, rolsuper, rolbypassrls, rolcanlogin FROM pg_roles"
        " WHERE rolname LIKE 'govapp%%' ORDER BY rolname"
    ) == [
        ("govapp_app", False, False, True),
        ("govapp_door", False, False, False),
        ("govapp_owner", False, False, True),
    ]


def test_the_application_role_owns_nothing() -> None:
    assert (
        rows(
            "SELECT relname FROM pg_class WHERE relowner = 'govapp_app'::regrole"
            " UNION ALL SELECT proname FROM pg_proc WHERE proowner = 'govapp_app'::regrole"
        )
        == []
    )


def test_security_definer_functions_are_the_doors_what_forgets_and_what_prunes() -> None:
    found = rows(
        "SELECT proname, pg_get_userbyid(proowner) FROM pg_proc"
        " WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    )
    # Those that take a person out do it within the bound tenant: row-level security holds there.
    forgetting = {f"govapp_forget_{what}" for what in ("text", "words", "login", "contents")} | {
        "govapp_prune"
    }
    assert set(found) == {(door.name, "govapp_door") for door in registered_doors()} | {
        (name, "govapp_owner") for name in (*forgetting, "govapp_make_partitions")
    }


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_the_application_role_cannot_empty_a_table(table: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(f'TRUNCATE "{table}" CASCADE')


@pytest.mark.parametrize(
    "table", sorted(model._meta.db_table for model in tenant_models() if model.append_only)
)
@pytest.mark.parametrize("verb", ["UPDATE {} SET tenant_id = tenant_id", "DELETE FROM {}"])
def test_append_only_tables_refuse_change(table: str, verb: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(verb.format(f'"{table}"'))


NEVER_REMOVED = sorted(model._meta.db_table for model in tenant_models() if model.never_removed)


@pytest.mark.parametrize("table", NEVER_REMOVED)
@pytest.mark.parametrize("verb", ["DELETE FROM {}"])
def test_what_is_never_removed_cannot_be_deleted(table: str, verb: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(verb.format(f'"{table}"'))


def test_a_row_cannot_be_written_into_another_tenant() -> None:
    ours, theirs = new_id(), new_id()
    with tenant_transaction(ours), pytest.raises(DatabaseError, match="row-level security"):
        Tenant.objects.create(id=theirs, tenant_id=theirs, slug="theirs", name="Theirs")


def test_triggers_stop_even_the_owner_from_changing_the_ledger(services: Services) -> None:
    with (
        psycopg.connect(services.owner_url(DATABASE)) as owner,
        pytest.raises(psycopg.errors.RestrictViolation),
    ):
        owner.execute("TRUNCATE audit_ledgerevent CASCADE")
