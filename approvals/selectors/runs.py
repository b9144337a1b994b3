"""Runs: which one a text names, what flowed into a submission, lists, and the record of each."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection

from approvals.lineage import Closing, Link, Verified, verify
from approvals.models import ActionRequest, Run, RunStep, RunStepInput
from audit.models import LedgerEvent, Pruning, PruningStatus
from govapp.common.api.pagination import Page, Position, read_page
from govapp.common.errors import NotFound
from govapp.common.ids import InvalidId, parse_public_id, public_id

PAGE_SIZE: Final = 50
MOST_SOURCES: Final = 20
PRUNED: Final = "Its time of keeping is over: events of it were pruned, so nobody can say."
_PREFIX: Final = "run"
# Joins `selectors.situation`: what flows into the submission, if it names a run of this agent.
RUN_SQL: Final = (
    "SELECT json_build_object('labels', coalesce(rs.carried, r.labels))"
    " FROM approvals_run r LEFT JOIN approvals_runstep rs ON rs.tenant_id = r.tenant_id"
    " AND rs.run_id = r.id AND rs.key = asked.step"
    " WHERE r.tenant_id = t.id AND r.id = asked.run_id AND r.agent_id = a.id"
)
# As a subquery, so that it reads as what it is.
_SOURCES: Final = """
SELECT number, source FROM (
  WITH RECURSIVE led(id) AS (
    SELECT %s::uuid
    UNION
    SELECT e.origin_id FROM approvals_runstepinput e JOIN led ON e.step_id = led.id
      WHERE e.tenant_id = %s)
  SELECT s.number, s.source::text FROM approvals_runstep s
  WHERE s.tenant_id = %s AND s.run_id = %s AND s.source <> '{}'::jsonb
    AND (%s OR s.id IN (SELECT id FROM led))
) AS found ORDER BY number LIMIT %s"""


@dataclass(frozen=True)
class RunGraph:
    """A run with its steps, what each of them used, and the requests that were made in it."""

    run: Run
    steps: tuple[RunStep, ...]
    inputs: Mapping[UUID, tuple[RunStep, ...]]
    requests: tuple[ActionRequest, ...]


def read_run_id(text: str) -> UUID | None:
    """Return the id in a text of the form `run_…`, None for any other text."""
    try:
        return parse_public_id(_PREFIX, text)
    except InvalidId:
        return None


def find_run(ident: str) -> Run:
    """Return the run with this public id; raise `NotFound`."""
    run_id = read_run_id(ident)
    found = None
    if run_id is not None:
        found = Run.objects.select_related("agent__owner__user").filter(pk=run_id).first()
    if found is None:
        raise NotFound("There is no such run here.")
    return found


def get_own_run(run_id: UUID, *, agent_id: UUID) -> Run:
    """Return a run of this agent; raise `NotFound`."""
    found = Run.objects.filter(pk=run_id, agent=agent_id).first()
    if found is None:
        raise NotFound("There is no such run.")
    return found


def list_runs(
    *, agent: str = "", is_open: bool = False, after: Position | None = None
) -> Page[Run]:
    """Return a page of runs, newest first; of one agent (its public id), or those that are open."""
    rows = Run.objects.select_related("agent")
    if agent:
        try:
            rows = rows.filter(agent=parse_public_id("ag", agent))
        except InvalidId:
            rows = rows.none()
    if is_open:
        rows = rows.filter(closed_at=None)
    return read_page(rows, field="started_at", after=after, limit=PAGE_SIZE)


def read_graph(run: Run) -> RunGraph:
    """Return the run's steps in their order, with their edges and requests. Three statements."""
    steps = list(RunStep.objects.filter(run=run).select_related("request").order_by("number"))
    by_id = {step.pk: step for step in steps}
    inputs: dict[UUID, list[RunStep]] = defaultdict(list)
    for step_id, origin_id in RunStepInput.objects.filter(run=run).values_list(
        "step_id", "origin_id"
    ):
        inputs[step_id].append(by_id[origin_id])
    requests = ActionRequest.objects.filter(run=run).select_related("step")
    return RunGraph(
        run=run,
        steps=tuple(steps),
        inputs={
            ident: tuple(sorted(used, key=lambda each: each.number))
            for ident, used in inputs.items()
        },
        requests=tuple(requests.defer("trace", "payload").order_by("submitted_at", "pk")),
    )


def sources_of(run: Run, step: RunStep | None) -> list[tuple[int, dict[str, str]]]:
    """Return the sources that flowed into a step, or into any of the run, by number of step.

    At most `MOST_SOURCES`. One statement.
    """
    tenant = run.tenant_id
    start = step.pk if step else run.pk
    values: list[UUID | bool | int] = [
        start, tenant, tenant, run.pk, step is None, MOST_SOURCES,
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_SOURCES, values)
        return [(number, json.loads(source)) for number, source in cursor.fetchall()]


def verify_run(run: Run) -> Verified:
    """Look through the record of a run: is every one of its events there, and each as it was?

    Two statements, and one more when something is missing: whether that may have been pruned. It
    reads the record and not the run's tables, which could be edited as well.
    """
    links: list[Link] = []
    closing = None
    for event_id, kind, body in _events(run):
        said = json.loads(bytes(body))
        place: Mapping[str, Any] = said.get("run") or {}
        if place.get("id") != run.public_id:
            continue
        digest = f"sha256:{hashlib.sha256(bytes(body)).hexdigest()}"
        links.append(Link(public_id("ev", event_id), kind, place["seq"], place["previous"], digest))
        if kind == "run.closed":
            data = said["data"]
            closing = Closing(data["steps"], data["requests"], data["events"])
    found = verify(links, last_seq=run.last_seq, closing=closing)
    pruned = Pruning.objects.filter(before__gt=run.started_at, status=PruningStatus.DONE)
    if not found.is_whole and pruned.exists():
        return Verified(found.events, found.is_closed, (PRUNED,))
    return found


def _events(run: Run) -> Sequence[tuple[UUID, str, bytes]]:
    columns = ("id", "type", "body")
    own = LedgerEvent.objects.filter(subject_type="run", subject_id=run.public_id)
    asked = LedgerEvent.objects.filter(
        type="action_request.submitted",
        request_id__in=ActionRequest.objects.filter(run=run).values("pk"),
    )
    return [*own.values_list(*columns), *asked.values_list(*columns)]
