"""Making one report: gather in a transaction, print in a process of its own, watch it."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from audit.models import Report
from audit.reports.document import STYLE, gather_document
from audit.reports.kind import NothingThere
from audit.reports.kinds import KINDS
from audit.reports.reading import source_of
from govapp.common.tenancy import tenant_transaction

Advance = Callable[[int, str], None]
"""(per cent, what is being done); raises `Cancelled` when somebody stopped the report."""

MOST_SECONDS: Final = 200
"""Below the task's own limit, so that the report says why it failed."""

_POLL_SECONDS: Final = 0.3


class Cancelled(Exception):
    """Somebody cancelled the report while it was being made."""


class MakingFailed(Exception):
    """The report could not be made; the message is for the person who asked for it."""


def make_pdf(*, tenant_id: UUID, report: Report, advance: Advance) -> bytes:
    """Return the PDF of a report row that is under way, unsigned."""
    kind = KINDS[report.kind]
    with tempfile.TemporaryDirectory(prefix="govapp-report-") as name:
        directory = Path(name).resolve()
        with tenant_transaction(tenant_id):
            source = replace(
                source_of(report.ledger_size or 0),
                start=report.period_start,
                end=report.period_end,
                request_id=report.request_id,
            )
            try:
                document = gather_document(
                    kind, source, directory=directory, is_compared=report.is_compared
                )
            except NothingThere as error:
                raise MakingFailed(str(error)) from error
        advance(40, f"Laying out {document.attached.events:,} events")
        (directory / STYLE.name).write_bytes(STYLE.read_bytes())
        (directory / "report.html").write_text(document.html(stylesheet=STYLE.name))
        advance(50, "Printing the pages")
        _print(directory, source.made_at, advance)
        return (directory / "report.pdf").read_bytes()


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
