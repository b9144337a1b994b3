"""`/metrics` for Prometheus: sums over all tenants, asked of the database at that moment.

Every web process gives the same answer, so that it does not matter which one is asked.
"""

import secrets
import time
from collections.abc import Iterable
from typing import Final

import redis
from django.conf import settings
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from approvals.doors import system_figures
from approvals.selectors.health import KINDS
from approvals.services.heartbeat import LAST_LOOK

_LOOPBACK: Final = ("127.0.0.1", "::1")
# Name → what it says, and the label it is counted by.
_FIGURES: Final = {
    "tenants": ("Tenants there are.", ""),
    "requests_pending": ("Requests that wait for a decision.", ""),
    "timers_armed": ("Timers that are armed.", "kind"),
    "timer_lateness_seconds": ("How long the oldest due timer has been due.", ""),
    "messages_queued": ("Messages to people that are not sent yet.", "channel"),
    "message_lateness_seconds": ("How long the oldest due message has been due.", ""),
    "callbacks_queued": ("Callbacks that are not delivered yet.", ""),
    "ledger_unsealed": ("Events without a place in a sealed record.", ""),
    "ledger_lateness_seconds": ("How long the oldest of them has waited.", ""),
    "streams": ("Streams of a record to somebody else's system.", "state"),
    "stream_events_behind": ("Events that the stream farthest behind has not got yet.", ""),
    "findings_open": ("What must not exist and does, by kind.", "kind"),
}


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer whoever may ask; to anybody else there is no such page."""
    if not _may_ask(request):
        raise Http404
    registry = CollectorRegistry()
    registry.register(_Figures())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_ask(request: HttpRequest) -> bool:
    token = settings.METRICS_TOKEN
    if token:
        given = request.headers.get("Authorization", "")
        return secrets.compare_digest(given.encode(), f"Bearer {token}".encode())
    return settings.METRICS_FROM_LOOPBACK and request.META.get("REMOTE_ADDR") in _LOOPBACK


class _Figures(Collector):
    """Asks once for each answer."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        found: dict[str, list[tuple[str, float]]] = {name: [] for name in _FIGURES}
        for row in system_figures.call():
            found[row["name"]].append((row["label"], row["value"]))
        known = {label for label, _ in found["findings_open"]}
        found["findings_open"] += [(kind, 0.0) for kind in KINDS if kind not in known]
        for name, (text, label) in _FIGURES.items():
            family = GaugeMetricFamily(f"govapp_{name}", text, labels=[label] if label else None)
            for value_of, value in found[name]:
                family.add_metric([value_of] if label else [], value)
            yield family
        yield _last_look()


def _last_look() -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "govapp_watch_age_seconds", "How long ago somebody looked for what must not exist."
    )
    try:
        looked = cache.get(LAST_LOOK)
    except (redis.RedisError, OSError):
        looked = None  # nobody knows; the other figures are in PostgreSQL, and wanted now
    if looked is not None:
        family.add_metric([], max(time.time() - looked, 0.0))
    return family
