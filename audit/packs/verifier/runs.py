"""Runs: each event of one names its number and the one before it, and the last counts them all.

The tree shows that nothing was changed since it was signed. This shows more: that nothing of a
run was left out before, and, in a pack of one run, by whoever chose what goes into it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from audit.packs.verifier.files import is_count
from audit.packs.verifier.verdict import Verdict

RUN_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
RUN_COUNTS = ("events", "steps", "requests")


# Events that wait for their places together get them in the order of their ids, and hosts whose
# clocks differ make these in another one: so far from its neighbours in a run one can stand.
MOST_OUT_OF_ORDER = 256
MOST_CLOCKS_DIFFER = 300
INSTANT = re.compile(
    r"([1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2})(?:\.[0-9]{1,6})?Z\Z"
)


@dataclass(slots=True)
class RunLink:
    """One event of a run: its place in the record, its SHA-256, and that of the one before."""

    index: int
    digest: str
    previous: str | None
    type: str
    at: int | None  # seconds since 1970; None when it does not say when it was


@dataclass
class Run:
    """The events of one run by their numbers, and what its closing event counts."""

    links: dict[int, RunLink] = field(default_factory=dict)
    closing: dict[str, int] | None = None
    closed_by: int = 0


@dataclass
class RunGap:
    """Numbers of a run that are not here, after one at an index (-1: none) and before another."""

    first: int
    last: int
    after: int
    before: int
    since: float  # when what is before it was, in seconds: what is missing came later

    @property
    def count(self) -> int:
        return self.last - self.first + 1

    @property
    def around(self) -> tuple[int, int]:
        return min(self.after, self.before), max(self.after, self.before)


@dataclass(frozen=True, slots=True)
class PrunedSpan:
    """Indexes that were pruned, both included; what they held is from before an instant."""

    first: int
    last: int
    before: int | None  # seconds since 1970; None when it was not said


@dataclass
class RunsAround:
    """What excuses that an event of a run is not here."""

    prunings: list[PrunedSpan]
    first: int  # of the indices of which each is here; nothing is left out inside of them
    last: int
    whole: str  # the one run that was asked for


def instant_of(value: object) -> int | None:
    """Return the whole seconds since 1970 of an instant in UTC as the record has it, or None."""
    match = INSTANT.match(value) if isinstance(value, str) else None
    try:
        return int(datetime.fromisoformat(match.group(1) + "+00:00").timestamp()) if match else None
    except ValueError:
        return None


def note_run(runs: dict[str, Run], index: int, line: bytes, body: dict[str, Any]) -> str:
    """Keep what an event says of its run; return why that makes no sense, or nothing."""
    place = body.get("run")
    if place is None:
        return ""
    if not isinstance(place, dict) or not isinstance(place.get("id"), str):
        return "its run has no id"
    number, previous = place.get("seq"), place.get("previous")
    if not isinstance(number, int) or not is_count(number) or number == 0:
        return "it has no number in its run"
    if previous is not None and not (isinstance(previous, str) and RUN_DIGEST.match(previous)):
        return "it names nothing that can stand before it in its run"
    run = runs.setdefault(place["id"], Run())
    if number in run.links:
        return f"its run has an event {number} already"
    digest = "sha256:" + sha256(line).hexdigest()
    run.links[number] = RunLink(index, digest, previous, body["type"], instant_of(body["at"]))
    if body["type"] == "run.closed":
        data = body.get("data")
        counted: dict[str, Any] = data if isinstance(data, dict) else {}
        if not all(is_count(counted.get(each)) for each in RUN_COUNTS):
            return "it closes a run and does not count its events"
        if run.closing is not None:
            return "its run is closed already"
        run.closing = {each: counted[each] for each in RUN_COUNTS}
        run.closed_by = number
    return ""


def check_runs(runs: dict[str, Run], around: RunsAround, verdict: Verdict) -> None:
    """Check the chain and the counts of each run, and say of how many all is here."""
    if not runs:
        return
    complete = part = still_open = 0
    for name in sorted(runs):
        run = runs[name]
        missing = _check_run_chain(name, run, around, verdict)
        if run.closing is not None:
            _check_run_counts(name, run, missing, verdict)
        part += missing > 0
        still_open += run.closing is None
        complete += not missing and run.closing is not None
    if verdict.refusals:
        return
    if followed := sum(_follow_on(run) for run in runs.values()):
        verdict.check("run-events", count=followed)
    if complete:
        verdict.check("runs", count=complete)
    if part:
        verdict.withhold("runs-part", count=part)
    if still_open:
        verdict.withhold("runs-open", count=still_open)


def _follow_on(run: Run) -> int:
    """Return how many events were compared: what stands before them is here, or is nothing."""
    return sum(number == 1 or number - 1 in run.links for number in run.links)


def _check_run_chain(name: str, run: Run, around: RunsAround, verdict: Verdict) -> int:
    """Return how many of its events are not here; refuse those that nothing excuses."""
    missing, number, at = 0, 0, -1
    since: float | None = -math.inf
    gaps: list[RunGap] = []
    for following in sorted(run.links):
        link = run.links[following]
        if following > number + 1:
            missing += following - number - 1
            when = math.inf if since is None else since
            gap = RunGap(number + 1, following - 1, at, link.index, when)
            if name == around.whole or _is_all_here(gap, around):
                gaps.append(gap)
        elif link.previous != (run.links[number].digest if number else None):
            verdict.refuse("run-broken", run=name, index=link.index, number=following)
        number, at, since = following, link.index, link.at
    if gaps:
        _check_run_gaps(name, run, gaps, around, verdict)
    return missing


def _is_all_here(gap: RunGap, around: RunsAround) -> bool:
    low, high = gap.around
    return around.first <= low + 1 and high - 1 <= around.last


def _check_run_gaps(
    name: str, run: Run, gaps: list[RunGap], around: RunsAround, verdict: Verdict
) -> None:
    """Refuse those of these gaps that no pruning excuses."""
    begins = any(link.type.startswith("run.") for link in run.links.values())
    # Beside its place an event may have been pruned too; then no pruning counts for two gaps.
    ends = [place for gap in gaps for place in gap.around]
    since = min(gap.since for gap in gaps)
    is_enough = _pruned_of(around, min(ends), max(ends), since) >= sum(gap.count for gap in gaps)
    for gap in gaps:
        pruned = _pruned_of(around, *gap.around, math.inf)
        if pruned < gap.count and is_enough:
            pruned = _pruned_of(around, *gap.around, gap.since)
        # What an agent said of its run is pruned whole: where some of it is, its beginning was.
        if pruned < gap.count or (gap.after < 0 and begins):
            verdict.refuse("run-gap", run=name, first=gap.first, last=gap.last)


def _pruned_of(around: RunsAround, low: int, high: int, since: float) -> int:
    """Return how many indexes between two were pruned, or beside them with what may be as young.

    What came after an event that was too young for a pruning was too young for it as well.
    """
    pruned = 0
    for each in around.prunings:
        is_older = each.before is None or since >= each.before + MOST_CLOCKS_DIFFER
        beside = 0 if is_older else MOST_OUT_OF_ORDER
        first, last = max(each.first, low + 1 - beside), min(each.last, high - 1 + beside)
        pruned += max(0, last - first + 1)
    return pruned


def _check_run_counts(name: str, run: Run, missing: int, verdict: Verdict) -> None:
    said, last = run.closing or {}, max(run.links)
    if said["events"] != last or run.closed_by != last:
        verdict.refuse("run-count", run=name, what="events", said=said["events"], found=last)
    if missing:
        return
    types = [link.type for link in run.links.values()]
    steps = types.count("run.step_recorded")
    requests = sum(each.endswith(".submitted") for each in types)
    for what, found in (("steps", steps), ("requests", requests)):
        if said[what] != found:
            verdict.refuse("run-count", run=name, what=what, said=said[what], found=found)
