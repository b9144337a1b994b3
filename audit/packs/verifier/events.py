"""The events: each is what was recorded, at its own place, and none is missing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from audit.packs.verifier.files import Pack, is_count, read_object
from audit.packs.verifier.log import parse_hashes, single_proofs
from audit.packs.verifier.notes import Malformed, Note, from_base64
from audit.packs.verifier.runs import (
    PrunedSpan,
    Run,
    RunsAround,
    check_runs,
    instant_of,
    note_run,
)
from audit.packs.verifier.trees import Leaf, leaf_digest, root_of_leaves
from audit.packs.verifier.verdict import MOST_REFUSALS, Refused, Verdict

LEAF_LINE = re.compile(r"(0|[1-9][0-9]{0,14}) ([A-Za-z0-9+/]{43}=)( pruned)?\Z")
PATHS = {
    "type": ("type",),
    "actor": ("actor", "id"),
    "subject": ("subject", "id"),
    "request": ("request",),
}


@dataclass
class Record:
    """What the events say that other parts of the check need."""

    size: int
    scope: dict[str, Any]
    supporting: frozenset[int]
    query: dict[str, Any]
    wanted_leaves: dict[int, bytes]
    report_event: str
    counts: Counter[str] = field(default_factory=Counter)
    keys: list[tuple[int, str]] = field(default_factory=list)
    pruned: list[int] = field(default_factory=list)
    prunings: list[PrunedSpan] = field(default_factory=list)
    runs: dict[str, Run] = field(default_factory=dict)
    report_sha256: str | None = None
    is_changed: bool = False


def check_events(
    pack: Pack, manifest: dict[str, Any], note: Note, verdict: Verdict
) -> Record | None:
    """Check events and tree together; None when the rest of the check would mean nothing."""
    report = manifest.get("report")
    record = Record(
        note.size,
        manifest["scope"],
        frozenset(manifest["supporting"]),
        manifest["query"],
        dict.fromkeys(single_proofs(pack), b""),
        str(report.get("event")) if isinstance(report, dict) else "",
    )
    before = len(verdict.refusals)
    for _ in _parsed_leaves(pack, note.size):
        pass  # what is not even a list of places is said first
    root = _root(pack, record, verdict)
    if record.is_changed:
        _say_what_changed(pack, verdict)
    if root != note.root:
        verdict.refuse("tree-differs")
    if not record.is_changed:
        _check_pruned(record, verdict)
    if len(verdict.refusals) > before:
        return record if root == note.root and not record.is_changed else None
    verdict.check("tree", count=record.counts["events"] + record.counts["supporting"])
    return record


def _root(pack: Pack, record: Record, verdict: Verdict) -> bytes | None:
    hashes = pack.lines("proofs/tree.txt")
    leaves = _leaves(pack, record, verdict)

    def take() -> bytes:
        line = next(hashes, None)
        if line is None:
            raise Malformed("there are too few hashes")
        return parse_hashes([line.decode("ascii", "replace")])[0]

    try:
        root = root_of_leaves(record.size, leaves, take)
        return root if next(hashes, None) is None else None
    except Malformed:
        return None
    finally:
        for _ in leaves:
            pass


def _leaves(pack: Pack, record: Record, verdict: Verdict) -> Iterator[Leaf]:
    """Yield the leaves in order; on the way, look at the event of each."""
    events = pack.lines("events.jsonl")
    expected = record.scope.get("first", 0)
    for index, digest, is_pruned in _parsed_leaves(pack, record.size):
        if index in record.wanted_leaves:
            record.wanted_leaves[index] = digest
        expected = _check_scope(record, index, expected, verdict)
        if is_pruned:
            record.pruned.append(index)
        else:
            _check_event(record, index, digest, next(events, None), verdict)
        yield index, digest
    if next(events, None) is not None:
        record.is_changed = True
    if record.scope["kind"] == "complete" and expected <= record.scope["last"]:
        verdict.refuse("event-missing", index=expected)


def _parsed_leaves(pack: Pack, size: int) -> Iterator[tuple[int, bytes, bool]]:
    """Yield index, hash, and whether the event was pruned. Raises Refused."""
    previous = -1
    for line_number, line in enumerate(pack.lines("leaves.txt"), 1):
        match = LEAF_LINE.match(line.decode("ascii", "replace"))
        if match is None or int(match.group(1)) >= size:
            raise Refused("leaves-malformed", line=line_number)
        index = int(match.group(1))
        if index <= previous:
            raise Refused("order-changed", line=line_number)
        previous = index
        yield index, _digest_of(match.group(2), line_number), match.group(3) is not None


def _digest_of(text: str, line: int) -> bytes:
    try:
        return from_base64(text)
    except Malformed as error:
        raise Refused("leaves-malformed", line=line) from error


def _check_scope(record: Record, index: int, expected: int, verdict: Verdict) -> int:
    scope = record.scope
    if scope["kind"] != "complete":
        return expected
    if not scope["first"] <= index <= scope["last"]:
        if index not in record.supporting:
            verdict.refuse("scope-differs", index=index)
        if index > scope["last"] and expected <= scope["last"]:
            verdict.refuse("event-missing", index=expected)
            return int(scope["last"]) + 1
        return expected
    for missing in range(expected, min(index, expected + MOST_REFUSALS)):
        verdict.refuse("event-missing", index=missing)
    return index + 1


def _check_event(
    record: Record, index: int, digest: bytes, line: bytes | None, verdict: Verdict
) -> None:
    if line is None or leaf_digest(line) != digest:
        record.is_changed = True
        return
    body = read_object(line)
    if body is None or not all(isinstance(body.get(name), str) for name in ("id", "type", "at")):
        verdict.refuse("event-malformed", index=index, why="it has no id, type and time")
        return
    is_supporting = index in record.supporting
    record.counts["supporting" if is_supporting else "events"] += 1
    if not is_supporting and not _is_asked_for(record, body):
        verdict.refuse("query-differs", index=index)
    _note_what_it_says(record, index, body)
    if fault := note_run(record.runs, index, line, body):
        verdict.refuse("event-malformed", index=index, why=fault)


def _is_asked_for(record: Record, body: dict[str, Any]) -> bool:
    if record.scope["kind"] == "complete":
        return True
    for name, path in PATHS.items():
        wanted, value = record.query.get(name), body
        for step in path:
            value = value.get(step, "") if isinstance(value, dict) else ""
        if wanted is not None and wanted != value:
            return False
    start, end = record.scope.get("from"), record.scope.get("until")
    at = body["at"]
    return (start is None or at >= str(start)) and (end is None or at < str(end))


def _note_what_it_says(record: Record, index: int, body: dict[str, Any]) -> None:
    data = body.get("data")
    if not isinstance(data, dict):
        return
    if body["type"].startswith("ledger.key_") and isinstance(data.get("verifier"), str):
        record.keys.append((index, data["verifier"]))
    if body["type"] == "ledger.pruned" and isinstance(data.get("ranges"), list):
        before = instant_of(data.get("before"))
        for each in data["ranges"]:
            if isinstance(each, dict) and is_count(each.get("first")) and is_count(
                each.get("last")
            ):  # fmt: skip
                record.prunings.append(PrunedSpan(each["first"], each["last"], before))
    if body["id"] == record.report_event and isinstance(data.get("sha256"), str):
        record.report_sha256 = data["sha256"]


def _say_what_changed(pack: Pack, verdict: Verdict) -> None:
    """Compare all events with all leaves: which is changed, missing, added, or elsewhere."""
    leaves = []
    for line in pack.lines("leaves.txt"):
        index, digest, *pruned = line.decode("ascii").split(" ")
        if not pruned:
            leaves.append((int(index), from_base64(digest)))
    events = [leaf_digest(line) for line in pack.lines("events.jsonl")]
    recorded = [digest for _, digest in leaves]
    pairs = zip(events, recorded, strict=False)
    differing = [at for at, (event, leaf) in enumerate(pairs) if event != leaf]
    if Counter(events) == Counter(recorded):
        verdict.refuse("order-changed", line=differing[0] + 1)
    elif len(events) == len(recorded):
        for at in differing:
            verdict.refuse("event-changed", index=leaves[at][0])
    else:
        _say_what_is_missing(leaves, events, differing, verdict)


def _say_what_is_missing(
    leaves: list[Leaf], events: list[bytes], differing: list[int], verdict: Verdict
) -> None:
    known, present = {digest for _, digest in leaves}, set(events)
    missing = [index for index, digest in leaves if digest not in present]
    added = [at for at, digest in enumerate(events) if digest not in known]
    for index in missing:
        verdict.refuse("event-missing", index=index)
    for at in added:
        verdict.refuse("event-added", line=at + 1)
    if not missing and not added:
        at = differing[0] if differing else len(leaves)
        verdict.refuse("event-added", line=at + 1)


def _check_pruned(record: Record, verdict: Verdict) -> None:
    for index in record.pruned:
        if any(each.first <= index <= each.last for each in record.prunings):
            record.counts["pruned"] += 1
        else:
            verdict.refuse("pruned-unrecorded", index=index)


def check_report(pack: Pack, manifest: dict[str, Any], record: Record, verdict: Verdict) -> None:
    """Check that an event of the record names the report's SHA-256."""
    report = manifest.get("report")
    if not isinstance(report, dict):
        return
    name = str(report.get("file"))
    if record.report_sha256 is None or name not in pack.names:
        verdict.refuse("report-unrecorded", file=name)
        return
    digest = sha256()
    for chunk in pack.chunks(name):
        digest.update(chunk)
    if digest.hexdigest() != record.report_sha256:
        verdict.refuse("report-changed", file=name)
    else:
        verdict.check("report", file=name, event=record.report_event)


def check_runs_of(record: Record, verdict: Verdict) -> None:
    """Check the runs that the events belong to, and say of how many all is here."""
    scope, query = record.scope, record.query
    is_complete = scope["kind"] == "complete"
    is_one = not is_complete and set(query) == {"subject"}
    around = RunsAround(
        record.prunings,
        scope["first"] if is_complete else 0,
        scope["last"] if is_complete else -1,
        str(query["subject"]) if is_one else "",
    )
    check_runs(record.runs, around, verdict)
