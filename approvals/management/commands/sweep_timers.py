"""`manage.py sweep_timers [--forever]`: the steady process that does what is due."""

import gc
import signal
import threading
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections, connections

from approvals.sweeps import SWEEPS, sweep_all, sweep_one
from govapp.common.queue import load_tasks

_BATCH: Final = 1000
# Where nothing was due, and where something was: what comes steadily is done soon, and some of it
# together.
_EVERY_SECONDS: Final = 0.25
_SOON_SECONDS: Final = 0.1


class Command(BaseCommand):
    """Sweeps once, or again and again until it is told to stop."""

    help = "Fire the timers that are due and send what is queued."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--forever", action="store_true", help="again and again until stopped")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["forever"]:
            self.stdout.write(f"{sweep_all(at_most=_BATCH)} done")
            return
        stop = threading.Event()
        make_ready()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        sweep_until(stop)


def make_ready() -> None:
    """Load what the first round would wait for."""
    load_tasks()
    # What is loaded by now stays: looking through it again and again would cost a third of a
    # sweep's time.
    gc.collect()
    gc.freeze()


def sweep_until(stop: threading.Event) -> None:
    """Sweep until `stop` is set: each sweep in a thread of its own, so that none waits for another.

    A slow mail server holds up mails and no deadline.
    """
    threads = [
        threading.Thread(target=repeat, args=(name, stop), name=name.rsplit(".", 1)[-1])
        for name in SWEEPS
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def repeat(name: str, stop: threading.Event) -> None:
    """Run one sweep, round after round. A full round is followed by the next at once, and one
    that did anything soon.

    Between rounds nothing is held: no transaction, no lock. A database that is away is waited
    for. The connection is this thread's, as Django's connections are.
    """
    try:
        while not stop.is_set():
            close_old_connections()
            done = sweep_one(name, at_most=_BATCH)
            if done < _BATCH:
                stop.wait(_SOON_SECONDS if done else _EVERY_SECONDS)
    finally:
        connections.close_all()
