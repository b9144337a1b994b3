"""`round-trips`: how often submit, poll and vote go to PostgreSQL and back.

Counted on the wire by libpq's own trace: a simple query or a Sync is one trip, whoever caused it
(BEGIN, set_config and COMMIT are trips as well). Submit and poll are whole HTTP requests through
every middleware; the vote is its service in a transaction, as each way to vote calls it.
"""

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from typing import Final
from uuid import uuid4

from govapp.bench.company import ALLOWED, PENDING, Company, body
from govapp.bench.figures import Figure, at_most
from govapp.bench.ground import Ground

TARGET: Final = 5
_TRIP: Final = re.compile(r"^F\t\d+\t(Query|Sync|Parse|Bind)\b(.*)$", re.MULTILINE)
_URL: Final = "/api/v1/action-requests"


def trips(work: Callable[[], object]) -> list[str]:
    """Return what went over this thread's connection while `work` ran, one entry a trip."""
    from django.db import connection
    from psycopg import pq

    connection.ensure_connection()
    with tempfile.TemporaryFile() as file:
        connection.connection.pgconn.trace(file.fileno())
        connection.connection.pgconn.set_trace_flags(pq.Trace.SUPPRESS_TIMESTAMPS)
        try:
            work()
        finally:
            connection.connection.pgconn.untrace()
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        text = file.read().decode()
    return list(_entries(text))


def _entries(trace: str) -> Iterator[str]:
    words = ""
    for kind, rest in _TRIP.findall(trace):
        if kind == "Query":
            yield rest.strip()
        elif kind == "Sync":
            yield words
            words = ""
        else:
            words = rest.strip()


def run(ground: Ground) -> Iterator[Figure]:
    """Yield the count for each of the three, and for a submission that people decide."""
    company = ground.company
    for what, work in _work(company):
        work()
        work()  # prepared by now, as on a connection that has served
        found = trips(work)
        if os.environ.get("GOVAPP_BENCH_SHOW"):
            print(what, *found, sep="\n  ")  # noqa: T201 - for whoever makes it fewer
        yield at_most(what, len(found), unit="trips", target=TARGET)


def _work(company: Company) -> Iterator[tuple[str, Callable[[], object]]]:
    yield "submit, allowed by rule", lambda: _submit(company, ALLOWED)
    yield "submit, sent to people", lambda: _submit(company, PENDING)
    request = company.submit()
    yield "poll of a pending request", lambda: _poll(company, request.public_id)
    waiting = [company.submit() for _ in range(3)]
    yield "vote that decides", lambda: _vote(company, waiting)


def _submit(company: Company, category: str) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    call("POST", _URL, company.keys[0], json.dumps(body(category)).encode(), **key)


def _poll(company: Company, public_id: str) -> None:
    call("GET", f"{_URL}/{public_id}", company.keys[0])


def call(method: str, path: str, key: str, content: bytes = b"", **headers: str) -> bytes:
    """Serve one request here, as the web server's threads do. Raises for a refusal."""
    from django.test import RequestFactory

    from govapp.wsgi import application

    request = RequestFactory(SERVER_NAME="127.0.0.1").generic(
        method,
        path,
        content,
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"} | headers,
    )
    statuses: list[str] = []

    def start(status: str, *_: object) -> Callable[[bytes], object]:
        statuses.append(status)
        return lambda _: None

    response = application(request.environ, start)
    text = b"".join(response)
    response.close()
    if not statuses[0].startswith("2"):
        raise RuntimeError(f"Answered {statuses[0]}.")
    return text


def _vote(company: Company, waiting: list) -> None:  # type: ignore[type-arg]
    from approvals.enums import Verdict
    from approvals.services.votes import cast_vote
    from govapp.common.tenancy import bind_tenant

    request = waiting.pop()
    with bind_tenant(company.tenant_id):
        cast_vote(
            member=company.approvers[0],
            request_id=request.pk,
            verdict=Verdict.APPROVE,
            payload_digest=request.payload_digest,
            request_version=request.version,
        )
