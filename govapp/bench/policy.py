"""`policy`: one decision among a thousand rules, and the documents and payloads that would hang."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from approvals.policies import Facts, Policy, PolicyInvalid, evaluate, load_policy, parse_policy
from govapp.bench.figures import Figure, at_most, median
from govapp.bench.ground import Ground

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
    """Yield the time of one decision, and the longest of the hostile set."""
    rules = ground.size(1_000, 50)
    policy = parse_policy(_document(rules))
    evaluate(policy, _FACTS)
    times = []
    for _ in range(ground.size(5, 1)):
        began = time.perf_counter()
        for _ in range(1_000):
            evaluate(policy, _FACTS)
        times.append((time.perf_counter() - began) * 1_000)
    yield at_most(f"one decision, {rules} rules", median(times), unit="us", target=10)
    worst, slowest = max((_milliseconds(work), name) for name, work in _hostile().items())
    yield at_most(f"hostile set of {len(_hostile())}", worst, unit="ms", target=10, note=slowest)


def _document(rules: int) -> dict[str, Any]:
    return {
        "version": 1,
        "default": "deny",
        "flows": {"review": _FLOW},
        "rules": [
            {
                "id": f"r{number}",
                "when": {
                    "category": f"payments.k{number % 500}",
                    "conditions": {"field": "payload.amount", "op": "gt", "value": "10000"},
                },
                "then": "require_approval",
                "flow": "review",
            }
            for number in range(rules)
        ],
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
