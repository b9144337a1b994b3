"""Database and broker of one run, and the environment that everything else reads.

The names of that environment are the contract with ``govapp/settings``.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from govapp.runtime.console import StartError
from govapp.runtime.postgres import RunningPostgres, start_postgres
from govapp.runtime.state import Secrets, load_secrets
from govapp.runtime.valkey import RunningValkey, start_valkey

DATABASE = "govapp"


@dataclass
class Services:
    """What runs beside the application; a server is None when the user brought their own."""

    directory: Path
    secrets: Secrets
    app_url: str
    owner_url: str
    redis_url: str
    postgres: RunningPostgres | None = None
    valkey: RunningValkey | None = None
    base_url: str = "http://127.0.0.1:8000"
    mode: str = field(default_factory=lambda: os.environ.get("GOVAPP_ENV", "dev"))

    def environment(self) -> dict[str, str]:
        """Return the environment of the application role: it holds no owner's password.

        What the user set beforehand stays, except what this run decides.
        """
        return {**without_owner(os.environ), **self.decided()}

    def decided(self) -> dict[str, str]:
        """Return what this run decides itself."""
        return {
            "GOVAPP_ENV": self.mode,
            "SECRET_KEY": os.environ.get("SECRET_KEY", self.secrets.secret_key),
            "GOVAPP_SEALING_KEY": os.environ.get("GOVAPP_SEALING_KEY", self.secrets.sealing_key),
            "DATABASE_URL": self.app_url,
            "REDIS_URL": self.redis_url,
            "GOVAPP_STATE_DIR": str(self.directory),
            "GOVAPP_BASE_URL": os.environ.get("GOVAPP_BASE_URL", self.base_url),
            "PYTHONUNBUFFERED": "1",
        }

    def note(self) -> dict[str, str]:
        """Return what other commands need to know of this run; nothing else of the user's."""
        return {**self.decided(), "DATABASE_OWNER_URL": self.owner_url}

    def tool_environment(self) -> dict[str, str]:
        """Return the environment of commands typed by a person: both databases' URLs."""
        return {**self.environment(), "DATABASE_OWNER_URL": self.owner_url}

    def owner_environment(self) -> dict[str, str]:
        """Return the environment of migrations, which only the owner may run."""
        return {
            **self.tool_environment(),
            "DATABASE_URL": self.owner_url,
            "GOVAPP_ROLE": "owner",
        }


def without_owner(environment: "os._Environ[str]") -> dict[str, str]:
    """Return the environment without the owner's URL: serving processes must not have it."""
    return {name: value for name, value in environment.items() if name != "DATABASE_OWNER_URL"}


@contextmanager
def running_services(directory: Path, *, durable: bool = True) -> Iterator[Services]:
    """Start what the user did not bring, make the roles, and stop it all at the end.

    The caller holds the lock of the directory. ``durable=False`` is for scratch data.
    """
    held = load_secrets(directory)
    postgres: RunningPostgres | None = None
    valkey: RunningValkey | None = None
    admin, redis_url = os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")
    services: Services | None = None
    try:
        if not admin:
            postgres = launch_postgres(directory, durable=durable)
            admin = postgres.admin_url
        if not redis_url:
            valkey = launch_valkey(directory, durable=durable)
            redis_url = valkey.url
        app_url, owner_url = database_urls(admin, held)
        services = Services(directory, held, app_url, owner_url, redis_url, postgres, valkey)
        yield services
    finally:
        if services:
            # Those of the moment, not those of the start: a supervisor may restart them.
            postgres, valkey = services.postgres, services.valkey
        if valkey:
            valkey.stop()
        if postgres:
            postgres.stop()


def launch_postgres(directory: Path, *, durable: bool = True) -> RunningPostgres:
    """Start the database of this state directory; the same URL each time."""
    log = directory / "logs" / "postgres.log"
    return start_postgres(directory / "postgres", fsync=durable, log=log)


def launch_valkey(
    directory: Path, *, durable: bool = True, after: RunningValkey | None = None
) -> RunningValkey:
    """Start the broker; ``after`` is one that ended, whose URL the new one keeps."""
    return start_valkey(
        directory / "valkey",
        appendonly=durable,
        port=after.port if after else None,
        password=after.password if after else None,
        log=directory / "logs" / "valkey.log",
    )


def database_urls(admin: str, held: Secrets) -> tuple[str, str]:
    """Return the application's and the owner's URL.

    Both given by the user: taken as they are. One: an administrator's, who makes the roles
    in the database it names, or in ``govapp`` when it names a maintenance database.
    """
    from govapp.runtime.roles import ensure_roles

    if given := os.environ.get("DATABASE_OWNER_URL"):
        if not os.environ.get("DATABASE_URL"):
            raise StartError("DATABASE_OWNER_URL is set without DATABASE_URL; set both or none.")
        return admin, given
    named = urlsplit(admin).path.strip("/")
    urls = ensure_roles(
        admin,
        app_password=held.app_password,
        owner_password=held.owner_password,
        dbname=DATABASE if named in {"", "postgres", "template1"} else named,
    )
    return urls.app, urls.owner
