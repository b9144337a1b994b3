"""`report`: how long a report of 1,000 and of 10,000 events takes, and in how much memory."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from govapp.bench.figures import Figure, at_most, missing, note
from govapp.bench.ground import Ground
from govapp.runtime.state import ROOT

_STEPS: Final = (
    ("action_request.submitted", "asked for the payment of an invoice"),
    ("stage.opened", "people were asked"),
    ("vote.cast", "was approved by a person who had read it"),
    ("action_request.approved", "was approved"),
    ("grant.issued", "was given a permission"),
    ("grant.redeemed", "used the permission"),
    ("execution.reported", "reported that it was done"),
)
_MAKE: Final = """
import resource, sys, time
from datetime import datetime
from uuid import UUID
import django
django.setup()
import govapp.celery
from audit.actors import Actor
from audit.models import Report
from audit.services.reports import make_report, request_report
from govapp.common.tenancy import tenant_transaction
tenant, start, end = UUID(sys.argv[1]), *map(datetime.fromisoformat, sys.argv[2:4])
with tenant_transaction(tenant):
    asked = request_report(actor=Actor("system", "bench", "Benchmark"), kind=sys.argv[4],
                           period_start=start, period_end=end)
began, cpu = time.monotonic(), time.process_time()
make_report(tenant_id=tenant, report_id=asked.pk)
took = time.monotonic() - began
with tenant_transaction(tenant):
    made = Report.objects.get(pk=asked.pk)
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
here, child = (each.ru_maxrss / 1024 for each in used)
cpu = time.process_time() - cpu + used[1].ru_utime + used[1].ru_stime
print(made.status, took, here, child, (made.size_bytes or 0) / 1024, cpu)
"""


def run(ground: Ground) -> Iterator[Figure]:
    """Yield time and memory of the oversight report, the largest of all kinds."""
    for number, (full, tiny, target) in enumerate(((1_000, 20, 10), (10_000, 40, 0))):
        events = ground.size(full, tiny)
        tenant_id, start, end = _tenant(number, events)
        words = _made(ground, tenant_id, start, end)
        if len(words) != 6 or words[0] != "ready":
            yield missing(f"report of {events:,} events", " ".join(words)[:60])
            continue
        took, here, child, size, cpu = map(float, words[1:])
        name = f"report of {events:,} events"
        details = f"{size:.0f} KB, {cpu:.1f} s of CPU"
        if target:
            yield at_most(name, took, unit="s", target=target, note=details)
            yield at_most(
                f"{name}, memory of the printer", child, unit="MB", target=300,
                note=f"{here:.0f} MB in the worker",
            )  # fmt: skip
        else:
            yield note(name, f"{took:.1f} s", details)
            yield note(f"{name}, memory of the printer", f"{child:.0f} MB",
                       f"{here:.0f} MB in the worker")  # fmt: skip


def _tenant(number: int, events: int) -> tuple[UUID, datetime, datetime]:
    """Make a tenant with so many events of believable requests in the month that just ended."""
    from audit.services.sequencer import sequence_tenant
    from govapp.bench.company import make_company
    from govapp.common import clock
    from govapp.common.tenancy import tenant_transaction

    company = make_company(lifetime=timedelta(days=1), slug=f"report{number}", agents=1)
    with tenant_transaction(company.tenant_id):
        end = clock.now() - timedelta(hours=1)
        start = end - timedelta(days=30)
        _record(events, start, end)
    while sequence_tenant(tenant_id=company.tenant_id):
        pass
    return company.tenant_id, start, end


def _record(events: int, start: datetime, end: datetime) -> None:
    from audit.actors import Actor, Subject
    from audit.services import Entry, record_many
    from govapp.common.ids import new_id, public_id

    people = [Actor("person", f"mem_{n}", f"Approver Number {n}") for n in range(12)]
    agents = [Actor("agent", f"ag_{n}", f"agent-{n}") for n in range(9)]
    entries: list[Entry] = []
    step = (end - start) / (events + 1)
    while len(entries) < events:
        request_id, number = new_id(), len(entries)
        label = f"Pay EUR {number},200 to Northwind Office Supplies for invoice {number}"
        subject = Subject("action_request", public_id("ar", request_id), label)
        for kind, words in _STEPS[: events - len(entries)]:
            actor = people[number % 12] if kind == "vote.cast" else agents[number % 9]
            entries.append(
                Entry(
                    kind, actor, subject, f"{actor.name}: “{label}” {words}.",
                    {"category": f"payments.kind_{number % 8}", "verdict": "approve",
                     "outcome": "succeeded", "seconds_viewed": number % 60,
                     "agent": {"id": agents[number % 9].id, "name": agents[number % 9].name}},
                    request_id, None, start + step * len(entries),
                )
            )  # fmt: skip
    record_many(entries)


def _made(ground: Ground, tenant_id: UUID, start: datetime, end: datetime) -> list[str]:
    """Make the report in a process of its own, so that its memory is its own."""
    command = [sys.executable, "-c", _MAKE, str(tenant_id)]
    done = subprocess.run(
        [*command, start.isoformat(), end.isoformat(), "oversight"],
        env=ground.environment | {"DJANGO_SETTINGS_MODULE": "govapp.settings.dev"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.strip().splitlines() or done.stderr.strip().splitlines() or [""]
    return lines[-1].split()
