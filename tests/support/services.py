"""The tests' own PostgreSQL and Valkey: one pair a test process.

The schema is migrated once in a run, as the owner, into a cluster that every test process copies;
each works on a copy of the migrated database as the application role, so that row-level security
holds in every test.
"""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from govapp.runtime.migrations import fingerprint, write_note
from govapp.runtime.postgres import RunningPostgres, start_postgres
from govapp.runtime.roles import ensure_roles
from govapp.runtime.valkey import RunningValkey, start_valkey

ROOT = Path(__file__).resolve().parents[2]
# The name that `./run` gives its database: a copy of the cluster is the state of a migrated Govapp.
TEMPLATE = "govapp"
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

        The application role cannot: its record is append-only, and must be. A page that was left
        may still be answered: what it writes would stay, or stand in the way.
        """
        with psycopg.connect(self.admin_url(dbname), autocommit=True) as watching:
            until = time.monotonic() + _PATIENCE
            while time.monotonic() < until and watching.execute(_OTHERS_WRITE).fetchone():
                time.sleep(0.05)
        for left in reversed(range(_TRIES)):
            try:
                self._empty(dbname)
                break
            except psycopg.errors.DeadlockDetected:
                if not left:
                    raise

    def _empty(self, dbname: str) -> None:
        with psycopg.connect(self.admin_url(dbname)) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("SET statement_timeout = '120s'")
            connection.execute(_EMPTY, prepare=False)


_PATIENCE: Final = 10.0  # seconds
_TRIES: Final = 5
_OTHERS_WRITE: Final = (
    "SELECT FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    " AND state IN ('active', 'idle in transaction')"
)
# In the server, and where there is something: a test leaves rows in few of the many tables.
_KEPT = ", ".join(f"'{table}'" for table in sorted(KEPT_TABLES))
_EMPTY = f"""
DO $$
DECLARE
    named text;
    filled boolean;
BEGIN
    FOR named IN
        SELECT tablename FROM pg_tables
        WHERE schemaname = 'public' AND tablename NOT IN ({_KEPT})
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', named) INTO filled;
        IF filled THEN
            EXECUTE format('DELETE FROM %I', named);
        END IF;
    END LOOP;
    UPDATE govapp_clock SET shift = '0';
END $$
"""  # noqa: S608 - names of our own


@contextmanager
def running_services(state: Path, shared: Path) -> Iterator[Services]:
    """Start both servers under `state`, with the template that is made once under `shared`."""
    copy_template(shared, state)
    with (
        start_postgres(state / "postgres", fsync=False) as postgres,
        start_valkey(state / "valkey", appendonly=False) as valkey,
    ):
        yield Services(postgres, valkey)


def copy_template(shared: Path, state: Path) -> None:
    """Copy the migrated cluster into a state directory, which is made if new."""
    state.mkdir(mode=0o711, exist_ok=True)
    have_template(shared)
    for name in ("postgres", "postgres.password"):
        subprocess.run(["cp", "-Rp", shared / name, state / name], check=True)


def have_template(shared: Path) -> None:
    """Have the migrated cluster; whoever comes first makes it while the others wait."""
    shared.mkdir(mode=0o711, parents=True, exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "is-made").exists():
            _make_template(shared)
            (shared / "is-made").touch()


def _make_template(shared: Path) -> None:
    with (
        start_postgres(shared / "postgres", fsync=False) as postgres,
        start_valkey(shared / "valkey", appendonly=False) as valkey,
    ):
        services = Services(postgres, valkey)
        ensure_roles(
            postgres.admin_conninfo,
            app_password=PASSWORD,
            owner_password=PASSWORD,
            dbname=TEMPLATE,
        )
        _migrate(services)
        write_note(services.owner_url(TEMPLATE), {"migrations": fingerprint(ROOT)})


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
