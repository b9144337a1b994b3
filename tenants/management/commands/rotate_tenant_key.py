"""`manage.py rotate_tenant_key SLUG --operator NAME --reason TEXT`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from govapp.common.errors import DomainError
from govapp.common.tenancy import tenant_transaction
from tenants.doors import tenant_by_slug
from tenants.services.vault_rewrapping import operator_actor
from tenants.services.vault_rotation import renew_vault, rotate_data_key


class Command(BaseCommand):
    """Replaces the key of an account's vault, seals everything anew, and destroys the former."""

    help = "Replaces the key of an account's vault and seals everything anew under the new one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the account's short name, as in its addresses")
        parser.add_argument("--operator", required=True, help="who does it: a person's name")
        parser.add_argument("--reason", required=True, help="why; the account's people read it")
        parser.add_argument(
            "--resume", action="store_true",
            help="only go on with sealing anew, after a key that was replaced before",
        )  # fmt: skip

    def handle(self, *_: Any, **options: Any) -> None:
        found = tenant_by_slug.call(options["slug"])
        if not found:
            raise CommandError(f"There is no account {options['slug']}.")
        tenant_id = found[0]["tenant_id"]
        if not options["resume"]:
            try:
                actor = operator_actor(options["operator"])
                with tenant_transaction(tenant_id):
                    made = rotate_data_key(actor=actor, reason=options["reason"])
            except DomainError as refusal:
                raise CommandError(refusal.detail) from refusal
            self.stdout.write(f"Version {made.version} of the key seals from now on.")
        if not renew_vault(tenant_id=tenant_id):
            raise CommandError(
                "Not everything is sealed anew: somebody holds a secret, or one cannot be opened."
                " Run it again with --resume; the log names what cannot be opened."
            )
        self.stdout.write("Everything is sealed anew, and the former key is destroyed.")
