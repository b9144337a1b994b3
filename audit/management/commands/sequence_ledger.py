"""`manage.py sequence_ledger`: the steady process that gives events their place in the record."""

import signal
import time
from argparse import ArgumentParser
from types import FrameType
from typing import Any, Final

import structlog
from django.core.management.base import BaseCommand
from django.db import connection

from audit.services.search_index import index_all
from audit.services.sequencer import Edges, sequence_all
from govapp.common.unavailable import is_away

log = structlog.get_logger(__name__)

IDLE_SECONDS: Final = 0.5
"""The merge delay promised is 2 s (audit design); an idle sequencer looks twice a second."""

RETRY_SECONDS: Final = 2.0


class Command(BaseCommand):
    """Sequences what waits, once or for ever. Several may run at the same time."""

    help = "Give queued events their place in the ledger and sign checkpoints."
    requires_system_checks: list[str] = []
    stopping = False
    may_index = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--forever", action="store_true", help="keep running")

    def handle(self, *_: Any, forever: bool, **__: Any) -> None:
        edges = Edges()
        if not forever:
            while sequence_all(edges=edges) or index_all():
                pass
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while not self.stopping:
            self._turn(edges)

    def _turn(self, edges: Edges) -> None:
        """One round; a database that is away is waited for."""
        try:
            if sequence_all(edges=edges):
                self.may_index = True
                return
            # What is searched may wait; what is proved may not.
            if self.may_index and index_all():
                return
            self.may_index = False  # what others have sequenced is for the task that beat kicks
            time.sleep(IDLE_SECONDS)
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("ledger.database_away", error=type(error).__name__)
            connection.close()
            time.sleep(RETRY_SECONDS)

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self.stopping = True
