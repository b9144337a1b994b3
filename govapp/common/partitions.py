"""Tables in partitions of a year each, by the time that is in their rows' ids (UUIDv7, RFC 9562).

Made from the models after each migrate, like everything in `rowsecurity`. The application reaches
rows through the parent alone, whose row-level policy holds there; it has no right on a partition,
and a partition has no policy by which anybody else would see a row. A year begins with an id: the
first that could be made in its first millisecond (UTC).

The partition of next year is made a year ahead, by a function that the application may call: it
owns no table and could make none by itself. What no year takes lands in a default partition, so
that a clock that is wrong costs nothing but a look at the log. Decision 0017 says why years.
"""

from typing import Any, Final, Protocol

from django.db import connection, transaction

from govapp.common.models import TenantOwned


class Cursor(Protocol):
    """What is asked of a cursor: Django's and psycopg's alike."""

    def execute(self, query: Any, params: Any = None, /) -> Any: ...

    def fetchall(self) -> list[tuple[Any, ...]]: ...


MAKER: Final = "govapp_make_partitions"
_CALL: Final = f"SELECT partition_name, problem FROM {MAKER}()"  # noqa: S608 - our own name
_AHEAD: Final = 1  # years that are made before they begin
# A trigger on the parent does not see a TRUNCATE of a partition.
_PROTECT: Final = """
REVOKE ALL ON {0} FROM PUBLIC, govapp_app, govapp_door;
ALTER TABLE {0} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {0} FORCE ROW LEVEL SECURITY;
CREATE OR REPLACE TRIGGER never_emptied BEFORE TRUNCATE ON {0}
  FOR EACH STATEMENT EXECUTE FUNCTION govapp_refuse_change()
"""
# Ids carry the time of the machine, not of the clock that tests and demonstrations move.
_MAKE: Final = """
CREATE OR REPLACE FUNCTION {maker}() RETURNS TABLE (partition_name text, problem text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = public, pg_temp SET lock_timeout = '5s' AS $make$
DECLARE parent text; this integer := extract(year FROM now() AT TIME ZONE 'UTC'); made text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('{maker}'));
  FOREACH parent IN ARRAY ARRAY[{parents}]::text[] LOOP
    FOR wanted IN this .. this + {ahead} LOOP
      made := format('%s_%s', parent, wanted);
      CONTINUE WHEN to_regclass(made) IS NOT NULL;
      BEGIN
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
          made, parent, govapp_first_id(wanted), govapp_first_id(wanted + 1));
        EXECUTE replace($protect${protect}$protect$, '{0}', quote_ident(made));
        RETURN QUERY SELECT made, '';
      EXCEPTION WHEN check_violation OR invalid_object_definition OR lock_not_available THEN
        RETURN QUERY SELECT made, SQLERRM;
      END;
    END LOOP;
  END LOOP;
END $make$;
REVOKE ALL ON FUNCTION {maker}() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {maker}() TO govapp_app
"""
_FIRST_ID: Final = """
CREATE OR REPLACE FUNCTION govapp_first_id(year integer) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT (lpad(to_hex((extract(epoch FROM make_timestamptz(year, 1, 1, 0, 0, 0, 'UTC')) * 1000)
    ::bigint), 12, '0') || repeat('0', 20))::uuid $$
"""
_PARTITIONS: Final = """
SELECT parent.relname, child.relname FROM pg_inherits
JOIN pg_class parent ON parent.oid = inhparent JOIN pg_class child ON child.oid = inhrelid
WHERE parent.relkind = 'p' AND parent.relname = ANY(%s) ORDER BY child.relname
"""


def build_partitions(cursor: Cursor, models: list[type[TenantOwned]]) -> None:
    """Protect every partition there is, and make those that are wanted. As the schema's owner."""
    parents = sorted(model._meta.db_table for model in models if model.partitioned_by_year)
    cursor.execute(_FIRST_ID)
    cursor.execute(
        _MAKE.replace("{maker}", MAKER)
        .replace("{protect}", _PROTECT)
        .replace("{ahead}", str(_AHEAD))
        .replace("{parents}", ", ".join(f"'{parent}'" for parent in parents))
    )
    cursor.execute(_CALL)
    for partition in _names(cursor, parents):
        cursor.execute(_PROTECT.format(f'"{partition}"'))


def make_partitions() -> list[tuple[str, str]]:
    """Make the partitions of this year and the next that are missing. In the application's role.

    Returns each that was tried, with why it could not be made, or an empty text. Rows that are in
    the default partition already keep theirs from being made: they are found there all the same.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CALL)
        return [(str(name), str(problem)) for name, problem in cursor.fetchall()]


def drop_empty_years(cursor: Cursor, parent: str, *, until: int) -> list[str]:
    """Drop the partitions of years up to `until` that have no row left; return their names.

    As the schema's owner and in a transaction, which a task is not: what was kept too long is
    gone row by row before, and this only gives the disk back. Writers wait for its end.
    """
    cursor.execute("SET LOCAL lock_timeout = '5s'")
    old = [name for name in _names(cursor, [parent]) if _year_of(name) <= until]
    return [name for name in old if _drop_if_empty(cursor, parent, name)]


def _drop_if_empty(cursor: Cursor, parent: str, partition: str) -> bool:
    # Its owner sees no row of it otherwise, and would call a full one empty.
    cursor.execute(f'ALTER TABLE "{partition}" NO FORCE ROW LEVEL SECURITY')
    cursor.execute(f'SELECT count(*) FROM (SELECT FROM "{partition}" LIMIT 1) AS row')  # noqa: S608
    if cursor.fetchall()[0][0]:
        cursor.execute(f'ALTER TABLE "{partition}" FORCE ROW LEVEL SECURITY')
        return False
    cursor.execute(f'ALTER TABLE "{parent}" DETACH PARTITION "{partition}"')
    cursor.execute(f'DROP TABLE "{partition}"')
    return True


def _names(cursor: Cursor, parents: list[str]) -> list[str]:
    cursor.execute(_PARTITIONS, [parents])
    return [str(name) for _, name in cursor.fetchall()]


def _year_of(partition: str) -> int:
    """The year of a partition; the default one is never over."""
    year = partition.rpartition("_")[2]
    return int(year) if year.isdigit() else 9999
