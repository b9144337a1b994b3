"""The narrow, named doors through which the application role looks across tenants.

Before a tenant is known (a key, a slug, a login) or for work that spans them (due timers, unsent
messages), a door answers with ids and nothing else that is not needed to choose a tenant. Each is
a SQL function owned by `govapp_door`, a role without login that may read just the columns listed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from govapp.common.rowsecurity import APP_ROLE, DOOR_ROLE


@dataclass(frozen=True)
class Door:
    """One SQL function across tenants.

    `reads` names the tables and columns its owner may read; `body` is one SQL SELECT in which
    `$1`, `$2` … are the arguments.
    """

    name: str
    arguments: str
    returns: str
    body: str
    reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Planned for the values of each call: where a word is rare or common, the way is another one.
    is_planned_anew: bool = False

    def call(self, *arguments: str | int | bytes | UUID | datetime | None) -> list[dict[str, Any]]:
        """Return the rows that the door shows, as dictionaries. One statement."""
        marks = ", ".join(["%s"] * len(arguments))
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {self.name}({marks})", arguments)  # noqa: S608 - our own name
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


_doors: dict[str, Door] = {}
# A door that has other arguments now, or is gone, must not stay open beside the new ones.
_CLOSE_ALL: Final = """DO $$ DECLARE door regprocedure; BEGIN
  FOR door IN SELECT oid::regprocedure FROM pg_proc
              WHERE pg_get_userbyid(proowner) = 'govapp_door' LOOP
    EXECUTE 'DROP FUNCTION ' || door;
  END LOOP; END $$"""


def register_door(door: Door) -> Door:
    """Make the door known, so that it is created after each migrate."""
    _doors[door.name] = door
    return door


def registered_doors() -> tuple[Door, ...]:
    """Return every door there is: what the catalogue test compares the database with."""
    return tuple(_doors.values())


def build_doors(connection: BaseDatabaseWrapper) -> None:
    """Close every door and build the registered ones. Runs as the owner of the schema."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(_CLOSE_ALL)
        for door in _doors.values():
            for table, columns in door.reads.items():
                names = ", ".join(f'"{column}"' for column in columns)
                cursor.execute(
                    f'GRANT SELECT ({names}) ON "{table}" TO {DOOR_ROLE};'
                    f' DROP POLICY IF EXISTS door_reads ON "{table}";'
                    f' CREATE POLICY door_reads ON "{table}" FOR SELECT TO {DOOR_ROLE} USING (true)'
                )
            planning = " SET plan_cache_mode = force_custom_plan" if door.is_planned_anew else ""
            cursor.execute(
                f"CREATE FUNCTION {door.name}({door.arguments}) RETURNS TABLE ({door.returns})"
                " LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp"
                f"{planning} AS $door$ {door.body} $door$;"
                f" REVOKE ALL ON FUNCTION {door.name}({door.arguments}) FROM PUBLIC;"
                f" GRANT EXECUTE ON FUNCTION {door.name}({door.arguments}) TO {APP_ROLE};"
                f" ALTER FUNCTION {door.name}({door.arguments}) OWNER TO {DOOR_ROLE}"
            )
