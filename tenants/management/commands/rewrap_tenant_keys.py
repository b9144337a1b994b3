"""`manage.py rewrap_tenant_keys`, after `GOVAPP_SEALING_KEY` got a new first key."""

from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from govapp.common.errors import DomainError
from tenants.services.vault_rewrapping import count_keys, rewrap_keys

_KEEP: Final = (
    "Keep the former key all the same: signing keys, sealed texts and secrets of callbacks may be"
    " under it still."
)


class Command(BaseCommand):
    """Says how many it sealed anew; run it again after a crash, and it goes on from there."""

    help = "Seals the key of every account's vault anew under the first key of GOVAPP_SEALING_KEY."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--operator", default="", help="who does it: a person's name")
        parser.add_argument(
            "--check", action="store_true", help="change nothing, and fail if anything is to do"
        )

    def handle(self, *_: Any, operator: str, check: bool, **__: Any) -> None:
        try:
            found = count_keys() if check else rewrap_keys(operator=operator)
        except DomainError as refusal:
            raise CommandError(refusal.detail) from refusal
        verb = "to be sealed anew" if check else "sealed anew"
        self.stdout.write(f"{found.changed} {verb}, {found.unchanged} as they are to be.")
        if found.failed:
            raise CommandError(
                f"No configured key opens those of {', '.join(found.failed)}: add the key that"
                " sealed them behind the first one."
            )
        if check and found.changed:
            raise CommandError("The key before is still needed.")
        if check:
            self.stdout.write(_KEEP)
