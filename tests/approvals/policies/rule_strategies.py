"""Policies and payloads for property tests: whatever an author may write and an agent may send."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.approvals.policies.builders import compare, rule

DATED = st.sampled_from(["before", "after", "on_or_before", "on_or_after"])
dates = st.dates().map(str)
zones = st.sampled_from([UTC, timezone(timedelta(hours=-5)), ZoneInfo("Europe/Berlin")])
local_times = st.datetimes(
    datetime(1971, 1, 1),  # noqa: DTZ001 - the zone comes with the strategy
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=zones,
)
moments = local_times.map(lambda moment: moment.isoformat())
names = st.sampled_from(["amount", "memo", "flag", "to.iban", "items"])
numbers = st.integers(-1000, 100_000) | st.decimals(-1000, 100_000, places=2).map(str)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=10).filter(
    str.strip
)


def _leaf(name: str) -> st.SearchStrategy[dict[str, Any]]:
    field = f"payload.{name}"
    return st.one_of(
        st.builds(compare, st.just(field), st.sampled_from(["gt", "gte", "lt", "lte"]), numbers),
        st.builds(compare, st.just(field), st.sampled_from(["eq", "ne", "contains"]), texts),
        st.builds(compare, st.just(field), st.sampled_from(["eq", "ne"]), st.booleans()),
        st.builds(compare, st.just(field), st.sampled_from(["exists", "absent"])),
        st.builds(
            compare,
            st.just(field),
            st.sampled_from(["in", "not_in", "contains_any", "contains_all", "contains_none"]),
            st.lists(texts, min_size=1, max_size=3),
        ),
        st.builds(compare, st.just(field), DATED, dates | moments),
        st.builds(compare, st.just(field), st.just("between"), _pairs(st.integers(-9, 9))),
    )


def _pairs(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=2, max_size=2).map(sorted)


# What is known beside the payload, each with the comparisons it takes.
_context = st.one_of(
    st.builds(
        compare,
        st.sampled_from(
            [
                *("run.actions", "run.count.payments.*", "run.count.crm.update", "run.count.*"),
                *("history.amount_ratio", "history.requests_last_hour", "delegation.depth"),
            ]
        ),
        st.sampled_from(["gt", "gte", "lt", "lte", "eq", "ne"]),
        st.integers(0, 5),
    ),
    st.builds(
        compare,
        st.sampled_from(["time.business_hours", "history.first_for_target"]),
        st.sampled_from(["eq", "ne"]),
        st.booleans(),
    ),
    st.builds(
        compare,
        st.sampled_from(["guardrails.findings", "run.categories", "agent.labels"]),
        st.sampled_from(["contains_any", "contains_all", "contains_none"]),
        st.lists(st.sampled_from(["pii", "secret", "payments.refund", "finance"]), min_size=1),
    ),
    st.builds(compare, st.just("time.date"), DATED | st.sampled_from(["eq", "ne"]), dates),
    st.builds(compare, st.just("time.date"), st.just("between"), _pairs(dates)),
    st.builds(
        compare,
        st.sampled_from(["integration", "category.cost_class"]),
        st.sampled_from(["eq", "ne", "starts_with"]),
        st.sampled_from(["bank", "large"]),
    ),
)


conditions = st.recursive(
    names.flatmap(_leaf) | _context,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda each: {"all": each}),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: {"any": each}),
        inner.map(lambda each: {"not": each}),
    ),
    max_leaves=6,
)


obligations = st.fixed_dictionaries(
    {},
    optional={
        "step_up": st.booleans(),
        "login": st.booleans(),
        "delay": st.integers(1, 10_000).map(lambda minutes: f"{minutes}m"),
        "attach_note": texts,
        "notify": st.lists(
            st.sampled_from([{"group": "a"}, {"role": "owner"}, {"person": "ann@example.com"}]),
            min_size=1,
            unique_by=str,
        ),
    },
)


def rules(then: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda then, category, tree, number, asked: rule(
            f"r{number}", then=then, category=category, conditions=tree, **_fitting(then, asked)
        ),
        then,
        st.sampled_from(["*", "payments.*", "payments.transfer", "crm.*"]),
        st.none() | conditions,
        st.integers(0, 10**9),
        st.none() | obligations,
    )


def _fitting(then: str, asked: dict[str, Any] | None) -> dict[str, Any]:
    """The obligations that a rule of this outcome may have."""
    unfit = {"deny": {"step_up", "login", "delay"}, "allow": {"step_up", "login"}}.get(then, set())
    kept = {key: value for key, value in (asked or {}).items() if key not in unfit}
    return {"obligations": kept} if kept else {}


any_rule = rules(st.sampled_from(["allow", "deny", "require_approval"]))
rule_lists = st.lists(any_rule, max_size=6, unique_by=lambda each: each["id"])
# Surrogates, control characters, huge numbers and nested values, as an agent could send them.
hostile = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(st.characters()),
        st.decimals(),
        st.just("1e999999999"),
        st.just(10**400),
        st.just("9" * 100_000),
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
payloads = st.fixed_dictionaries(
    {},
    optional={
        "amount": numbers | hostile,
        "memo": texts | hostile,
        "flag": st.booleans() | hostile,
        "to": st.fixed_dictionaries({}, optional={"iban": texts | hostile}) | hostile,
        "items": st.lists(texts) | hostile,
    },
)


counts = st.none() | st.integers(0, 6)
contexts = st.fixed_dictionaries(
    {},
    optional={
        "integration": st.sampled_from(["", "bank"]),
        "category_cost_class": st.sampled_from(["", "large"]),
        "delegation_depth": st.integers(0, 3),
        "business_hours": st.none() | st.booleans(),
        "run_counts": st.none()
        | st.dictionaries(
            st.sampled_from(["payments.refund", "payments.transfer", "crm.update"]),
            st.integers(0, 3),
        ),
        "first_for_target": st.none() | st.booleans(),
        "amount_ratio": st.none() | st.decimals(0, 6, places=2),
        "requests_last_hour": counts,
        "requests_last_day": counts,
        "guardrail_findings": st.none() | st.frozensets(st.sampled_from(["pii", "secret"])),
        "local_time": local_times | local_times.map(lambda each: each.replace(tzinfo=None)),
    },
)
