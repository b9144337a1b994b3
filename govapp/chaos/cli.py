"""``./run chaos``: a week in minutes, with everything killed again and again."""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Final

from govapp.chaos.lapsed import Outcome, Plan, run_lapse
from govapp.chaos.stack import running_stack

SHOWN: Final = 5


def main(arguments: Sequence[str]) -> int:
    """Run it, print the figures and what does not hold; 1 on a breach."""
    options = parser().parse_args(arguments)
    seconds = options.minutes * 60
    plan = Plan(seconds=seconds, days=options.days, seed=options.seed, rate=options.rate)
    began = time.monotonic()
    # In a place of its own: what is running here is left alone.
    scratch = tempfile.mkdtemp(prefix="govapp-chaos-") if options.keep else None
    place = nullcontext(scratch) if scratch else tempfile.TemporaryDirectory("", "govapp-chaos-")
    with place as name:
        Path(name).chmod(0o711)
        with running_stack(Path(name) / "state") as stack:
            say(f"{plan.days:g} days in {options.minutes:g} minutes, seed {plan.seed}.")
            outcome = run_lapse(stack, plan, say)
        say(report(outcome))
        if options.keep:
            say(f"\nKept: GOVAPP_STATE_DIR={name}/state ./run up --no-demo")
    say(f"\n{time.monotonic() - began:.0f} s in all.")
    return 1 if outcome.breaches else 0


def parser() -> argparse.ArgumentParser:
    """Return the arguments."""
    made = argparse.ArgumentParser(prog="./run chaos", description=__doc__)
    made.add_argument("--minutes", type=float, default=3.0, help="how long it takes")
    made.add_argument("--days", type=float, default=7.0, help="how much time passes meanwhile")
    made.add_argument("--seed", type=int, default=1, help="the same seed, the same order of faults")
    made.add_argument("--rate", type=float, default=7.0, help="submissions a second, when busy")
    made.add_argument("--keep", action="store_true", help="keep the database, the logs, the mail")
    return made


def report(outcome: Outcome) -> str:
    """Return the figures, and each invariant that was broken with the first that break it."""
    lines = [outcome.figures.table(), "", "Seen from outside"]
    lines += [f"  {name:<40}{number:>7}" for name, number in sorted(outcome.tally.counts.items())]
    lines += [f"  5xx {name:<36}{number:>7}" for name, number in outcome.tally.faults.items()]
    lines.append("")
    for title, found in outcome.breaches.items():
        lines.append(f"BREACH: {title} ({len(found)})")
        lines += [f"  {each}" for each in found[:SHOWN]]
    if not outcome.breaches:
        lines.append("Nothing lost, nothing twice, nothing approved by silence.")
    return "\n".join(lines)


def say(text: str) -> None:
    """Write at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
