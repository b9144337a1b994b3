"""The last statement of a transaction together with its COMMIT: one round trip instead of two.

psycopg's own pipeline does this too, and takes longer than two trips. What it does for a cursor
(parameters, statements that the session knows by name) is done here by the same parts of it.
"""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg._preparing import Prepare
from psycopg._queries import PostgresQuery
from psycopg.abc import PQGen
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Ready, Wait


def execute_and_commit(
    connection: psycopg.Connection[Any], sql: str, parameters: Sequence[Any]
) -> None:
    """Execute and commit the open transaction. When it raises nothing is committed, but for a
    server that went away before it answered, as with any COMMIT.

    Raises what psycopg raises; the transaction is then to be rolled back by the caller.
    """
    query = PostgresQuery(Transformer.from_context(connection))
    query.convert(sql, parameters)
    with connection.lock:
        known = connection._prepared  # noqa: SLF001 - the one place that knows them all
        prepare, name = known.get(query)
        answers = _send(connection, query, prepare, name)
        for answer in answers:
            if answer.status == ExecStatus.FATAL_ERROR:
                raise error_from_result(answer, encoding="utf-8")
        key = known.maybe_add_to_cache(query, prepare, name)
        if key is not None:
            known.validate(key, prepare, name, answers[-2:-1])
        connection.wait(known.maintain_gen(connection))


def _send(
    connection: psycopg.Connection[Any], query: PostgresQuery, prepare: Prepare, name: bytes
) -> list[PGresult]:
    wire = connection.pgconn
    wire.enter_pipeline_mode()
    try:
        if prepare is Prepare.SHOULD:
            wire.send_prepare(name, query.query, query.types)
        if prepare is Prepare.NO:
            wire.send_query_params(query.query, query.params, query.types, query.formats)
        else:
            wire.send_query_prepared(name, query.params, query.formats)
        # After what fails, the server passes over all up to the synchronisation.
        wire.send_query_params(b"COMMIT", None)
        wire.pipeline_sync()
        return connection.wait(_answers(wire))
    finally:
        if wire.status == ConnStatus.OK:
            wire.exit_pipeline_mode()


def _answers(wire: PGconn) -> PQGen[list[PGresult]]:
    """Wait until all is sent and answered, as psycopg's own generators do; return the answers."""
    while wire.flush():
        if (yield Wait.RW) & Ready.R:
            wire.consume_input()
    answers: list[PGresult] = []
    while True:
        while wire.is_busy():
            if (yield Wait.R):
                wire.consume_input()
        answer = wire.get_result()
        if answer is None:  # between two answers, and for ever when the server has gone
            if wire.status != ConnStatus.OK:
                raise psycopg.OperationalError("The server went away before it answered.")
        elif answer.status == ExecStatus.PIPELINE_SYNC:
            return answers
        else:
            answers.append(answer)
