"""The ground that benchmarks stand on: own servers with fsync, and a tenant made by services."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from govapp.runtime.migrations import prepare_database
from govapp.runtime.services import Services, running_services
from govapp.runtime.state import state_dir

if TYPE_CHECKING:
    from govapp.bench.company import Company

# A benchmark never touches a database that somebody brought.
_NOT_TAKEN = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "GOVAPP_BASE_URL")
# A migrated cluster that nobody runs: who only wants to know whether all runs need not migrate.
_TEMPLATE = "GOVAPP_BENCH_TEMPLATE"
# High enough to be counted and never to refuse: the limit's cost is measured, not its refusals.
_NO_LIMIT = "900000"


@dataclass
class Ground:
    """What every benchmark is given. `is_tiny` asks for sizes that only show that it runs."""

    services: Services
    is_tiny: bool
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.environment = self.services.environment() | {
            "AGENT_CALLS_PER_SECOND": _NO_LIMIT,
            "AGENT_CALLS_AT_ONCE": _NO_LIMIT,
            "TENANT_CALLS_PER_SECOND": _NO_LIMIT,
            "TENANT_CALLS_AT_ONCE": _NO_LIMIT,
            "LOG_LEVEL": "ERROR",
        }

    def size(self, full: int, tiny: int) -> int:
        """Return how much to do."""
        return tiny if self.is_tiny else full

    def seconds(self, full: float) -> float:
        """Return for how long to measure."""
        return 1.0 if self.is_tiny else full

    @cached_property
    def company(self) -> "Company":
        """The tenant, made when the first benchmark asks for it."""
        from govapp.bench.company import make_company

        return make_company(lifetime=timedelta(days=1))


@contextmanager
def standing(*, is_tiny: bool) -> Iterator[Ground]:
    """Start PostgreSQL 18 (fsync on) and Valkey in a directory of their own, and migrate."""
    for name in _NOT_TAKEN:
        os.environ.pop(name, None)
    # Below the state directory, which is on a disk; a temporary file system may be memory.
    directory = Path(tempfile.mkdtemp(prefix="bench-", dir=state_dir()))
    directory.chmod(0o711 if os.geteuid() == 0 else 0o700)
    (directory / "logs").mkdir(mode=0o700)
    lay_cluster(directory)
    try:
        with running_services(directory) as services:
            prepare_database(services, with_demo=False)
            _take_the_clock_of_production(services)
            ground = Ground(services, is_tiny)
            _become_application(ground)
            yield ground
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def lay_cluster(directory: Path) -> None:
    """Begin with a copy of the migrated cluster that the environment names, if it names one."""
    if template := os.environ.get(_TEMPLATE):
        for name in ("postgres", "postgres.password"):
            subprocess.run(["cp", "-Rp", Path(template) / name, directory / name], check=True)  # noqa: S607


@contextmanager
def as_superuser(ground: Ground) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Yield a connection past all triggers, to prepare what no service would."""
    postgres = ground.services.postgres
    if postgres is None:
        raise RuntimeError("Benchmarks run on their own servers.")
    with psycopg.connect(postgres.url("postgres", postgres.password, "govapp")) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


def _take_the_clock_of_production(services: Services) -> None:
    """Development reads its clock from a table at each transaction; nobody moves it here."""
    from govapp.common.clock import REMOVE_SETTABLE_CLOCK

    with psycopg.connect(services.owner_url, autocommit=True) as connection:
        connection.execute(REMOVE_SETTABLE_CLOCK)


def _become_application(ground: Ground) -> None:
    os.environ.update(ground.environment)
    os.environ["DJANGO_SETTINGS_MODULE"] = "govapp.settings.dev"
    import django

    django.setup()
    import govapp.celery  # noqa: F401 - makes it Celery's current application
