"""`manage.py sweep_timers [--forever]`: the steady process that does what is due."""

import signal
import threading
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections

from approvals.sweeps import sweep_all

_BATCH: Final = 500
_EVERY_SECONDS: Final = 1.0


class Command(BaseCommand):
    """Sweeps once, or every second until it is told to stop."""

    help = "Fire the timers that are due and send what is queued."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--forever", action="store_true", help="every second until stopped")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["forever"]:
            self.stdout.write(f"{sweep_all(at_most=_BATCH)} done")
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        sweep_until(stop)


def sweep_until(stop: threading.Event) -> None:
    """Sweep until `stop` is set. A full round is followed by the next at once.

    Between rounds nothing is held: no transaction, no lock. A database that is away is waited
    for.
    """
    while not stop.is_set():
        close_old_connections()
        done = sweep_all(at_most=_BATCH)
        if done < _BATCH:
            stop.wait(_EVERY_SECONDS)
