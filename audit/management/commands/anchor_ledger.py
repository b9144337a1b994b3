"""`manage.py anchor_ledger`: anchor now, and say who vouches for the ledger."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.models import DirectoryCheckpoint, Voucher
from audit.selectors.directory import asked_vouchers, directory_key, directory_keys
from audit.services.directory import grow_directory
from audit.services.vouching import ask_voucher


class Command(BaseCommand):
    """Exit code 0 when all who are configured vouch for the newest checkpoint, 1 otherwise."""

    help = "Anchor all tenants' records now: directory log, witnesses, time stamps."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--status", action="store_true", help="only say how it stands; call nobody"
        )

    def handle(self, *_: Any, status: bool, **__: Any) -> None:
        try:
            asked = asked_vouchers()
        except ValueError as error:
            raise CommandError(str(error)) from error
        if not status:
            self.stdout.write(f"{grow_directory()} logs have grown and were entered")
            for each in asked:
                ask_voucher(name=each.name, is_pressing=True)
        key = directory_key()
        newest = DirectoryCheckpoint.objects.order_by("-size").first()
        if key is None or newest is None:
            raise CommandError("Nothing is anchored yet: no tenant has a signed checkpoint.")
        self.stdout.write(f"origin        {key.name}")
        self.stdout.write(f"verifier key  {key.encode()}")
        for former in directory_keys()[:-1]:
            if former.covers(newest.size):
                self.stdout.write(f"former key    {former.vkey}, which still signs as well")
        self.stdout.write(
            f"checkpoint    size {newest.size}, {newest.signed_at:%Y-%m-%dT%H:%M:%SZ}"
        )
        if not asked:
            self.stdout.write("Nobody is configured to vouch for it (docs/anchoring.md).")
            return
        behind = [
            self._say(each.kind.label, each.words, Voucher.objects.filter(name=each.name).first())
            for each in asked
        ]
        if min(behind) < newest.size:
            sys.exit(1)

    def _say(self, kind: str, words: str, row: Voucher | None) -> int:
        if row is None or row.vouched_at is None:
            line = "has vouched for nothing yet"
        else:
            line = f"vouches for size {row.size}, answered {row.vouched_at:%Y-%m-%dT%H:%M:%SZ}"
        self.stdout.write(f"{kind} {words}: {line}")
        if row is not None and row.failure:
            self.stdout.write(f"  failed {row.attempts} times, last: {row.failure}")
        return row.size if row is not None else 0
