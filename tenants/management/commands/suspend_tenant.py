"""`manage.py suspend_tenant SLUG --operator NAME --reason TEXT`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from govapp.common.errors import DomainError
from tenants.services.tenants import suspend_tenant


class Command(BaseCommand):
    """Closes an account, with a reason that is kept in its record."""

    help = "Closes an account, with a reason that is kept in its record."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the account's short name, as in its addresses")
        parser.add_argument("--operator", required=True, help="who does it: a person's name")
        parser.add_argument("--reason", required=True, help="why; the account's people read it")

    def handle(self, *_: Any, **options: Any) -> None:
        wanted = {name: options[name] for name in ("operator", "slug", "reason")}
        try:
            tenant = suspend_tenant(**wanted)
        except DomainError as refusal:
            raise CommandError(refusal.detail) from refusal
        self.stdout.write(f"{tenant.name} is suspended.")
