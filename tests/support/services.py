"""The tests' own PostgreSQL and Valkey: one pair a run, one database a test process.

The schema is migrated once, as the owner, into a template; each process gets a copy and works on
it as the application role, so that row-level security holds in every test.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from govapp.runtime.postgres import RunningPostgres, start_postgres
from govapp.runtime.roles import ensure_roles
from govapp.runtime.valkey import RunningValkey, start_valkey

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = "govapp_template"
# What `migrate` fills, and the clock.
KEPT_TABLES = frozenset(
    {"django_migrations", "django_content_type", "auth_permission", "govapp_clock"}
)
PASSWORD = "tests-only"


@dataclass(frozen=True)
class Services:
    """The running servers, with the addresses that a database of a name has."""

    postgres: RunningPostgres
    valkey: RunningValkey

    def app_url(self, dbname: str) -> str:
        return self.postgres.url("govapp_app", PASSWORD, dbname)

    def owner_url(self, dbname: str) -> str:
        return self.postgres.url("govapp_owner", PASSWORD, dbname)

    def admin_url(self, dbname: str) -> str:
        return self.postgres.url("postgres", self.postgres.password, dbname)

    def create_database(self, dbname: str) -> None:
        """Copy the migrated template."""
        with psycopg.connect(self.admin_url("postgres"), autocommit=True) as connection:
            connection.execute(
                sql.SQL(
                    "CREATE DATABASE {} TEMPLATE {} OWNER govapp_owner STRATEGY file_copy"
                ).format(sql.Identifier(dbname), sql.Identifier(TEMPLATE))
            )

    def empty_database(self, dbname: str) -> None:
        """Delete every row but what `migrate` makes, as a superuser past all triggers.

        The application role cannot: its record is append-only, and must be.
        """
        with psycopg.connect(self.admin_url(dbname)) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("SET statement_timeout = '120s'")
            rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            for (table,) in rows.fetchall():
                if table not in KEPT_TABLES:
                    connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            connection.execute("UPDATE govapp_clock SET shift = '0'")


@contextmanager
def running_services(state: Path) -> Iterator[Services]:
    """Start both servers under `state` and migrate the template."""
    with (
        start_postgres(state / "postgres", fsync=False) as postgres,
        start_valkey(state / "valkey", appendonly=False) as valkey,
    ):
        services = Services(postgres, valkey)
        ensure_roles(
            postgres.admin_conninfo,
            app_password=PASSWORD,
            owner_password=PASSWORD,
            dbname=TEMPLATE,
        )
        _migrate(services)
        yield services


def _migrate(services: Services) -> None:
    environment = os.environ | {
        "GOVAPP_ENV": "test",
        "DJANGO_SETTINGS_MODULE": "govapp.settings.test",
        "DATABASE_URL": services.owner_url(TEMPLATE),
        "REDIS_URL": services.valkey.url,
    }
    subprocess.run(
        [sys.executable, ROOT / "manage.py", "migrate", "--verbosity=0"],
        env=environment,
        cwd=ROOT,
        check=True,
    )
