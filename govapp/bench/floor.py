"""The floor: the rows of one submission, inserted by pgbench with prepared statements.

The same tables, columns, indexes, foreign keys and row-level security, as the application role;
no web server, no policy, no Python. What is above it is what our code costs.
"""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit
from uuid import UUID

import psycopg
from psycopg import sql

from govapp.bench.figures import median
from govapp.bench.ground import Ground
from govapp.runtime.postgres import binary

_ID: Final = "uuidv7()"


@dataclass(frozen=True)
class Floor:
    """What pgbench reached: transactions a second, and the median in milliseconds."""

    rate: float
    p50: float


def measure_floor(ground: Ground, request_id: UUID, *, clients: int, seconds: float) -> Floor:
    """Insert copies of the rows that submitting `request_id` wrote, by `clients` at once."""
    script = _script(ground, request_id)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "submit.sql"
        path.write_text(script)
        command = [str(binary("pgbench")), "-n", "-M", "prepared", "-c", str(clients)]
        command += ["-j", str(min(2, clients)), "-T", str(max(1, round(seconds)))]
        address = urlsplit(ground.services.app_url)
        command += ["-l", f"--log-prefix={name}/log", "-f", str(path)]
        command += [address._replace(netloc=f"{address.username}@").geturl()]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env=ground.environment | {"PGPASSWORD": unquote(address.password or "")},
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        rate = next(
            float(line.split()[2]) for line in done.stdout.splitlines() if line.startswith("tps")
        )
        logs = [log.read_text().splitlines() for log in Path(name).glob("log*")]
        times = [int(line.split()[2]) / 1000 for lines in logs for line in lines]
    return Floor(rate, median(times))


def _script(ground: Ground, request_id: UUID) -> str:
    with psycopg.connect(ground.services.app_url) as connection:
        tenant = ground.company.tenant_id
        connection.execute("SELECT set_config('app.tenant_id', %s, false)", [str(tenant)])
        writer = _Writer(connection)
        request = writer.row("approvals_actionrequest", "id", request_id)
        location = f"/api/v1/action-requests/{_public(request_id)}"
        answered = writer.row("approvals_idempotencykey", "response_location", location)
        events = writer.rows("audit_ledgerevent", "request_id", request_id)
        lines = [
            "BEGIN",
            f"SELECT set_config('app.tenant_id', '{tenant}', true)",
            writer.insert("approvals_idempotencykey", answered, key="uuidv7()::text"),
            writer.insert("approvals_actionrequest", request),
            *(writer.event(event) for event in events),
            "COMMIT",
        ]
    return "".join(f"{line};\n" for line in lines)


def _public(ident: UUID) -> str:
    from govapp.common.ids import public_id

    return public_id("ar", ident)


@dataclass(frozen=True)
class _Writer:
    connection: psycopg.Connection[tuple[object, ...]]

    def row(self, table: str, column: str, value: object) -> dict[str, str | None]:
        return self.rows(table, column, value)[0]

    def rows(self, table: str, column: str, value: object) -> list[dict[str, str | None]]:
        """Return rows as PostgreSQL writes them: an empty list of JSON is no empty array."""
        name = sql.Identifier(table)
        empty = self.connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(name))
        names = [each.name for each in empty.description or ()]
        texts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(n)) for n in names)
        cursor = self.connection.execute(
            sql.SQL("SELECT {} FROM {} WHERE {} = %s ORDER BY id").format(
                texts, name, sql.Identifier(column)
            ),
            [value],
        )
        return [dict(zip(names, map(_text, found), strict=True)) for found in cursor.fetchall()]

    @staticmethod
    def insert(table: str, row: dict[str, str | None], **fresh: str) -> str:
        """Return an INSERT of this row again, with another id."""
        values = {name: _literal(value) for name, value in row.items()} | {"id": _ID} | fresh
        names, marks = ", ".join(values), ", ".join(values.values())
        return f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - our own rows

    def event(self, event: dict[str, str | None]) -> str:
        """Return the INSERT of an event with its place in the queue."""
        inserted = self.insert("audit_ledgerevent", event)
        return (
            f"WITH event AS ({inserted} RETURNING id, tenant_id)"  # noqa: S608 - our own rows
            " INSERT INTO audit_ledgerqueueitem (id, tenant_id, event_id)"
            " SELECT uuidv7(), tenant_id, id FROM event"
        )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _literal(text: str | None) -> str:
    """Return a literal that takes its column's type; pgbench reads a bare colon as a variable."""
    if text is None:
        return "NULL"
    escaped = text.replace("\\", "\\\\").replace("'", "''").replace(":", "\\x3a")
    return "E'" + escaped.replace("\n", "\\n") + "'"
