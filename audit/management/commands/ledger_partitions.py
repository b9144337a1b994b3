"""`manage.py ledger_partitions`: make what is missing, and drop the years that are empty."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection, transaction

from audit.models import LedgerEvent
from audit.services.partitions import make_partitions
from govapp.common.partitions import drop_empty_years


class Command(BaseCommand):
    """Beat makes partitions as well; dropping needs the owner of the schema."""

    help = "Make the partitions of this year and the next, and drop empty ones of years long over."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--drop-empty",
            action="store_true",
            help="drop partitions of years that are over and hold no event (as the owner)",
        )

    def handle(self, *, drop_empty: bool, **_: Any) -> None:
        make_partitions()
        if drop_empty:
            # The last year that is over stays: its events may still be on their way.
            until = datetime.now(tz=UTC).year - 2
            with transaction.atomic(), connection.cursor() as cursor:
                for name in drop_empty_years(cursor, LedgerEvent._meta.db_table, until=until):
                    self.stdout.write(f"Dropped {name}: it held no event.")
