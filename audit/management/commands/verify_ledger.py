"""`manage.py verify_ledger`: compute the record again from its events, and say where it differs."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import import_string

from audit.doors import tenants_with_a_log
from audit.merkle.note import NoteInvalid
from audit.selectors.directory import anchored_origins
from audit.services.directory_verification import verify_directory
from audit.services.findings import Finding, Verification
from audit.services.verification import verify_tenant
from audit.transports.checkpoint_file import (
    OutsideCheckpoint,
    published_origins,
    read_checkpoint_file,
)


class Command(BaseCommand):
    """Exit code 0 when everything fits, 1 when anything differs or nothing is there."""

    help = "Verify the ledger of one tenant or of all: events, order, tiles, roots, signatures."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", help="the tenant's slug or UUID; all tenants otherwise")
        parser.add_argument(
            "--from-checkpoint", type=int, default=0, metavar="SIZE",
            help="begin after the signed checkpoint of this size, trusting what it covers",
        )  # fmt: skip
        parser.add_argument(
            "--checkpoint", type=Path, metavar="FILE",
            help="a checkpoint kept elsewhere: a published .jsonl file or a plain signed note",
        )  # fmt: skip
        parser.add_argument("--vkey", default="", help="the verifier key for a plain signed note")

    def handle(self, *_: Any, **options: Any) -> None:
        outside = self._outside(options["checkpoint"], options["vkey"])
        if (outside or options["from_checkpoint"]) and not options["tenant"]:
            raise CommandError("A checkpoint belongs to one log: name its --tenant.")
        results = [
            self._verify(tenant_id, outside, options["from_checkpoint"])
            for tenant_id in self._tenants(options["tenant"])
        ]
        if not options["tenant"]:
            if (directory := verify_directory()) is not None:
                _report(self, directory)
                results.append(directory)
            for vanished in _logs_that_vanished({result.origin for result in results}):
                _report(self, vanished)
                results.append(vanished)
        if not results:
            raise CommandError("There is no log in this database: nothing was verified.")
        if any(not result.is_intact for result in results):
            sys.exit(1)

    def _tenants(self, wanted: str | None) -> list[UUID]:
        if not wanted:
            return [row["tenant_id"] for row in tenants_with_a_log.call()]
        try:
            return [UUID(wanted)]
        except ValueError:
            found = import_string(settings.AUDIT_TENANT_BY_SLUG).call(wanted)
        if not found:
            raise CommandError(f"There is no tenant {wanted}.")
        return [found[0]["tenant_id"]]

    def _outside(self, path: Path | None, vkey: str) -> OutsideCheckpoint | None:
        if path is None:
            return None
        try:
            return read_checkpoint_file(path, vkey)
        except (OSError, NoteInvalid) as error:
            raise CommandError(f"The checkpoint cannot be used: {error}") from error

    def _verify(
        self, tenant_id: UUID, outside: OutsideCheckpoint | None, from_size: int
    ) -> Verification:
        result = verify_tenant(
            tenant_id=tenant_id, outside=outside, from_size=from_size, progress=self._show
        )
        if self.stderr.isatty():
            self.stderr.write("\r\033[K", ending="")
        _report(self, result)
        return result

    def _show(self, done: int, total: int) -> None:
        if self.stderr.isatty():
            filled = 30 * done // max(total, 1)
            bar = "#" * filled + "." * (30 - filled)
            self.stderr.write(f"\r[{bar}] {done:,} of {total:,} events", ending="")
            self.stderr.flush()


def _logs_that_vanished(known: set[str]) -> Iterator[Verification]:
    """Yield a failed result for each log that was published or anchored and is not here."""
    published = dict.fromkeys(published_origins(), "published")
    for origin, how in (published | dict.fromkeys(anchored_origins(), "anchored")).items():
        if origin not in known:
            result = Verification(tenant_id=None, origin=origin)
            result.found(Finding("log missing", f"it was {how}, but is not in this database"))
            yield result


def _report(command: BaseCommand, result: Verification) -> None:
    whose = f"tenant {result.tenant_id}" if result.tenant_id else "of the installation"
    name = f"{result.origin or 'no log'} ({whose})"
    outside = (
        f"compared with a checkpoint of size {result.outside_size} kept outside"
        if result.outside_size is not None
        else "no checkpoint was kept outside: a tail cut off with its checkpoints would not show"
    )
    pruned = f" and {result.pruned:,} pruned" if result.pruned else ""
    figures = (
        f"{result.events:,} events{pruned}, {result.tiles:,} tiles,"
        f" {result.checkpoints:,} checkpoints, {result.queued:,} queued; {outside}"
    )
    if result.is_intact:
        command.stdout.write(f"intact: {name}: {figures}")
        return
    command.stdout.write(f"DIFFERS: {name}: {figures}")
    for finding in result.findings:
        command.stdout.write(f"  {finding}")
    if result.findings_not_kept:
        command.stdout.write(f"  and {result.findings_not_kept:,} more")
