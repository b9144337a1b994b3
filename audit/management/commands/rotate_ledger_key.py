"""`manage.py rotate_ledger_key`: give a tenant's record a new signing key."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import import_string

from audit.actors import SYSTEM
from audit.services.keys import OVERLAP, rotate_key
from govapp.common.errors import DomainError


class Command(BaseCommand):
    """Says the new verifier key, for whoever pins it."""

    help = "Give a tenant's ledger a new signing key; both keys sign until the overlap is over."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", required=True, help="the tenant's slug or UUID")
        parser.add_argument("--reason", required=True, help="why, for the record")
        parser.add_argument(
            "--overlap-days", type=int, default=OVERLAP.days, metavar="DAYS",
            help="how long the old key goes on signing; 0 when it may have leaked",
        )  # fmt: skip

    def handle(self, *_: Any, tenant: str, reason: str, overlap_days: int, **__: Any) -> None:
        if overlap_days < 0:
            raise CommandError("--overlap-days is 0 or more.")
        try:
            key = rotate_key(
                actor=SYSTEM,
                tenant_id=self._tenant(tenant),
                reason=reason,
                overlap=timedelta(days=overlap_days),
            )
        except DomainError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"{key.vkey} signs from size {key.from_size}")

    def _tenant(self, wanted: str) -> UUID:
        try:
            return UUID(wanted)
        except ValueError:
            found = import_string(settings.AUDIT_TENANT_BY_SLUG).call(wanted)
        if not found:
            raise CommandError(f"There is no tenant {wanted}.")
        tenant_id: UUID = found[0]["tenant_id"]
        return tenant_id
