"""`guardrails`: precision and recall on the project's labelled examples, and throughput."""

import importlib
import time
from collections.abc import Iterator
from typing import Any, Final

from approvals.guardrails import DEFAULT_RULES, cleaned, scan
from govapp.bench.figures import Figure, at_most, median, note, percentile
from govapp.bench.ground import Ground

_PAYMENT: Final[dict[str, Any]] = {
    "summary": "Pay EUR 48,200 to Northwind for invoice 1123",
    "payload": {"amount": "48200.00", "currency": "EUR", "to": "DE89370400440532013000"},
    "reason": "Invoice 1123 is due tomorrow and matches purchase order 4711.",
    "sources": [],
    "on_behalf_of": "",
}
_PROSE: Final = (
    "The supplier delivered on Monday, and the invoice matches the order in every line. "
    "Please see the minutes of the last meeting for what was agreed about later deliveries. "
)
_HOSTILE: Final = {
    "digits": "4" * 200_000,
    "opening marks": "-----BEGIN PRIVATE KEY-----" * 7_000,
    "nearly an address": "a@" * 100_000,
    "nearly a sign": "ignore all " * 18_000,
    "hidden": "\u200b" * 200_000,
}


def run(ground: Ground) -> Iterator[Figure]:
    """Yield what each detector finds and misses, then how fast submissions are looked through."""
    yield from _measured()
    times = _times(ground, _PAYMENT)
    yield at_most(
        "one submission, default rules", median(times), unit="us", target=1_000,
        note=f"{1e6 / median(times):,.0f}/s, p99 {percentile(times, 99):,.0f} us",
    )  # fmt: skip
    prose = _PROSE * 600
    times = _times(ground, prose)
    rate = len(prose) / median(times)
    yield note("prose of 100,000 characters", f"{rate:,.1f} MB/s", f"{median(times) / 1e3:,.0f} ms")
    worst, name = max((_took(text), name) for name, text in _HOSTILE.items())
    yield note(f"hostile set of {len(_HOSTILE)}, at 200,000", f"{worst * 1e3:,.0f} ms", name)
    masked = _took_masking(prose)
    yield note("the same prose masked", f"{masked * 1e3:,.0f} ms")


def _measured() -> Iterator[Figure]:
    """The examples ship with the tests; where those are left out there is nothing to measure."""
    try:
        measuring = importlib.import_module("tests.approvals.guardrails.measuring")
    except ImportError:
        yield note("labelled examples", "not here", "they are in tests/approvals/guardrails")
        return
    for name, count in measuring.measure().items():
        missed, wrong = len(count.missed), len(count.wrong)
        yield note(
            f"{name}: precision, recall",
            f"{count.precision:.2f}, {count.recall:.2f}",
            f"{count.found} found, {missed} missed, {wrong} wrong",
        )


def _times(ground: Ground, value: Any) -> list[float]:
    """Return how long each of many looks took, in microseconds."""
    scan(value, DEFAULT_RULES, category="payments.transfer")
    took: list[float] = []
    until = time.perf_counter() + min(ground.seconds(1.5), 1.5)
    while not took or time.perf_counter() < until:
        took.append(_took(value) * 1e6)
    return took


def _took(value: Any) -> float:
    began = time.perf_counter()
    scan(value, DEFAULT_RULES, category="payments.transfer")
    return time.perf_counter() - began


def _took_masking(value: Any) -> float:
    began = time.perf_counter()
    cleaned(value, DEFAULT_RULES, all_actions=True)
    return time.perf_counter() - began
