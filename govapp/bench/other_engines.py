"""The same rules in Cedar and in CEL (both Rust, through their Python bindings), timed.

A program of its own: it needs the dependency group `bench`, which the application does not, and
imports nothing of ours. Prints one JSON object: engine → rules → [µs of one decision, p99], or
engine → why it was not measured.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any, Final

CATEGORY: Final = "payments.k7"
AMOUNT: Final = 48_200
LIMIT: Final = 10_000
CATEGORIES: Final = 500


def main(sizes: list[int], seconds: float) -> dict[str, Any]:
    """Measure each engine with so many rules."""
    found: dict[str, Any] = {}
    for name, make in (("Cedar", _cedar), ("CEL", _cel)):
        try:
            found[name] = {str(size): _timed(make(size), seconds) for size in sizes}
        except ImportError as error:
            found[name] = f"no module {error.name}"
    return found


def _cedar(rules: int) -> Callable[[], bool]:
    """Parsed once, as an application would; a context of whole numbers, which Cedar has."""
    import cedarpy

    text = "".join(
        f'@id("r{number}") permit(principal, action == Action::"payments.k{number % CATEGORIES}",'
        f" resource) when {{ context.amount > {LIMIT} }};\n"
        for number in range(rules)
    )
    policies = cedarpy.PolicySet.from_str(text)
    entities = cedarpy.Entities.from_json_str("[]")
    request = {
        "principal": 'Agent::"payer"',
        "action": f'Action::"{CATEGORY}"',
        "resource": 'Account::"main"',
        "context": {"amount": AMOUNT},
    }
    return lambda: bool(cedarpy.is_authorized(request, policies, entities).allowed)


def _cel(rules: int) -> Callable[[], bool]:
    """One expression for all rules, compiled once: one way in and out of Rust."""
    import cel

    program = cel.compile(
        "["
        + ", ".join(
            f"category == 'payments.k{number % CATEGORIES}' && amount > {LIMIT}"
            for number in range(rules)
        )
        + "]"
    )
    facts = cel.Context(variables={"category": CATEGORY, "amount": AMOUNT})
    return lambda: any(program.execute(facts))


def _timed(work: Callable[[], bool], seconds: float) -> list[float]:
    """Return the median and the 99th percentile of one decision, in microseconds."""
    if not work():
        raise RuntimeError("The rules do not say what they should.")
    took: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(took) < 5:
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1_000_000)
    took.sort()
    return [took[len(took) // 2], took[min(len(took) - 1, int(len(took) * 0.99))]]


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]), float(sys.argv[2]))))  # noqa: T201
