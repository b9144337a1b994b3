"""The three database roles and their database, made by an administrator.

``govapp_owner`` owns the schema and migrates, ``govapp_app`` serves and owns nothing,
``govapp_door`` owns the few functions that look across tenants. None is a superuser and
none passes row-level security. Design: ``architecture.md``, "Database".
"""

from dataclasses import dataclass
from typing import LiteralString
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from govapp.runtime.console import StartError

OWNER, APP, DOOR = "govapp_owner", "govapp_app", "govapp_door"
# One run of this at a time in a cluster; the number only has to be ours.
LOCK_KEY = 7_426_001
UNSAFE = {
    "rolsuper": "NOSUPERUSER",
    "rolbypassrls": "NOBYPASSRLS",
    "rolcreaterole": "NOCREATEROLE",
    "rolcreatedb": "NOCREATEDB",
    "rolreplication": "NOREPLICATION",
}
OLDEST_SERVER = 150_000
Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True)
class DatabaseUrls:
    """How the application and the owner of the schema reach the database."""

    app: str
    owner: str


def ensure_roles(
    admin_conninfo: str, *, app_password: str, owner_password: str, dbname: str
) -> DatabaseUrls:
    """Make roles, database and grants what they must be; return the two URLs.

    Idempotent, and safe to call from several processes at once. ``admin_conninfo`` is a URL
    of somebody who may create roles and databases, on a database that exists.
    Raises StartError when the server is too old or withholds a right.
    """
    try:
        with psycopg.connect(admin_conninfo, autocommit=True) as admin:
            if admin.info.server_version < OLDEST_SERVER:
                raise StartError("PostgreSQL 15 or newer is needed.")
            admin.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
            ensure_role(admin, OWNER, password=owner_password)
            ensure_role(admin, APP, password=app_password)
            ensure_role(admin, DOOR, password=None)
            # Nearly every query of the application ends in milliseconds. A server with LLVM would
            # compile those that the planner thinks expensive: longer than running them takes.
            admin.execute(sql.SQL("ALTER ROLE {} SET jit = off").format(sql.Identifier(APP)))
            grant_memberships(admin)
            ensure_database(admin, dbname)
            # Inside the advisory lock: concurrent GRANTs on one object collide.
            with psycopg.connect(with_database(admin_conninfo, dbname), autocommit=True) as inside:
                grant_schema(inside, dbname)
    except psycopg.errors.InsufficientPrivilege as error:
        raise StartError(
            f"The administrator of DATABASE_URL may not do this: {error}. Give a URL that may "
            "create roles and databases, or set DATABASE_OWNER_URL too and prepare both roles."
        ) from error
    return DatabaseUrls(
        app=with_login(admin_conninfo, APP, app_password, dbname),
        owner=with_login(admin_conninfo, OWNER, owner_password, dbname),
    )


def ensure_role(admin: Connection, name: str, *, password: str | None) -> None:
    """Create the role or take away what it must not have; None as password means NOLOGIN."""
    role = sql.Identifier(name)
    columns = sql.SQL(", ").join(map(sql.Identifier, UNSAFE))
    query = sql.SQL("SELECT {} FROM pg_roles WHERE rolname = %s").format(columns)
    row = admin.execute(query, [name]).fetchone()
    if row is None:
        admin.execute(sql.SQL("CREATE ROLE {}").format(role))
        row = (False,) * len(UNSAFE)
    # Only what differs is altered: on 16 and later even NOSUPERUSER asks for a superuser.
    words: list[LiteralString] = [
        word for word, held in zip(UNSAFE.values(), row, strict=True) if held
    ]
    words.append("NOLOGIN" if password is None else "LOGIN")
    clause = sql.SQL(" ").join(map(sql.SQL, words))
    if password is not None:
        clause = sql.SQL("{} PASSWORD {}").format(clause, sql.Literal(password))
    admin.execute(sql.SQL("ALTER ROLE {} {}").format(role, clause))


def grant_memberships(admin: Connection) -> None:
    """Let the owner hand functions to the door, and a lesser administrator create for it."""
    modern = admin.info.server_version >= 160_000
    options = sql.SQL(" WITH INHERIT TRUE, SET TRUE" if modern else "")
    grant = sql.SQL("GRANT {} TO {}").format(sql.Identifier(DOOR), sql.Identifier(OWNER))
    admin.execute(grant + options)
    row = admin.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    if row and not row[0]:
        admin.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(OWNER)))


def ensure_database(admin: Connection, dbname: str) -> None:
    """Create the database unless it exists: UTF-8, and sorted the same on every machine."""
    if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [dbname]).fetchone():
        return
    builtin = "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
    admin.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8' {}").format(
            sql.Identifier(dbname),
            sql.Identifier(OWNER),
            sql.SQL(builtin if admin.info.server_version >= 170_000 else "LOCALE 'C'"),
        )
    )


def grant_schema(inside: Connection, dbname: str) -> None:
    """Give each role its place: the owner and the door create, the application only uses.

    Which tables the application may touch is for the migrations to say.
    """
    names = {
        "db": sql.Identifier(dbname),
        "owner": sql.Identifier(OWNER),
        "app": sql.Identifier(APP),
        "door": sql.Identifier(DOOR),
    }
    statements: list[LiteralString] = [
        "REVOKE ALL ON DATABASE {db} FROM PUBLIC",
        "GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {db} TO {owner}",
        "GRANT CONNECT ON DATABASE {db} TO {app}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "GRANT USAGE, CREATE ON SCHEMA public TO {owner}, {door}",
        "GRANT USAGE ON SCHEMA public TO {app}",
    ]
    for statement in statements:
        inside.execute(sql.SQL(statement).format(**names))


def with_database(url: str, dbname: str) -> str:
    """Return the URL on another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{quote(dbname, safe='')}"))


def with_login(url: str, user: str, password: str, dbname: str) -> str:
    """Return the URL with another login, keeping host, port and options."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    login = f"{quote(user, safe='')}:{quote(password, safe='')}@{place}"
    return with_database(urlunsplit(parts._replace(netloc=login)), dbname)
