"""The part of `ledger` that verifies: a real record of a million events, computed again."""

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from govapp.bench.figures import Figure, at_most, missing, note
from govapp.bench.ground import Ground, as_superuser
from govapp.bench.true_record import fill_record
from govapp.runtime.state import ROOT

# In a process of its own. Its own CPU time counts, and the least of three: whoever else uses the
# machine can slow the memory that all share, never speed it. It and its server have one core, the
# same; the server's part counts on the clock only. The size before is that of a process that has
# verified a small record already.
_VERIFY: Final = """
import os, sys, time
from pathlib import Path
from uuid import UUID
import django
django.setup()
from django.db import connection
from audit.services.verification import verify_tenant
def most():  # not `ru_maxrss`: that begins with the size of whoever started this process
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
small, large = map(UUID, sys.argv[1:])
verify_tenant(tenant_id=small)
if hasattr(os, "sched_setaffinity"):
    for pid in (0, connection.connection.info.backend_pid):
        os.sched_setaffinity(pid, {max(os.sched_getaffinity(0))})
before, runs = most(), []
for _ in range(3):
    began, cpu = time.monotonic(), time.process_time()
    result = verify_tenant(tenant_id=large)
    runs.append((time.process_time() - cpu, time.monotonic() - began))
print(result.is_intact, result.size, *min(runs), max(runs)[0], most() - before)
"""


def verified(ground: Ground) -> Iterator[Figure]:
    """Yield what verifying costs."""
    small, large = _begun(), _begun()
    began = time.perf_counter()
    fill_record(ground, large, ground.size(1_000_000, 600) - 2)
    with as_superuser(ground) as connection:
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM (ANALYZE) audit_ledgerevent, audit_ledgerleaf")
        connection.execute("CHECKPOINT")
    filled = time.perf_counter() - began
    done = subprocess.run(
        [sys.executable, "-c", _VERIFY, str(small), str(large)],
        env=ground.environment | {"DJANGO_SETTINGS_MODULE": "govapp.settings.dev"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    words = done.stdout.split()
    if len(words) != 6:
        yield missing("verification", (done.stderr.strip().splitlines() or ["?"])[-1][:60])
        return
    if words[0] != "True":
        raise RuntimeError("The record of the benchmark does not verify.")
    size, cpu, took, worst, grown = int(words[1]), *map(float, words[2:])
    details = f"of three, at most {worst:.1f} s; {took:.1f} s of the clock with the server's part"
    yield at_most(f"{size:,} events verified, CPU", cpu, unit="s", target=5, note=details)
    yield note("the same", f"{size / took:,.0f} events/s", f"record made in {filled:.0f} s")
    yield at_most("memory that verifying adds", grown, unit="MB", target=64)


def _begun() -> UUID:
    """Return a tenant whose record has two events: the birth of its key, and another."""
    from audit.actors import SYSTEM, Subject
    from audit.services import record
    from audit.services.sequencer import sequence_tenant
    from govapp.common.ids import new_id
    from govapp.common.tenancy import tenant_transaction

    tenant_id = new_id()
    with tenant_transaction(tenant_id):
        record(
            event_type="bench.happened",
            actor=SYSTEM,
            subject=Subject("report", "rp_bench", "Benchmark"),
            summary="It did.",
        )
    while sequence_tenant(tenant_id=tenant_id):
        pass
    return tenant_id
