"""Migrates and loads the demonstration only when needed: that is what a start would wait for.

What was done is noted in the database itself (its comment), so a database that was dropped,
restored or swapped behind a URL never passes for a migrated one.
"""

import hashlib
import json
import sys
from pathlib import Path

import psycopg
from psycopg import sql

from govapp.runtime.console import StartError, say
from govapp.runtime.processes import spawn
from govapp.runtime.services import Services
from govapp.runtime.state import ROOT

# Third-party migrations change with the lock, the set of apps with the settings.
SOURCES = ("*/migrations/*.py", "requirements.lock", "govapp/settings/*.py")
PREFIX = "govapp "


def fingerprint(root: Path) -> str:
    """Return one hash over everything that decides what ``migrate`` would do."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in SOURCES for path in root.glob(pattern)):
        digest.update(f"{path.relative_to(root)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def read_note(url: str) -> dict[str, str]:
    """Return what earlier starts noted in this database."""
    query = (
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database "
        "WHERE datname = current_database()"
    )
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    if not row or not row[0] or not str(row[0]).startswith(PREFIX):
        return {}
    note: dict[str, str] = json.loads(str(row[0]).removeprefix(PREFIX))
    return note


def write_note(url: str, note: dict[str, str]) -> None:
    """Note what was done. An owner who may not is an owner who migrates on every start."""
    with psycopg.connect(url, autocommit=True) as connection:
        statement = sql.SQL("COMMENT ON DATABASE {} IS {}").format(
            sql.Identifier(connection.info.dbname), sql.Literal(PREFIX + json.dumps(note))
        )
        try:
            connection.execute(statement)
        except psycopg.errors.InsufficientPrivilege:
            return


def prepare_database(services: Services, *, with_demo: bool) -> None:
    """Bring the schema up to date, and the demonstration in, if they are not."""
    note = read_note(services.owner_url)
    current = fingerprint(ROOT)
    if note.get("migrations") != current:
        say("Migrating the database as its owner …")
        manage(["migrate", "--no-input", "--verbosity", "0"], services.owner_environment())
        note["migrations"] = current
        write_note(services.owner_url, note)
    if with_demo and not (note.get("demo") and (services.directory / "demo.json").exists()):
        load_demo(services, note)


def load_demo(services: Services, note: dict[str, str]) -> None:
    """Let the application make its demonstration tenant, and note that it did."""
    if not has_command("load_demo"):
        return
    say("Making the demonstration tenant and its history …")
    manage(["load_demo"], services.tool_environment())
    write_note(services.owner_url, {**note, "demo": "loaded"})


def has_command(name: str) -> bool:
    """Tell whether one of our apps brings this management command."""
    return any(ROOT.glob(f"*/management/commands/{name}.py")) or any(
        ROOT.glob(f"*/*/management/commands/{name}.py")
    )


def manage(arguments: list[str], environment: dict[str, str]) -> None:
    """Run a management command to its end. Raises StartError when it fails."""
    process = spawn(
        [sys.executable, ROOT / "manage.py", *arguments], env=environment, cwd=ROOT, output=None
    )
    if process.wait():
        raise StartError(f"manage.py {arguments[0]} failed; its words are above.")
