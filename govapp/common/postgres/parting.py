"""The last statement of a transaction together with its COMMIT: one round trip instead of two.

psycopg's own pipeline does this too, and takes longer than two trips. What it does for a cursor
(parameters, statements that the session knows by name) is done here by the same parts of it.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import psycopg
from psycopg._preparing import Prepare
from psycopg._queries import PostgresQuery
from psycopg.abc import PQGen, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Ready, Wait

_CANCEL_SECONDS: Final = 5.0


def to_send(adapting: Transformer, sql: str, parameters: Sequence[Any]) -> PostgresQuery:
    """Return a statement as it is sent. Raises what cannot be written, before anything is sent."""
    query = PostgresQuery(adapting)
    query.convert(sql, parameters)
    return query


def execute_and_commit(connection: psycopg.Connection[Any], query: PostgresQuery) -> None:
    """Execute and commit the open transaction. What the server refuses is raised as psycopg does,
    and then nothing is committed: the caller rolls back.

    Whoever is interrupted, or whose server goes away before it answered, does not know whether it
    is committed, as with any COMMIT. The connection is closed then.
    """
    with connection.lock:
        connection.wait(connection._start_query())  # noqa: SLF001 - BEGIN, where none was sent yet
        known = connection._prepared  # noqa: SLF001 - the one place that knows them all
        prepare, name = known.get(query)
        answers = _send(connection, query, prepare, name)
        if answers[0].status == ExecStatus.COMMAND_OK:
            key = known.maybe_add_to_cache(query, prepare, name)
            if key is not None:
                known.validate(key, prepare, name, answers[-2:-1])
    for answer in answers:
        if answer.status == ExecStatus.FATAL_ERROR:
            raise error_from_result(answer, encoding="utf-8")


def _send(
    connection: psycopg.Connection[Any], query: PostgresQuery, prepare: Prepare, name: bytes
) -> list[PGresult]:
    wire = connection.pgconn
    answers: list[PGresult] = []
    try:
        wire.enter_pipeline_mode()
        if prepare is Prepare.SHOULD:
            wire.send_prepare(name, query.query, query.types)
        if prepare is Prepare.NO:
            wire.send_query_params(query.query, query.params, query.types, query.formats)
        else:
            wire.send_query_prepared(name, query.params, query.formats)
        # After what fails, the server passes over all up to the synchronisation.
        wire.send_query_params(b"COMMIT", None)
        wire.pipeline_sync()
        connection.wait(_read(wire, answers))
        wire.exit_pipeline_mode()
    except BaseException as error:
        # Interrupted: the server would go on and commit what nobody waits for.
        if wire.status == ConnStatus.OK:
            with suppress(psycopg.Error):
                connection.cancel_safe(timeout=_CANCEL_SECONDS)
        connection.close()
        # A server that went away may have said why before.
        if not (isinstance(error, psycopg.OperationalError) and _has_refused(answers)):
            raise
    return answers


def _has_refused(answers: Sequence[PGresult]) -> bool:
    return any(answer.status == ExecStatus.FATAL_ERROR for answer in answers)


def _read(wire: PGconn, answers: list[PGresult]) -> PQGen[None]:
    """Wait until all is sent and answered, as psycopg's own generators do."""
    while wire.flush():
        ready = yield Wait.RW
        if ready and ready & Ready.R:
            wire.consume_input()
    while True:
        while wire.is_busy():
            if (yield Wait.R):
                wire.consume_input()
        answer = wire.get_result()
        if answer is None:  # between two answers, and for ever when the server has gone
            if wire.status != ConnStatus.OK:
                raise psycopg.OperationalError("The server went away before it answered.")
        elif answer.status == ExecStatus.PIPELINE_SYNC:
            return
        else:
            answers.append(answer)
