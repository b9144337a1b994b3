"""Tests of the record that commit: several connections, and a superuser who forges rows."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import DATABASE
from tests.support.services import Services

Run = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def committed(services: Services, django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Real commits. The application may not empty the ledger, so the administrator does."""
    from govapp.common.clock import shift_clock

    with django_db_blocker.unblock():
        yield
        shift_clock(timedelta(0))
    with psycopg.connect(services.admin_url(DATABASE), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for (table,) in connection.execute(
            "SELECT tablename FROM pg_tables WHERE tablename LIKE 'audit\\_%'"
        ).fetchall():
            connection.execute(f'DELETE FROM "{table}"')  # noqa: S608 - from the catalogue


@pytest.fixture
def forge(services: Services, committed: None) -> Iterator[Run]:
    """Run statements as the database's superuser, past every trigger and constraint."""
    with psycopg.connect(services.admin_url(DATABASE), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")

        def run(statement: str, *arguments: object) -> list[tuple[Any, ...]]:
            cursor = connection.execute(statement, arguments or None)
            return cursor.fetchall() if cursor.description else []

        yield run


@pytest.fixture
def outside(tmp_path: Path, settings: Any) -> Path:
    """A directory in which checkpoints are published."""
    settings.LEDGER_CHECKPOINT_DIR = tmp_path / "checkpoints"
    return tmp_path / "checkpoints"


@pytest.fixture
def kept_a_year(settings: Any, committed: None, services: Services) -> Iterator[None]:
    """The record is kept for a year, and it is the tenth of March 2026."""
    from audit.selectors.retention import Retention
    from govapp.common.clock import now, shift_clock
    from tests.audit import keeping

    settings.AUDIT_RETENTION_OF_TENANT = "tests.audit.keeping.retention_said"
    keeping.said["retention"] = Retention(days=365)
    shift_clock(timedelta(0))
    shift_clock(keeping.NOW - now())
    yield
    keeping.said["retention"] = Retention(days=365)
