"""Runs in packs that somebody forges: what the tree does not show, the run's own chain does.

Here the record itself is forged, and signed by its right key: as if somebody had reached the
database before an event got its place, or had stolen the key. Or a pack of one run is: it is a
selection, and whoever selects can leave something out and prove what is left.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache
from hashlib import sha256
from typing import Any

from audit.merkle.canonical import canonical_bytes
from audit.merkle.note import Checkpoint, sign_checkpoint
from audit.merkle.tree import leaf_hash
from audit.packs.contents import KeySpan, PackedLeaf
from tests.audit.merkle.logs import MemoryLog
from tests.audit.packs import world
from tests.audit.packs.forging import Mutation
from tests.audit.packs.world import NEW, ORIGIN, START

Story = tuple[tuple[str, str, dict[str, Any]], ...]
Bodies = list[dict[str, Any]]

RUN, OTHER = "run_task", "run_other"
PAYER = {"kind": "agent", "id": "ag_payer", "name": "payer"}
TOLD: Story = (
    (RUN, "run.started", {}),
    (RUN, "run.step_recorded", {"kind": "retrieval"}),
    (OTHER, "run.started", {}),
    (RUN, "run.step_recorded", {"kind": "tool_call"}),
    (RUN, "action_request.submitted", {}),
    (OTHER, "run.step_recorded", {"kind": "tool_call"}),
    (RUN, "run.step_recorded", {"kind": "synthesis"}),
    (RUN, "run.closed", {"events": 6, "steps": 3, "requests": 1}),
)
"""Two runs beside each other, the first of them closed. In the record, a key comes before."""

GOES_ON = (
    *TOLD[:6],
    (RUN, "run.closed", {"events": 5, "steps": 3, "requests": 1}),
    TOLD[6],
)


RUN_LATER: Story = (
    (OTHER, "run.started", {}),
    (OTHER, "run.step_recorded", {"kind": "tool_call"}),
    (OTHER, "run.closed", {"events": 3, "steps": 1, "requests": 0}),
    *(each for each in TOLD if each[0] == RUN),
)
"""The other run is long over as this one begins at the index 4; the request of this one is at 7."""


DURING = "2026-03-02T09:10:00Z"
"""When the run is over that came later: until then, everything of it can have been pruned."""


def told(story: Story = TOLD) -> Bodies:
    """The events as they were recorded: each names the one before it in its run."""
    bodies = [_body(0, "ledger.key_created", {"verifier": NEW.verifier.encode()})]
    last: dict[str, dict[str, Any]] = {}
    for index, (run, kind, data) in enumerate(story, 1):
        before = last.get(run)
        body = _body(index, kind, dict(data))
        body["actor"] = PAYER
        is_asked = kind.startswith("action_request.")
        about = ("action_request", "ar_1") if is_asked else ("run", run)
        body["subject"] = {"type": about[0], "id": about[1], "label": "Task"}
        body["run"] = {
            "id": run,
            "seq": before["run"]["seq"] + 1 if before else 1,
            "previous": _digest(before) if before else None,
        }
        last[run] = body
        bodies.append(body)
    return bodies


def _body(index: int, kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "v": 2, "id": f"ev_{index:026d}", "tenant": "tn_acme", "type": kind,
        "at": (START + timedelta(minutes=index)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "actor": {"kind": "system", "id": "govapp", "name": "Govapp"},
        "subject": {"type": "ledger", "id": ORIGIN, "label": ORIGIN},
        "summary": f"It was recorded: {kind}.", "data": data,
    }  # fmt: skip


def _digest(body: dict[str, Any]) -> str:
    return f"sha256:{sha256(canonical_bytes(body)).hexdigest()}"


def packed(bodies: Bodies, *, taken: Sequence[int] | None = None, **changes: Any) -> bytes:
    """A pack of a record that consists of these events: all of it, or those at some indices."""
    log, events = MemoryLog(), [canonical_bytes(body) for body in bodies]
    log.append([leaf_hash(event) for event in events])
    indices = range(len(events)) if taken is None else taken
    scope: dict[str, Any] = {"kind": "complete", "first": 0, "last": len(events) - 1}
    whole: dict[str, Any] = {
        "size": log.size,
        "root": log.root,
        "note": sign_checkpoint(Checkpoint(ORIGIN, log.size, log.root), key=NEW),
        "keys": [KeySpan(NEW.verifier.encode(), 1)],
        "read_tile": log.read,
        "leaves": lambda: (PackedLeaf(each, leaf_hash(events[each]), events[each])
                           for each in indices),
        "values": lambda: iter(()),
        "scope": scope if taken is None else {"kind": "selection"},
        "supporting": frozenset(),
        "query": {},
        "older_notes": [],
        "vouching": None,
        "report": None,
    }  # fmt: skip
    return world.packed(world.contents(**(whole | changes)))


@cache
def runs_pack() -> bytes:
    """A pack of the whole record, as it should be."""
    return packed(told())


def one_run(*left_out: int) -> bytes:
    """A pack of the first run, but for what whoever made it left out."""
    asked = [index for index, (run, _, _) in enumerate(TOLD, 1) if run == RUN]
    taken = [0, *(index for index in asked if index not in left_out)]
    return packed(
        told(), taken=taken, query={"subject": RUN}, supporting=frozenset({0, 5} & set(taken))
    )


def pruned_run(
    *pruned: tuple[int, int],
    left_out: Sequence[int] = (),
    swapped: tuple[int, int] = (0, 0),
    between: int = 0,
    before: object = DURING,
) -> bytes:
    """A pack of the run that came later, from an account that has pruned these indices.

    Two events may have got their places the wrong way round, and some more stand `between` the
    other run and this one, of which then each index in `left_out` is counted as without these.
    What was pruned is said to be from `before` an instant.
    """
    ranges = [{"first": first, "last": last} for first, last in pruned]
    story = [*RUN_LATER[:3], *[("run_third", "run.step_recorded", {})] * between, *RUN_LATER[3:]]
    bodies = told((*story, (OTHER, "ledger.pruned", {"ranges": ranges, "before": before})))
    del bodies[-1]["run"]
    one, two = swapped
    bodies[one], bodies[two] = bodies[two], bodies[one]
    gone = {index for first, last in pruned for index in range(first, last + 1)}
    gone |= {index + between for index in left_out}
    taken = [index for index in (0, *range(4 + between, 11 + between)) if index not in gone]
    asked = [index for index in taken if bodies[index]["type"] == "action_request.submitted"]
    return packed(
        bodies,
        taken=taken,
        query={"subject": RUN},
        supporting=frozenset({0, 10 + between, *asked} & set(taken)),
    )


def selected(*taken: int, forged: bool = False, **query: str) -> bytes:
    """A pack of some events of the first run, asked for by a query; nothing before them is here."""
    bodies = told()
    for index in taken if forged else ():
        bodies[index]["run"]["previous"] = "sha256:" + "0" * 64
    return packed(
        bodies, taken=[0, *taken], query=query, supporting=frozenset({0}),
    )  # fmt: skip


SELECTED_RUNS: tuple[tuple[str, Callable[[], bytes], int], ...] = (
    ("its steps", lambda: selected(2, 4, 7, type="run.step_recorded", subject=RUN), 1),
    ("its beginning", lambda: selected(1, type="run.started", subject=RUN), 1),
    ("what was asked for in it", lambda: selected(5, type="action_request.submitted"), 0),
    ("some, each of which names something made up before it",
        lambda: selected(5, forged=True, type="action_request.submitted"), 0),
)  # fmt: skip
"""Packs in which some events of a run are, and how many of them follow one that is here too."""


PRUNED_RUNS: tuple[tuple[str, Callable[[], bytes], bool], ...] = (
    ("another run was pruned", lambda: pruned_run((1, 3)), True),
    ("what was asked for in it was pruned", lambda: pruned_run((1, 3), (7, 7)), False),
    ("it was pruned, and not what was asked for in it",
        lambda: pruned_run((1, 3), (4, 6), (8, 9)), False),
    ("what was asked for in it was pruned, and has its place after what came later",
        lambda: pruned_run((8, 8), swapped=(7, 8)), False),
    ("it was pruned, and what was asked for in it has its place before what came sooner",
        lambda: pruned_run((5, 9), swapped=(4, 7)), False),
    ("it has its place after what came later, and clocks differ by less than five minutes",
        lambda: pruned_run((8, 8), swapped=(7, 8), before="2026-03-02T09:01:01.000001Z"), False),
)  # fmt: skip
"""Packs of one run, made as they should be after a pruning, and whether all of the run is here."""


def without(index: int) -> Callable[[], bytes]:
    """An event was deleted before it got its place."""

    def make() -> bytes:
        bodies = told()
        del bodies[index]
        return packed(bodies)

    return make


def with_change(index: int, change: Callable[[dict[str, Any]], object]) -> Callable[[], bytes]:
    """An event was changed before it got its place."""

    def make() -> bytes:
        bodies = told()
        change(bodies[index])
        return packed(bodies)

    return make


def _nothing(_: object) -> None:
    """What is forged lies in what the pack was made of."""


def _in_run(**values: Any) -> Callable[[dict[str, Any]], object]:
    return lambda body: body["run"].update(values)


RUN_MUTATIONS = tuple(
    Mutation(name, _nothing, reasons, base=base)
    for name, base, reasons in (
        ("a step that never got into the record", without(4), ("run-gap",)),
        ("a request of a run that never got into the record", without(5), ("run-gap",)),
        ("the beginning of a run that never got into the record", without(1), ("run-gap",)),
        ("a step that was changed before it got its place",
            with_change(4, lambda body: body["data"].update(kind="handoff")), ("run-broken",)),
        ("a step that names another one before it",
            with_change(4, _in_run(previous="sha256:" + "0" * 64)), ("run-broken", "run-broken")),
        ("a beginning that names something before it",
            with_change(3, _in_run(previous="sha256:" + "0" * 64)), ("run-broken", "run-broken")),
        ("a run that counts fewer steps than it has",
            with_change(8, lambda body: body["data"].update(steps=2)), ("run-count",)),
        ("a run that counts more requests than it has",
            with_change(8, lambda body: body["data"].update(requests=2)), ("run-count",)),
        ("a run that counts fewer events than it has",
            with_change(8, lambda body: body["data"].update(events=5)), ("run-count",)),
        ("a run that goes on after its end", lambda: packed(told(GOES_ON)), ("run-count",)),
        ("a run that ends twice", lambda: packed(told((*TOLD, TOLD[-1]))),
            ("event-malformed", "run-count")),
        ("a run that counts nothing",
            with_change(8, lambda body: body.update(data=None)), ("event-malformed",)),
        ("a number of a run that comes twice", with_change(4, _in_run(seq=2)),
            ("event-malformed", "run-gap")),
        ("a place in a run that is none",
            with_change(3, lambda body: body.update(run=[1])), ("event-malformed", "run-gap")),
        ("a number in a run that is none", with_change(6, _in_run(seq=0)), ("event-malformed",)),
        ("a predecessor in a run that is none", with_change(6, _in_run(previous=7)),
            ("event-malformed",)),
        ("a step that was left out of a pack of its run", lambda: one_run(4), ("run-gap",)),
        ("a request that was left out of a pack of its run", lambda: one_run(5), ("run-gap",)),
        ("the beginning was left out of a pack of a run", lambda: one_run(1, 2), ("run-gap",)),
        ("the beginning was left out where something else was pruned before",
            lambda: pruned_run((1, 3), left_out=(4, 5)), ("run-gap",)),
        ("more was left out between two events of a run than was pruned there",
            lambda: pruned_run((7, 7), left_out=(6,)), ("run-gap",)),
        ("more was left out of a run in all than was pruned around",
            lambda: pruned_run((8, 8), left_out=(5,), swapped=(7, 8)), ("run-gap", "run-gap")),
        ("a step was left out far from what was pruned",
            lambda: pruned_run((1, 3), left_out=(6,), between=260), ("run-gap",)),
        ("a step was left out beside what was pruned, and is younger",
            lambda: pruned_run((1, 3), left_out=(6,), before="2026-03-02T09:00:00Z"),
            ("run-gap",)),
        ("a request has its place after what came later, and was pruned as from long before",
            lambda: pruned_run((8, 8), swapped=(7, 8), before="2026-03-02T09:01:00Z"),
            ("run-gap",)),
        ("a step was left out beside what was pruned, which was from who knows when",
            lambda: pruned_run((1, 3), left_out=(6,), before="2026-02-30T09:10:00Z"),
            ("run-gap",)),
        ("a step was left out beside what was pruned, and nobody said when",
            lambda: pruned_run((1, 3), left_out=(6,), before=None), ("run-gap",)),
        ("more was left out before what was asked for in a run than was pruned there",
            lambda: pruned_run((4, 5), left_out=(6, 8, 9)), ("run-gap",)),
    )
)  # fmt: skip
