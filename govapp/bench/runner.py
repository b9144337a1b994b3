"""Runs the benchmarks that were named, or all, and prints one table."""

import argparse
import importlib
import resource
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Final

from govapp.bench.figures import Figure, heading, line, missing
from govapp.bench.ground import Ground, standing
from govapp.runtime.console import say

Benchmark = Callable[[Ground], Iterator[Figure]]

# In the order in which they run; the tables grow on the way, so the hot ones come first.
BENCHMARKS: Final = {
    "policy": "policy:run",
    "guardrails": "guardrails:run",
    "round-trips": "round_trips:run",
    "submit-latency": "submit:run_latency",
    "submit": "submit:run",
    "ledger": "ledger:run",
    "report": "report:run",
    "cycle": "cycle:run",
    "kill": "kill:run",
    "gateway": "gateway:run",
    "wait": "waiting:run",
    "timers": "timers:run",
    "pages": "pages:run",
    "start": "start:run",
    "growth": "growth:run",
}


def main(arguments: list[str]) -> int:
    """Run benchmarks. A figure below its target is no failure; one that cannot run is."""
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], metavar="NAME")
    parser.add_argument("--tiny", action="store_true", help="sizes that only show that it runs")
    options = parser.parse_args(arguments)
    _raise_file_limit()
    broken = 0
    began = time.monotonic()
    with standing(is_tiny=options.tiny) as ground:
        say("PostgreSQL with fsync, Valkey; warmed; every baseline measured in this run.\n")
        say(heading())
        for name in options.names or BENCHMARKS:
            broken += not _run(name, ground)
    say(f"\n{time.monotonic() - began:.0f} s in all.")
    return 1 if broken else 0


def _run(name: str, ground: Ground) -> bool:
    module, function = BENCHMARKS[name].split(":")
    try:
        benchmark: Benchmark = getattr(importlib.import_module(f"govapp.bench.{module}"), function)
        for figure in benchmark(ground):
            say(line(name, figure))
    except Exception as error:
        say(line(name, missing("did not run", type(error).__name__)))
        traceback.print_exc()
        return False
    return True


def _raise_file_limit() -> None:
    """Thousands of connections need as many descriptors, here and in the servers we start."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
