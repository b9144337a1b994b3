"""Handing work to Celery: by name, ids only, after commit, and never as the only trace of it.

PostgreSQL holds all work as rows; the broker only carries hints. A hint that cannot be sent is
logged, and the sweep finds the row.
"""

from functools import cache
from threading import Lock
from uuid import UUID

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError
from redis import RedisError

log = structlog.get_logger(__name__)
_loading = Lock()


class UnknownTask(RuntimeError):
    """A programming error: no task has this name."""


def load_tasks() -> None:
    """Import all tasks: a process does it as it starts, or the first change would wait for it.

    Celery's own way to them runs Django's system checks too, a second and more, which is for
    those who start a process to do and not for a change.
    """
    # One thread at a time: a second one would find the tasks of half-imported modules missing.
    with _loading:
        current_app.autodiscover_tasks(force=True)


@cache
def _check_task_exists(name: str) -> None:
    load_tasks()
    if name not in current_app.tasks:
        raise UnknownTask(name)


def enqueue_on_commit(task_name: str, **ids: UUID | str | int) -> None:
    """Queue `task_name` with `ids` once this transaction is committed.

    Raises `UnknownTask` at once, inside the transaction, when the name is wrong.
    """
    _check_task_exists(task_name)
    arguments = {key: str(value) for key, value in ids.items()}
    transaction.on_commit(lambda: _send(task_name, arguments))


def _send(task_name: str, arguments: dict[str, str]) -> None:
    try:
        current_app.tasks[task_name].apply_async(kwargs=arguments)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("queue.hint_lost", task=task_name, error=type(error).__name__, **arguments)
