"""What the page of a run shows: the graph, each step, where labels came in, and the record."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from approvals.enums import StepResult
from approvals.lineage import Box, Drawing, Line, Node, Verified, draw, introduced_by
from approvals.models import ActionRequest, Run, RunStep
from approvals.selectors.runs import RunGraph, read_graph, verify_run
from govapp.common.sensitive import masked

MOST_DRAWN: Final = 150
_LINE: Final = 21  # characters that fit into a box


@dataclass(frozen=True)
class GraphBox:
    """A box of the drawing: where it stands, what it says, how it looks, and where it leads."""

    box: Box
    first: str
    second: str
    look: str
    href: str
    words: str  # all of it, for who cannot see the drawing


@dataclass(frozen=True)
class ShownStep:
    """One row of the list."""

    step: RunStep
    inputs: tuple[RunStep, ...]
    came_in: tuple[str, ...]  # labels that it carries through what it used
    led_to: tuple[ActionRequest, ...]


@dataclass(frozen=True)
class ShownLabel:
    """Where a label came in, how many steps carry it, and which requests it reached."""

    label: str
    introduced_by: tuple[RunStep, ...]
    carried_by: int
    reached: tuple[ActionRequest, ...]


@dataclass(frozen=True)
class RunPage:
    """The whole page."""

    run: Run
    steps: tuple[ShownStep, ...]
    labels: tuple[ShownLabel, ...]
    requests: tuple[ActionRequest, ...]
    drawing: Drawing | None
    boxes: tuple[GraphBox, ...]
    lines: tuple[Line, ...]
    verified: Verified
    costs: tuple[tuple[str, Decimal], ...]  # currency and sum
    tokens: int

    @property
    def stopped(self) -> int:
        """How many steps a rule, a guardrail or a person stopped."""
        return sum(each.step.result == StepResult.STOPPED for each in self.steps)

    @property
    def refused(self) -> int:
        """How many requests were blocked or denied."""
        return sum(each.status in ("blocked", "denied") for each in self.requests)


def read_run_page(run: Run) -> RunPage:
    """Return the page of a run. The number of statements is constant."""
    graph = read_graph(run)
    drawing = _draw(graph) if len(graph.steps) + len(graph.requests) <= MOST_DRAWN else None
    return RunPage(
        run=run,
        steps=tuple(_step(each, graph) for each in graph.steps),
        labels=tuple(_labels(graph)),
        requests=graph.requests,
        drawing=drawing,
        boxes=tuple(_boxes(drawing, graph)) if drawing else (),
        lines=drawing.lines if drawing else (),
        verified=verify_run(run),
        costs=_costs(graph.steps),
        tokens=sum((each.tokens_in or 0) + (each.tokens_out or 0) for each in graph.steps),
    )


def _step(step: RunStep, graph: RunGraph) -> ShownStep:
    return ShownStep(
        step=step,
        inputs=graph.inputs.get(step.pk, ()),
        came_in=tuple(label for label in step.carried if label not in step.labels),
        led_to=tuple(each for each in graph.requests if each.step_id == step.pk),
    )


def _labels(graph: RunGraph) -> list[ShownLabel]:
    by_number = {step.number: step for step in graph.steps}
    nodes = [
        Node(
            step.number,
            frozenset(step.labels),
            tuple(each.number for each in graph.inputs.get(step.pk, ())),
        )
        for step in graph.steps
    ]
    return [
        ShownLabel(
            label=label,
            introduced_by=tuple(by_number[number] for number in numbers),
            carried_by=sum(label in step.carried for step in graph.steps),
            reached=tuple(each for each in graph.requests if label in _flowing(each)),
        )
        for label, numbers in introduced_by(nodes).items()
    ]


def _flowing(request: ActionRequest) -> Sequence[str]:
    """What flowed into a request as it was judged."""
    facts: Mapping[str, object] = request.facts or {}
    found = facts.get("run_labels")
    return found if isinstance(found, list) else ()


def _draw(graph: RunGraph) -> Drawing:
    steps = [
        (step.public_id, [each.public_id for each in graph.inputs.get(step.pk, ())])
        for step in graph.steps
    ]
    asked = [
        (each.public_id, [each.step.public_id] if each.step else []) for each in graph.requests
    ]
    return draw([*steps, *asked])


def _boxes(drawing: Drawing, graph: RunGraph) -> list[GraphBox]:
    steps = {step.public_id: step for step in graph.steps}
    requests = {each.public_id: each for each in graph.requests}
    found = []
    for box in drawing.boxes:
        if box.name in steps:
            found.append(_step_box(box, steps[box.name]))
        else:
            found.append(_request_box(box, requests[box.name]))
    return found


def _step_box(box: Box, step: RunStep) -> GraphBox:
    look = {StepResult.FAILED: "bad", StepResult.STOPPED: "bad"}.get(StepResult(step.result), "")
    carries = f"; it carries {', '.join(step.carried)}" if step.carried else ""
    result = step.get_result_display().lower()
    return GraphBox(
        box=box,
        first=f"{step.number} · {step.get_kind_display()}",
        second=_short(masked(step.title or step.key)),
        look=look or ("labelled" if step.carried else "plain"),
        href=f"#step-{step.number}",
        words=f"Step {step.number}, {step.get_kind_display().lower()}, {result}{carries}",
    )


def _request_box(box: Box, request: ActionRequest) -> GraphBox:
    is_held = request.status in ("blocked", "denied")
    status = request.get_status_display()
    return GraphBox(
        box=box,
        first=status,
        second=_short(request.category_key),
        look="bad" if is_held else "asked",
        href=f"#{request.public_id}",
        words=f"Request for {request.category_key}, {status.lower()}",
    )


def _costs(steps: Sequence[RunStep]) -> tuple[tuple[str, Decimal], ...]:
    sums: Counter[str] = Counter()
    for step in steps:
        if step.cost:
            sums[step.cost["currency"]] += Decimal(step.cost["amount"])  # type: ignore[assignment]
    return tuple((currency, Decimal(total)) for currency, total in sorted(sums.items()))


def _short(text: str) -> str:
    return text if len(text) <= _LINE else f"{text[: _LINE - 1]}…"
