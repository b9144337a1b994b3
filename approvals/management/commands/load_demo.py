"""`manage.py load_demo`: make the demo tenant with its history, and say how to get in."""

import json
import os
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.test.utils import override_settings

from approvals.demo.changes import first_policy
from approvals.demo.company import PEOPLE, SLUG, DemoCompany, build_company, email_of
from approvals.demo.history import play_history
from approvals.demo.leash import set_leash
from approvals.demo.standin import first_free, standing_in
from approvals.demo.systems import build_systems
from govapp.common.clock import shift_clock
from tenants.doors import tenant_by_slug


class Command(BaseCommand):
    help = "Make the demo tenant, with some weeks of history made through the real services."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=int, default=21, help="how far the history goes back")
        parser.add_argument("--a-day", type=int, default=9, help="requests on a workday")

    def handle(self, *args: Any, days: int, a_day: int, **options: Any) -> None:
        if not settings.CLOCK_IS_SETTABLE:
            raise CommandError("The demo tenant is for development: GOVAPP_ENV=dev.")
        if tenant_by_slug.call(SLUG):
            self.stdout.write("The demo tenant is there already.")
            return
        port = first_free()
        with standing_in(port) as address:
            company = self._build(address, before=timedelta(days=days + 1))
            # The history's messages are long past: they are delivered, to nobody.
            with override_settings(EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend"):
                made = play_history(company, days=days, a_day=a_day, report=self.stderr.write)
        self._leave_note(company, port)
        self.stdout.write(f"Demo tenant {company.tenant.name}: {made} requests of {days} days.")

    def _build(self, address: str, *, before: timedelta) -> DemoCompany:
        """Make the company as it was at first, so long before now."""
        shift_clock(-before)
        try:
            company = build_company(first_policy())
            build_systems(company, address)
            set_leash(company)
        finally:
            shift_clock(timedelta(0))
        return company

    def _leave_note(self, company: DemoCompany, port: int) -> None:
        """Write logins and a ready call where `./run` reads them. Readable by the owner only."""
        key = company.keys["treasury-agent"]
        body = {
            "category": "payments.transfer",
            "summary": "Pay EUR 48,200.00 to Northwind Logistics for invoice 1123",
            "payload": {
                "amount": "48200.00",
                "currency": "EUR",
                "to": "DE89370400440532013000",
                "payee": "Northwind Logistics",
                "purpose": "invoice",
                "known_payee": True,
                "reference": "Invoice 1123",
            },
            "reason": "Invoice 1123 is due tomorrow and matches PO 4711.",
        }
        note = {
            "tenant": SLUG,
            "logins": [
                {"email": email_of(first), "password": company.password, "roles": list(roles)}
                for first, (_, roles, _) in PEOPLE.items()
            ],
            "agent_key": key,
            "keys": company.keys,
            "agents": {name: agent.public_id for name, agent in company.agents.items()},
            "systems_port": port,
            "curl": (
                "curl -sS {base_url}/api/v1/action-requests"
                f" -H 'Authorization: Bearer {key}'"
                ' -H "Idempotency-Key: $(date +%s)"'
                f" -H 'Content-Type: application/json' -d '{json.dumps(body)}'"
            ),
        }
        settings.STATE_DIR.mkdir(parents=True, exist_ok=True)
        path = settings.STATE_DIR / "demo.json"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(note, file, indent=2)
