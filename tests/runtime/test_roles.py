"""The three roles are what security.md needs them to be, and are made so again."""

from collections.abc import Iterator

import psycopg
import pytest

from govapp.runtime.migrations import read_note, write_note
from govapp.runtime.postgres import RunningPostgres, start_postgres
from govapp.runtime.roles import DatabaseUrls, ensure_roles, with_login

ATTRIBUTES = """
SELECT rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication
FROM pg_roles WHERE rolname LIKE 'govapp%' ORDER BY rolname
"""
EXPECTED = [
    ("govapp_app", True, False, False, False, False, False),
    ("govapp_door", False, False, False, False, False, False),
    ("govapp_owner", True, False, False, False, False, False),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPostgres]:
    with start_postgres(tmp_path_factory.mktemp("roles") / "pg", fsync=False) as running:
        yield running


def ensure(server: RunningPostgres, admin: str = "") -> DatabaseUrls:
    return ensure_roles(
        admin or server.admin_url, app_password="a/p p", owner_password="o@w", dbname="govapp"
    )


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query).fetchall()


def test_none_is_superuser_or_passes_row_security(server: RunningPostgres) -> None:
    ensure(server)
    ensure(server)
    assert rows(server.admin_url, ATTRIBUTES) == EXPECTED


def test_rights_gained_since_are_taken_away_again(server: RunningPostgres) -> None:
    ensure(server)
    with psycopg.connect(server.admin_url, autocommit=True) as connection:
        connection.execute("ALTER ROLE govapp_app SUPERUSER BYPASSRLS CREATEDB")
        connection.execute("ALTER ROLE govapp_door LOGIN")
    ensure(server)
    assert rows(server.admin_url, ATTRIBUTES) == EXPECTED


def test_the_owner_makes_functions_for_the_door(server: RunningPostgres) -> None:
    owner = ensure(server).owner
    with psycopg.connect(owner) as connection:
        connection.execute(
            "CREATE FUNCTION knock() RETURNS name LANGUAGE sql SECURITY DEFINER "
            "AS 'SELECT current_user'"
        )
        connection.execute("ALTER FUNCTION knock() OWNER TO govapp_door")
        assert connection.execute("SELECT knock()").fetchone() == ("govapp_door",)
        connection.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "CREATE TEMPORARY TABLE mine (id int)",
        "SET ROLE govapp_owner",
        "SET ROLE govapp_door",
        "CREATE ROLE mine",
    ],
)
def test_the_application_makes_nothing(server: RunningPostgres, statement: str) -> None:
    app = ensure(server).app
    with psycopg.connect(app) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_an_administrator_who_is_no_superuser_is_enough(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    directory = tmp_path_factory.mktemp("lesser") / "pg"
    with start_postgres(directory, fsync=False) as server:
        with psycopg.connect(server.admin_url, autocommit=True) as connection:
            connection.execute("CREATE ROLE dba LOGIN CREATEROLE CREATEDB PASSWORD 'dba'")
        dba = with_login(server.admin_url, "dba", "dba", "postgres")
        ensure(server, dba)
        urls = ensure(server, dba)
        assert rows(server.admin_url, ATTRIBUTES) == EXPECTED
        assert rows(urls.owner, "SELECT current_user, current_database()") == [
            ("govapp_owner", "govapp")
        ]


def test_what_was_migrated_is_noted_in_the_database_itself(server: RunningPostgres) -> None:
    owner = ensure(server).owner
    assert read_note(owner) == {}
    write_note(owner, {"migrations": "abc"})
    assert read_note(owner) == {"migrations": "abc"}


def test_only_the_application_has_nothing_compiled_for_it(server: RunningPostgres) -> None:
    ensure(server)
    of_roles = (
        "SELECT rolname, rolconfig FROM pg_roles WHERE rolname LIKE 'govapp%' ORDER BY rolname"
    )
    assert rows(server.admin_url, of_roles) == [
        ("govapp_app", ["jit=off"]),
        ("govapp_door", None),
        ("govapp_owner", None),
    ]
