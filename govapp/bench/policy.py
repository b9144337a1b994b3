"""`policy`: decisions among many rules, beside other engines; what would hang; and a replay."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from approvals.policies import Facts, Policy, PolicyInvalid, evaluate, load_policy, parse_policy
from govapp.bench.figures import Figure, at_most, median, missing, note, percentile
from govapp.bench.ground import Ground
from govapp.bench.replay import replay_figures

_SIZES: Final = (10, 100, 1_000)
_HOW_TO_GET: Final = "pip install --group bench into a venv, GOVAPP_BENCH_PYTHON=venv/bin/python"
_FLOW: Final = {
    "stages": [{"name": "review", "seats": [{"group": "g", "count": 1}], "deadline": "4h"}]
}
_FACTS: Final = Facts(
    category="payments.k7",
    category_known=True,
    category_risk="medium",
    category_reversible=False,
    payload={"amount": "48200.00", "to": "DE89370400440532013000"},
    environment="production",
    agent_name="payer",
    agent_labels=frozenset({"finance"}),
    agent_tier="new",
    agent_age_days=30,
    agent_known=True,
    confidence=None,
    estimated_cost=None,
    on_behalf_of=None,
    local_time=datetime(2026, 11, 20, 12, tzinfo=UTC),
    payload_errors=(),
)


def run(ground: Ground) -> Iterator[Figure]:
    """Yield the time of one decision, beside other engines, the hostile set, and a replay."""
    yield from _decisions(ground)
    yield from _growth(ground)
    yield from _others(ground)
    worst, slowest = max((_milliseconds(work), name) for name, work in _hostile().items())
    yield at_most(f"hostile set of {len(_hostile())}", worst, unit="ms", target=10, note=slowest)
    yield from replay_figures(ground)


def _decisions(ground: Ground) -> Iterator[Figure]:
    """One decision among more and more rules, beside a policy that has none."""
    bare = _times(ground, _document(0))
    yield note("one decision, no rule", f"{median(bare):.1f} us", _rate(bare))
    for rules in _SIZES:
        times = _times(ground, _document(ground.size(rules, 10)))
        figure = at_most(
            f"one decision, {rules:,} rules", median(times), unit="us", target=10, note=_rate(times)
        )
        yield replace(figure, ratio=median(times) / median(bare))

    policy = parse_policy(_document(ground.size(1_000, 10)))

    def explained() -> None:
        evaluation = evaluate(policy, _FACTS)
        _ = evaluation.because, evaluation.considered

    times = _many(ground, explained)
    yield note("the same with reasons and trace", f"{median(times):.1f} us", _rate(times))


def _growth(ground: Ground) -> Iterator[Figure]:
    """One rule that matches among others that cannot: these should cost nothing."""
    few, many = (
        median(_times(ground, _document(1, others=ground.size(others, 10)))) for others in (9, 999)
    )
    figure = at_most(
        "1 rule that can match, with 999 that cannot", many, unit="us", target=1.25 * few,
        note=f"{few:.1f} us with 9 that cannot",
    )  # fmt: skip
    yield replace(figure, ratio=many / few, target="<= 1.25 x")
    busy = _times(ground, _document(ground.size(1_000, 10), spread=1))
    yield note("1,000 rules of its own category", f"{median(busy):,.0f} us", _rate(busy))


def _others(ground: Ground) -> Iterator[Figure]:
    """The same rules elsewhere, in the interpreter that has them (GOVAPP_BENCH_PYTHON)."""
    python = os.environ.get("GOVAPP_BENCH_PYTHON", sys.executable)
    done = subprocess.run(
        [python, "other_engines.py", json.dumps(_SIZES), str(ground.seconds(2))],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        yield missing("Cedar, CEL", (done.stderr.strip().splitlines() or ["it ended"])[-1][:60])
        return
    for engine, times in json.loads(done.stdout).items():
        if isinstance(times, str):
            yield missing(f"{engine}, the same rules", f"{times}: {_HOW_TO_GET}")
            continue
        for rules, (middle, p99) in times.items():
            ours = median(_times(ground, _document(int(rules))))
            figure = note(
                f"{engine}, {int(rules):,} rules", f"{middle:,.1f} us",
                f"{1e6 / middle:,.0f}/s, p99 {p99:,.0f} us",
            )  # fmt: skip
            yield replace(figure, ratio=middle / ours)


def _times(ground: Ground, document: dict[str, Any]) -> list[float]:
    """Return how long each of many decisions took, in microseconds."""
    policy = parse_policy(document)
    return _many(ground, lambda: evaluate(policy, _FACTS))


def _many(ground: Ground, work: Callable[[], object]) -> list[float]:
    for _ in range(50):
        work()
    took = []
    until = time.perf_counter() + min(ground.seconds(1.5), 1.5)
    while time.perf_counter() < until:
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1_000_000)
    return took


def _rate(times: list[float]) -> str:
    return f"{1e6 / median(times):,.0f}/s, p99 {percentile(times, 99):,.0f} us"


def _document(rules: int, *, others: int = 0, spread: int = 500) -> dict[str, Any]:
    """Rules on amounts, spread over categories of which one is asked for; `others` never fit."""
    return {
        "version": 1,
        "default": "deny",
        "flows": {"review": _FLOW},
        "rules": [
            *(_rule(f"r{number}", f"payments.k{(number + 7) % spread}") for number in range(rules)),
            *(_rule(f"o{number}", f"notes.k{number}") for number in range(others)),
        ]
        if spread > 1
        else [_rule(f"r{number}", "payments.k7") for number in range(rules)],
    }


def _rule(name: str, category: str) -> dict[str, Any]:
    return {
        "id": name,
        "when": {
            "category": category,
            "conditions": {"field": "payload.amount", "op": "gt", "value": "10000"},
        },
        "then": "require_approval",
        "flow": "review",
    }


def _milliseconds(work: Callable[[], object]) -> float:
    took = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1_000)
    return median(took)


def _hostile() -> dict[str, Callable[[], object]]:
    """Return what an attacker would send: each has to end soon, as a decision or a refusal."""
    matching = _with_condition({"field": "payload.note", "op": "matches", "value": "(a+)+(b|a)*$"})
    listed = _with_condition({"field": "payload.items", "op": "contains", "value": "x"})
    number = _with_condition({"field": "payload.amount", "op": "gt", "value": "1"})
    return {
        "pattern that backtracks": _deciding(matching, note="a" * 200_000),
        "list of a million": _deciding(listed, items=["y"] * 1_000_000),
        "number with a huge exponent": _deciding(number, amount="1e999999999"),
        "number of 200,000 digits": _deciding(number, amount="9" * 200_000),
        "nesting of 100,000": _refused("[" * 100_000),
        "alias bomb": _refused(_bomb()),
        "conditions 64 deep": _refused(json.dumps(_with_document(_deep(64)))),
        "long unknown keys": _refused(json.dumps({"k" * 400_000: 1})),
    }


def _with_condition(condition: dict[str, Any]) -> Policy:
    return parse_policy(_with_document(condition))


def _with_document(condition: dict[str, Any]) -> dict[str, Any]:
    rule = {"id": "a", "when": {"category": "*", "conditions": condition}, "then": "deny"}
    return {"version": 1, "default": "deny", "rules": [rule]}


def _deciding(policy: Policy, **payload: object) -> Callable[[], object]:
    facts = replace(_FACTS, payload=payload)
    return lambda: evaluate(policy, facts)


def _refused(text: str) -> Callable[[], object]:
    def work() -> None:
        try:
            load_policy(text)
        except PolicyInvalid:
            return
        raise RuntimeError("A hostile policy was accepted.")

    return work


def _bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    return "\n".join(lines)


def _deep(depth: int) -> dict[str, Any]:
    condition: dict[str, Any] = {"field": "payload.a", "op": "exists"}
    for _ in range(depth):
        condition = {"not": condition}
    return condition
