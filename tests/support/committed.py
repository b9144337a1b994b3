"""Committed transactions, many threads: what a test of races needs."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import TypeVar

from django.db import connection, connections

from govapp.common.clock import shift_clock

T = TypeVar("T")


class CommittedDatabase:
    """What the `committed_db` fixture hands out."""

    def move_clock(self, shift: timedelta) -> None:
        """Move the database's time to `shift` after the real one, for every connection."""
        shift_clock(shift)

    def at_once(self, calls: Sequence[Callable[[], T]]) -> list[T | Exception]:
        """Run all calls at the same moment, each in a thread with a connection of its own.

        Returns what each returned or raised, in order.
        """
        gate = Barrier(len(calls), timeout=120)

        def run(call: Callable[[], T]) -> T | Exception:
            try:
                connections["default"].ensure_connection()
                gate.wait()
                return call()
            except Exception as error:
                return error
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(run, calls))

    def begin_beside(self, call: Callable[[], T]) -> Future[T]:
        """Run a call in a thread with a connection of its own, until it ends or waits for a lock.

        To be used inside of a transaction that holds one; afterwards ask the future for its result.
        """

        def run() -> T:
            try:
                return call()
            finally:
                connections.close_all()

        pool = ThreadPoolExecutor(1)
        future = pool.submit(run)
        pool.shutdown(wait=False)
        while not future.done() and not _is_anybody_waiting():
            time.sleep(0.01)
        return future


def _is_anybody_waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])
