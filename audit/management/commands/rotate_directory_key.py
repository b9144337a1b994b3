"""`manage.py rotate_directory_key`: give the directory log a new signing key."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.services.directory_rotation import rotate_directory_key
from audit.services.keys import OVERLAP
from govapp.common.errors import DomainError


class Command(BaseCommand):
    """Says the new verifier key, for the witnesses and whoever else pins it."""

    help = "Give the directory log a new signing key; both keys sign until the overlap is over."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--overlap-days", type=int, default=OVERLAP.days, metavar="DAYS",
            help="how long the old key goes on signing; 0 when it may have leaked",
        )  # fmt: skip

    def handle(self, *_: Any, overlap_days: int, **__: Any) -> None:
        if overlap_days < 0:
            raise CommandError("--overlap-days is 0 or more.")
        try:
            key = rotate_directory_key(overlap=timedelta(days=overlap_days))
        except DomainError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"{key.vkey} signs from size {key.from_size}")
