"""The part of `ledger` that appends: an event of the record beside a bare INSERT and COMMIT.

Both sides work in turns of a fraction of a second, so that what else the machine does meets both.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import cycle
from typing import Final
from uuid import UUID

import psycopg

from govapp.bench.figures import Figure, at_least

Connection = psycopg.Connection[tuple[object, ...]]

_RAW: Final = (
    "INSERT INTO audit_ledgerevent (id, tenant_id, type, occurred_at, actor_kind, actor_id,"
    " subject_type, subject_id, body)"
    " VALUES (uuidv7(), %s, 'bench.happened', now(), 'system', 'bench', 'report', %s, %s)"
)
_TENANT: Final = "SELECT set_config('app.tenant_id', %s, true)"
_READ: Final = "SELECT type FROM audit_ledgerevent WHERE tenant_id = %s AND id = %s"
_OTHER_SECONDS: Final = 0.005
_WAIT: Final = "SELECT pg_sleep(0.005)"
_TENANTS: Final = 100
_TURN_SECONDS: Final = 0.25
_Work = Callable[[Connection, UUID], None]


def appending(connection: Connection, seconds: float) -> Iterator[Figure]:
    """Yield how many events a second are appended, alone and beside other work."""
    for what, count, target in (
        ("append, one hot tenant", 1, 0.7),
        (f"append, {_TENANTS} tenants", _TENANTS, 0.7),
    ):
        appended, bare = _beside(connection, count, _nothing, seconds)
        yield at_least(what, appended, bare, unit="/s", name="INSERT+COMMIT", target=target)
    appended, bare = _beside(connection, 1, _reading, seconds)
    what = "append beside 5 ms of other work"
    yield at_least(what, appended, bare, unit="/s", name="INSERT+COMMIT", target=0.95)
    # Who wakes up after a while finds everything cold, the bare INSERT too: no work, no target.
    appended, bare = _beside(connection, 1, _waiting, seconds)
    what = "append after 5 ms of sleep in its transaction"
    yield Figure(what, f"{appended:,.0f} /s", f"{bare:,.0f} (INSERT+COMMIT)", appended / bare)


@cache
def tenants_of(_: str, count: int) -> Sequence[UUID]:
    """Return so many tenants of a benchmark, always the same for one name."""
    from govapp.common.ids import new_id

    return [new_id() for _ in range(count)]


def _nothing(_connection: Connection, _tenant_id: UUID) -> None:
    """No other work."""


def _waiting(connection: Connection, _tenant_id: UUID) -> None:
    connection.execute(_WAIT)


def _reading(connection: Connection, tenant_id: UUID) -> None:
    """Read one row after the other for five milliseconds, as a service does before it writes."""
    ends = time.perf_counter() + _OTHER_SECONDS
    while time.perf_counter() < ends:
        connection.execute(_READ, [tenant_id, tenant_id]).fetchall()


def _beside(
    connection: Connection, count: int, other: _Work, seconds: float
) -> tuple[float, float]:
    """Return how many a second are appended and inserted, each after other work."""
    # Bare rows are no events: they have tenants of their own, which nobody verifies.
    append = appender(tenants_of("append", count), other)
    bare, appended = _rates(inserter(connection, tenants_of("raw", count), other), append, seconds)
    return appended, bare


def appender(tenants: Sequence[UUID], other: _Work = _nothing) -> Callable[[], None]:
    """Return what appends one event, for these tenants in turn."""
    from django.db import connections

    from audit.actors import SYSTEM, Subject
    from audit.services import record
    from govapp.common.tenancy import bind_tenant
    from govapp.common.writing import unit_of_work

    subject, turns = Subject("report", "rp_bench", "Benchmark"), cycle(tenants)
    connection = connections["default"]

    def append() -> None:
        tenant = next(turns)
        with bind_tenant(tenant), unit_of_work():  # as a service that changes something
            other(connection.connection, tenant)  # as the bare one does it
            record(event_type="bench.happened", actor=SYSTEM, subject=subject, summary="It did.")

    return append


def inserter(
    connection: Connection, tenants: Sequence[UUID], other: _Work = _nothing
) -> Callable[[], None]:
    """Return what inserts one row of the size of an event and commits."""
    content, turns = b"x" * 330, cycle(tenants)

    def insert() -> None:
        tenant = next(turns)
        connection.execute(_TENANT, [str(tenant)])
        other(connection, tenant)
        connection.execute(_RAW, [tenant, "rp_bench", content])
        connection.commit()

    return insert


def _rates(one: Callable[[], None], two: Callable[[], None], seconds: float) -> tuple[float, float]:
    """Return how often a second each of both is done, in turns."""
    done, taken = [0, 0], [0.0, 0.0]
    for work in (one, two):
        for _ in range(20):
            work()
    while taken[1] < seconds:
        for which, work in enumerate((one, two)):
            began = time.perf_counter()
            while time.perf_counter() - began < _TURN_SECONDS:
                work()
                done[which] += 1
            taken[which] += time.perf_counter() - began
    return done[0] / taken[0], done[1] / taken[1]
