"""`manage.py simulate_policy`: what a policy file would have done to the recorded requests."""

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from approvals.audit_events.simulations import policy_replayed
from approvals.models import PolicySimulation
from approvals.policies import Policy
from approvals.policies.replay import Change
from approvals.selectors.recorded import count_recorded
from approvals.selectors.replaying import PERIODS, Replaying, period_of
from approvals.selectors.simulation_words import cautions, headline, sentences
from approvals.services.policies import read_policy
from approvals.services.simulations import run_simulation, start_simulation
from govapp.common.errors import DomainError
from govapp.common.ids import public_id
from govapp.common.tenancy import tenant_transaction
from tenants.doors import tenant_by_slug
from tenants.models import Membership

_LISTED: Final = 100
_EVERY: Final = 0.5  # seconds between two lines of progress


class Command(BaseCommand):
    help = (
        "Replay recorded requests under a policy file and say what would have changed. Nothing"
        " is decided. With --as, the replay is kept under that person's name and shown in the"
        " pages; without, only its event is."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", required=True, help="the tenant's slug")
        parser.add_argument("--file", required=True, help="the policy, YAML or JSON; - reads it")
        parser.add_argument("--period", default="90d", choices=[*PERIODS])
        parser.add_argument("--as", dest="email", default="", help="keep it as this member's")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        found = tenant_by_slug.call(options["tenant"])
        if not found:
            raise CommandError(f"There is no tenant {options['tenant']}.")
        tenant_id = found[0]["tenant_id"]
        source = _read(options["file"])
        try:
            policy = read_policy(source)
            if options["email"]:
                figures, ident = self._keep(tenant_id, source, options)
            else:
                figures, ident = self._replay(tenant_id, policy, options["period"]), ""
        except DomainError as error:
            lines = [error.detail, *(f"{each.pointer} {each.detail}" for each in error.errors)]
            raise CommandError("\n".join(lines)) from error
        if options["json"]:
            self.stdout.write(json.dumps({"id": ident, **figures}, indent=1, sort_keys=True))
        else:
            self._say(figures, ident)

    def _keep(self, tenant_id: UUID, source: str, options: dict[str, Any]) -> tuple[Any, str]:
        with tenant_transaction(tenant_id):
            people = Membership.objects.select_related("user")
            actor = people.filter(user__email__iexact=options["email"]).first()
            if actor is None:
                raise CommandError(f"Nobody here has the address {options['email']}.")
            made = start_simulation(actor=actor, source=source, period=options["period"])
        run_simulation(tenant_id=tenant_id, simulation_id=made.pk)
        with tenant_transaction(tenant_id):
            done = PolicySimulation.objects.get(pk=made.pk)
        if done.status != "done":
            raise CommandError(done.error or f"The replay is {done.status}.")
        return done.summary, done.public_id

    def _replay(self, tenant_id: UUID, policy: Policy, period: str) -> dict[str, Any]:
        with tenant_transaction(tenant_id):
            chosen = period_of(period)
            total = count_recorded(chosen)
        replaying = Replaying(tenant_id, policy, chosen)
        listed: list[Change] = []
        for changes in self._with_progress(replaying, total):
            listed += changes[: _LISTED - len(listed)]
        figures = replaying.replay.figures.to_dict()
        with tenant_transaction(tenant_id):
            policy_replayed(digest=policy.digest, period=period, figures=figures)
        return figures | {"listed": [_plain(change) for change in listed]}

    def _with_progress(self, replaying: Replaying, total: int) -> Iterator[list[Change]]:
        said = time.monotonic()
        for changes in replaying.steps():
            yield changes
            if time.monotonic() - said > _EVERY:
                said = time.monotonic()
                self.stderr.write(f"{replaying.seen:,} of {total:,} requests")

    def _say(self, figures: dict[str, Any], ident: str) -> None:
        self.stdout.write(headline(figures))
        for said in sentences(figures):
            self.stdout.write(f"- {said.text}")
        for caution in cautions(figures):
            self.stdout.write(f"! {caution}")
        if ident:
            self.stdout.write(f"Kept as {ident}.")
        for change in figures.get("listed", ()):
            self.stdout.write(
                f"{change['request']}  {change['before']} -> {change['after']}"
                f"  ({change['direction']}): {change['because']}"
            )


def _read(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{name} cannot be read: {error}") from error


def _plain(change: Change) -> dict[str, Any]:
    return {
        "request": public_id("ar", cast("UUID", change.ident)),
        "before": change.before,
        "after": change.after,
        "direction": change.direction,
        "because": change.because,
        "because_before": change.because_before,
        "is_impossible": change.is_impossible,
    }
