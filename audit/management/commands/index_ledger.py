"""`manage.py index_ledger`: what is searched of the record, filled up or made anew."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.doors import tenants_with_a_log
from audit.services.search_index import index_tenant, rebuild_index


class Command(BaseCommand):
    """Indexes what is not searched yet. The record itself is only read."""

    help = "Make the words by which the record is searched; with --rebuild from the beginning."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--origin", help="of one log only, as its checkpoints name it")
        parser.add_argument("--rebuild", action="store_true", help="forget the words there are")

    def handle(self, *_: Any, origin: str | None, rebuild: bool, **__: Any) -> None:
        logs = [row for row in tenants_with_a_log.call() if origin in (None, row["origin"])]
        if origin and not logs:
            raise CommandError(f"There is no log {origin}.")
        for row in logs:
            if rebuild:
                rebuild_index(tenant_id=row["tenant_id"])
            count = 0
            while done := index_tenant(tenant_id=row["tenant_id"]):
                count += done
            self.stdout.write(f"{row['origin']}: {count:,} events indexed")
