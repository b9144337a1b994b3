"""`submit`: 32 keep-alive clients, everything a submission does. `submit-latency`: one client."""

import sys
from collections.abc import Iterator

from govapp.bench.company import ALLOWED, PENDING
from govapp.bench.figures import Figure, at_least, median, note, percentile
from govapp.bench.floor import measure_floor
from govapp.bench.ground import Ground
from govapp.bench.http import Load, drive, submissions
from govapp.bench.web import Web, serving

CLIENTS = 32
_NAIVE = ("-m", "uvicorn", "govapp.bench.naive:application", "--host", "127.0.0.1")
_QUIET = ("--port", "{port}", "--no-access-log", "--log-level", "warning")


def load(ground: Ground, web: Web, category: str, *, clients: int, seconds: float) -> Load:
    """Submit from `clients` agents at once."""
    sources = [submissions(key, category) for key in ground.company.keys[:clients]]
    done = drive(web.port, sources, seconds=ground.seconds(seconds))
    done.check(201, 202)
    return done


def run(ground: Ground) -> Iterator[Figure]:
    """Yield the rate beside the floor and beside the naive view."""
    clients = ground.size(CLIENTS, 2)
    with serving(ground) as web:
        allowed = load(ground, web, ALLOWED, clients=clients, seconds=6)
        pending = load(ground, web, PENDING, clients=clients, seconds=4)
    floor = measure_floor(ground, _sample(ground), clients=clients, seconds=ground.seconds(4))
    with _naive(ground) as web:
        sources = [submissions(key, ALLOWED, "/submit") for key in ground.company.keys[:clients]]
        naive = drive(web.port, sources, seconds=ground.seconds(5))
        naive.check(201)
    what = f"allowed by rule, {clients} clients"
    yield at_least(what, allowed.rate, floor.rate, unit="/s", name="pgbench", target=0.18)
    yield at_least(what, allowed.rate, naive.rate, unit="/s", name="naive view", target=3)
    yield note(f"{what}, p99", f"{percentile(allowed.latencies, 99) * 1000:.0f} ms")
    yield note(f"sent to people, {clients} clients", f"{pending.rate:,.0f} /s")


def run_latency(ground: Ground) -> Iterator[Figure]:
    """Yield the median of one client beside the floor's."""
    with serving(ground) as web:
        alone = load(ground, web, ALLOWED, clients=1, seconds=4)
    floor = measure_floor(ground, _sample(ground), clients=1, seconds=ground.seconds(3))
    p50 = median(alone.latencies) * 1000
    ratio = p50 / floor.p50
    yield Figure(
        "one client, p50",
        f"{p50:.2f} ms",
        f"{floor.p50:.2f} ms (pgbench)",
        ratio,
        "<= 10 x",
        ratio <= 10,
    )


def _naive(ground: Ground):  # type: ignore[no-untyped-def]
    settings = "govapp.bench.naive_settings"
    return serving(ground, [sys.executable, *_NAIVE, *_QUIET], DJANGO_SETTINGS_MODULE=settings)


def _sample(ground: Ground):  # type: ignore[no-untyped-def]
    from approvals.models import ActionRequest
    from govapp.common.tenancy import tenant_transaction

    with tenant_transaction(ground.company.tenant_id):
        found = ActionRequest.objects.filter(category_key=ALLOWED).order_by("-submitted_at")
        return found.values_list("pk", flat=True)[0]
