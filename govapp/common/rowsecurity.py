"""Row-level security, rights and constraints of every tenant table, applied after each migrate.

Made from the models rather than written into migrations, so that no table can be forgotten; it
is idempotent. A table that has not been through here carries no rights for the application role.
The catalogue test proves the result from `pg_catalog`.
"""

from collections.abc import Iterator

from django.apps import apps
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from govapp.common.models import (
    Guarded,
    InstallationOwned,
    Revisable,
    TenantForeignKey,
    TenantOwned,
)
from govapp.common.partitions import build_partitions

APP_ROLE = "govapp_app"
DOOR_ROLE = "govapp_door"
_TENANT = "nullif(current_setting('app.tenant_id', true), '')::uuid"

_REFUSE_CHANGE = """
CREATE OR REPLACE FUNCTION govapp_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'rows of % are written once', TG_TABLE_NAME
  USING ERRCODE = 'restrict_violation'; END $$;
CREATE OR REPLACE FUNCTION govapp_refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'rows of % are never removed', TG_TABLE_NAME
  USING ERRCODE = 'restrict_violation'; END $$;
CREATE OR REPLACE FUNCTION govapp_keep_columns() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE column_name text;
BEGIN
  FOREACH column_name IN ARRAY TG_ARGV LOOP
    IF to_jsonb(OLD) -> column_name IS DISTINCT FROM to_jsonb(NEW) -> column_name THEN
      RAISE EXCEPTION '%.% is written once', TG_TABLE_NAME, column_name
        USING ERRCODE = 'restrict_violation';
    END IF;
  END LOOP;
  RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION govapp_is_forgetting() RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT current_user <> 'govapp_app' AND current_setting('govapp.forgetting', true) = 'on' $$;
CREATE OR REPLACE FUNCTION govapp_is_pruning() RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT current_user <> 'govapp_app' AND current_setting('govapp.pruning', true) = 'on' $$;
"""
# Where `forgetting` takes a person out: only inside of its own functions, never for the ledger.
_UNLESS_FORGETTING = "NOT coalesce(govapp_is_forgetting(), false)"
# Where evidence goes whose time of keeping is over: only inside of the ledger's own function.
_UNLESS_PRUNING = "NOT coalesce(govapp_is_pruning(), false)"


# Partitions are no tables of their own: they are protected with their parent (`partitions`).
_TABLES = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
AND relkind IN ('r', 'p') AND NOT relispartition
"""


def tenant_models() -> list[type[TenantOwned]]:
    """Return every concrete model whose rows belong to a tenant."""
    return [model for model in apps.get_models() if issubclass(model, TenantOwned)]


def installation_models() -> list[type[InstallationOwned]]:
    """Return every concrete model whose rows belong to no tenant and are guarded all the same."""
    return [model for model in apps.get_models() if issubclass(model, InstallationOwned)]


def protect_tables(connection: BaseDatabaseWrapper) -> None:
    """Protect every table. Runs as the owner of the schema."""
    owned = tenant_models()
    targets = {
        field.related_model._meta.db_table for model in owned for field in _tenant_keys(model)
    }
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        existing = {name for (name,) in cursor.fetchall()}
        cursor.execute(_REFUSE_CHANGE)
        for table in sorted(targets & existing):
            cursor.execute(_composite_key(table))
        for model in owned:
            if model._meta.db_table in existing:
                for statement in _protection(model):
                    cursor.execute(statement)
        shared = [each for each in installation_models() if each._meta.db_table in existing]
        guarded = {model._meta.db_table for model in (*owned, *shared)}
        cursor.execute(_other_rights(existing - guarded))
        for common in shared:
            for statement in _guard(common):
                cursor.execute(statement)
        build_partitions(cursor, [m for m in owned if m._meta.db_table in existing])


def _guard(model: type[InstallationOwned]) -> Iterator[str]:
    """The rights and triggers of a table that has no row-level security."""
    table = model._meta.db_table
    yield f'REVOKE ALL ON "{table}" FROM {APP_ROLE}'
    yield f'GRANT {_rights(model)} ON "{table}" TO {APP_ROLE}'
    yield from _triggers(model)


def _tenant_keys(model: type[models.Model]) -> Iterator[TenantForeignKey]:
    for field in model._meta.local_fields:
        if isinstance(field, TenantForeignKey):
            yield field


def held_keys(model: type[models.Model]) -> Iterator[TenantForeignKey]:
    """The references that a constraint holds: all but those to a table in partitions.

    PostgreSQL plans the check of such a key anew for each row, at twice the cost of the row. What
    refers to an event is written with it in one statement, and read by a join with the tenant.
    """
    for field in _tenant_keys(model):
        target = field.related_model
        if not (issubclass(target, TenantOwned) and target.partitioned_by_year):
            yield field


def _composite_key(table: str) -> str:
    name = f"{table}_tenant_key"[:63]
    return _add_constraint(table, name, "UNIQUE (tenant_id, id)")


def _add_constraint(table: str, name: str, definition: str) -> str:
    return f"""DO $$ BEGIN
      IF NOT EXISTS (SELECT FROM pg_constraint
                     WHERE conname = '{name}' AND conrelid = '{table}'::regclass) THEN
        ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {definition};
      END IF; END $$"""


def _protection(model: type[TenantOwned]) -> Iterator[str]:
    table = model._meta.db_table
    yield f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY'
    yield f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY'
    yield f'DROP POLICY IF EXISTS tenant_rows ON "{table}"'
    yield f'CREATE POLICY tenant_rows ON "{table}" USING (tenant_id = {_TENANT})'
    yield f'REVOKE ALL ON "{table}" FROM {APP_ROLE}'
    yield f'GRANT {_rights(model)} ON "{table}" TO {APP_ROLE}'
    for field in held_keys(model):
        target = field.related_model._meta.db_table
        yield _add_constraint(
            table,
            f"{table}_{field.column}_tenant"[:63],
            f'FOREIGN KEY (tenant_id, "{field.column}") REFERENCES "{target}" (tenant_id, id)'
            " DEFERRABLE INITIALLY IMMEDIATE",
        )
    yield from _triggers(model)


def _rights(model: type[Guarded]) -> str:
    if model.append_only:
        return "SELECT, INSERT"
    return "SELECT, INSERT, UPDATE" + ("" if model.never_removed else ", DELETE")


def _triggers(model: type[Guarded]) -> Iterator[str]:
    table = model._meta.db_table
    if not model.append_only:  # a table may have been until now
        yield f'DROP TRIGGER IF EXISTS written_once ON "{table}"'
        yield f'DROP TRIGGER IF EXISTS never_emptied ON "{table}"'
    if model.never_removed:
        for name, event in (("never_removed", "DELETE"), ("never_emptied", "TRUNCATE")):
            each = "ROW" if event == "DELETE" else "STATEMENT"
            yield (
                f'CREATE OR REPLACE TRIGGER {name} BEFORE {event} ON "{table}"'
                f" FOR EACH {each} EXECUTE FUNCTION govapp_refuse_removal()"
            )
    if model.append_only:
        unless = "" if model.is_evidence else f" WHEN ({_UNLESS_FORGETTING})"
        unless = f" WHEN ({_UNLESS_PRUNING})" if model.is_prunable else unless
        yield (
            f'CREATE OR REPLACE TRIGGER written_once BEFORE UPDATE OR DELETE ON "{table}"'
            f" FOR EACH ROW{unless} EXECUTE FUNCTION govapp_refuse_change()"
        )
        yield (
            f'CREATE OR REPLACE TRIGGER never_emptied BEFORE TRUNCATE ON "{table}"'
            " FOR EACH STATEMENT EXECUTE FUNCTION govapp_refuse_change()"
        )
    if model.immutable_fields:
        fields = {field.name: field.column for field in model._meta.local_fields}
        columns = [fields[name] for name in model.immutable_fields]
        arguments = ", ".join(f"'{column}'" for column in columns)
        # The function compares through JSON, to say which column it was: it is called only when
        # one differs, so that an ordinary update does not pay for it.
        differs = " OR ".join(f'OLD."{each}" IS DISTINCT FROM NEW."{each}"' for each in columns)
        yield (
            f'CREATE OR REPLACE TRIGGER columns_kept BEFORE UPDATE ON "{table}"'
            f" FOR EACH ROW WHEN (({differs}) AND {_UNLESS_FORGETTING})"
            f" EXECUTE FUNCTION govapp_keep_columns({arguments})"
        )
    if model.erasable_fields:
        fields = {field.name: field.column for field in model._meta.local_fields}
        columns = [fields[name] for name in model.erasable_fields]
        arguments = ", ".join(f"'{column}'" for column in columns)
        differs = " OR ".join(
            f'NEW."{each}" IS NOT NULL AND OLD."{each}" IS DISTINCT FROM NEW."{each}"'
            for each in columns
        )
        yield (
            f'CREATE OR REPLACE TRIGGER columns_only_emptied BEFORE UPDATE ON "{table}"'
            f" FOR EACH ROW WHEN ({differs}) EXECUTE FUNCTION govapp_keep_columns({arguments})"
        )
    if model.revisable is not None:
        yield from _revision_trigger(model, model.revisable)


def _revision_trigger(model: type[Guarded], rule: Revisable) -> Iterator[str]:
    """Let the columns change while the row is open, in a new version, as a revision keeps them."""
    table, kept = model._meta.db_table, apps.get_model(rule.kept_in)
    names = {field.name: field.column for field in model._meta.local_fields}
    columns = [names[name] for name in rule.fields]
    shared = [each for each in columns if each in {f.column for f in kept._meta.local_fields}]
    agrees = " AND ".join(f'kept."{each}" IS NOT DISTINCT FROM NEW."{each}"' for each in shared)
    reference = {field.name: field.column for field in kept._meta.local_fields}[rule.reference]
    # A function of this table alone: its condition is written out, nothing is composed when it
    # runs. It is called with the rights of the role that updates, so it sees the tenant's rows.
    yield f"""
    CREATE OR REPLACE FUNCTION "{table}_keep_revised"() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.status = '{rule.while_status}' AND NEW.status = OLD.status
        AND NEW.version > OLD.version AND EXISTS (
          SELECT FROM "{kept._meta.db_table}" AS kept WHERE kept.tenant_id = NEW.tenant_id
          AND kept."{reference}" = NEW.id AND kept.request_version = NEW.version AND {agrees})
      THEN RETURN NEW; END IF;
      RAISE EXCEPTION '% changes only together with a revision', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
    END $$"""
    differs = " OR ".join(f'OLD."{each}" IS DISTINCT FROM NEW."{each}"' for each in columns)
    yield (
        f'CREATE OR REPLACE TRIGGER columns_revised BEFORE UPDATE ON "{table}"'
        f" FOR EACH ROW WHEN (({differs}) AND {_UNLESS_FORGETTING})"
        f' EXECUTE FUNCTION "{table}_keep_revised"()'
    )


def _other_rights(tables: set[str]) -> str:
    """Tables of no tenant (logins, sessions, content types): ordinary rights."""
    granted = sorted(tables - {"django_migrations", "govapp_clock"})
    names = ", ".join(f'"{table}"' for table in granted)
    return (
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {names} TO {APP_ROLE};"
        f" GRANT SELECT ON django_migrations TO {APP_ROLE};"
        f" GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE}"
    )
