"""Making one report: gather in a transaction, print in a process of its own, watch it."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from django.template.loader import render_to_string

from audit.models import LedgerCheckpoint, Report
from audit.reports.figures import Oversight
from audit.reports.layout import html_of
from audit.reports.oversight import (
    gather,
    policy_live_before,
    published_rules,
    retention_at,
    tenant_facts,
)
from audit.selectors.events import visible
from audit.selectors.proofs import latest_checkpoint
from govapp.common.tenancy import tenant_transaction

Advance = Callable[[int, str], None]
"""(per cent, what is being done); raises `Cancelled` when somebody stopped the report."""

MOST_SECONDS: Final = 200
"""Below the task's own limit, so that the report says why it failed."""

MOST_ATTACHED_BYTES: Final = 50 * 1024 * 1024
_POLL_SECONDS: Final = 0.3


class Cancelled(Exception):
    """Somebody cancelled the report while it was being made."""


class MakingFailed(Exception):
    """The report could not be made; the message is for the person who asked for it."""


def make_oversight(*, tenant_id: UUID, report: Report, advance: Advance) -> bytes:
    """Return the PDF of a report row that is under way."""
    with tempfile.TemporaryDirectory(prefix="govapp-report-") as name:
        directory = Path(name).resolve()
        with tenant_transaction(tenant_id):
            figures = _figures_of(report)
            attachment = _write_events(figures, directory / "events.jsonl")
        advance(40, f"Laying out {figures.events:,} events")
        style = render_to_string("audit/reports/oversight.css")
        (directory / "oversight.css").write_text(style)
        (directory / "report.html").write_text(html_of(figures, attachment=attachment))
        advance(50, "Printing the pages")
        _print(directory, figures.made_at, advance)
        return (directory / "report.pdf").read_bytes()


def _figures_of(report: Report) -> Oversight:
    size = report.ledger_size or 0
    before = policy_live_before(report.period_start, size)
    signed = LedgerCheckpoint.objects.get(size=size)
    known = latest_checkpoint()
    name, zone = tenant_facts(size)
    return Oversight(
        tenant=visible(name) or "This tenant",
        start=report.period_start,
        end=report.period_end,
        zone=zone,
        size=size,
        root=bytes(signed.root).hex(),
        note=signed.note,
        vkey=known.vkey if known else "",
        # The ledger's own time, not the clock: made again, the report has the same bytes.
        made_at=signed.signed_at,
        live_before=before.summary if before else "",
        rules=published_rules(before.body.get("data") or {}) if before else (),
        rules_event=before.public_id if before else "",
        kept=retention_at(report.period_end, size),
    )


def _write_events(figures: Oversight, path: Path) -> str:
    """Gather, and keep the events for the attachment; return what the report says about it."""
    written = 0
    with path.open("wb") as file:
        for line in gather(figures):
            written += len(line)
            if written <= MOST_ATTACHED_BYTES:
                file.write(line)
    if written > MOST_ATTACHED_BYTES:
        path.unlink()
        return "The period's events are too many to attach; export them from the audit page."
    return f"All {figures.events:,} events of the period are attached to this file as {path.name}."


def _print(directory: Path, made_at: datetime, advance: Advance) -> None:
    """Run the printer and watch it: time, cancellation, and how it ended."""
    environment = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "HOME": str(directory)}
    root = Path(__file__).resolve().parents[2]
    with (directory / "printer.log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "audit.reports.render", str(directory), made_at.isoformat()],
            cwd=root,
            env=environment | {"PYTHONPATH": str(root), "PYTHONHASHSEED": "0"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            started, progress = time.monotonic(), 50
            while child.poll() is None:
                if time.monotonic() - started > MOST_SECONDS:
                    raise MakingFailed("Printing took too long; choose a shorter period.")
                time.sleep(_POLL_SECONDS)
                # Nobody knows how long printing takes: it approaches the end, and never claims it.
                progress = min(95, progress + 1)
                advance(progress, "Printing the pages")
        finally:
            if child.poll() is None:
                child.kill()
            child.wait()
    if child.returncode:
        said = (directory / "printer.log").read_text(errors="replace")
        why = "it needed more memory than it may have" if "MemoryError" in said else "see the log"
        if "pango" in said.lower() or "gobject" in said.lower():
            why = "Pango is not installed (apt-get install libpango-1.0-0 libpangoft2-1.0-0)"
        raise MakingFailed(f"Printing failed: {why}.")
