"""The part of the decision table on lists, dates, and what is known beside the payload."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.approvals.policies.builders import compare

# Condition, facts, verdict, because.
Row = tuple[dict[str, Any], dict[str, Any], str, str]
YES, NO, DOUBT = "matched", "not_matched", "unevaluable"
A = "payload.amount"
RAN = {"run_counts": {"payments.transfer": 2, "payments.refund": 1, "crm.export": 3}}
RUN = "number of earlier actions in this run"


def amount(value: object) -> dict[str, Any]:
    return {"payload": {"amount": value}}


def on(says: str) -> str:
    return f"amount 2026-03-04 {says}"


LATER = compare(A, "after", "2026-03-04")
CONTEXT_ROWS: list[Row] = [
    # Lists against several values.
    (
        compare(A, "contains_any", ["x", "z"]),
        amount(["y", "x"]),
        YES,
        "amount a list of 2 items contains any of x or z",
    ),
    (
        compare(A, "contains_any", ["z"]),
        amount(["y", "x"]),
        NO,
        "amount a list of 2 items contains none of z",
    ),
    (
        compare(A, "contains_any", [5]),
        amount(["5.0", "6"]),
        YES,
        "amount a list of 2 items contains any of 5",
    ),
    (
        compare(A, "contains_any", ["x"]),
        amount(["y", 1]),
        DOUBT,
        "amount a list of 2 items holds items of another type",
    ),
    (
        compare(A, "contains_any", ["x"]),
        amount(["x", 1]),
        YES,
        "amount a list of 2 items contains any of x",
    ),
    (
        compare(A, "contains_all", ["x", "y"]),
        amount(["y", "x", "z"]),
        YES,
        "amount a list of 3 items contains all of x and y",
    ),
    (
        compare(A, "contains_all", ["x", "y"]),
        amount(["x", "x"]),
        NO,
        "amount a list of 2 items does not contain all of x and y",
    ),
    (
        compare(A, "contains_all", ["x", "y"]),
        amount(["x", None]),
        DOUBT,
        "amount a list of 2 items holds items of another type",
    ),
    (
        compare(A, "contains_none", ["x"]),
        amount([]),
        YES,
        "amount a list of 0 items contains none of x",
    ),
    (
        compare(A, "contains_none", ["x"]),
        amount(["x", 1]),
        NO,
        "amount a list of 2 items contains at least one of x",
    ),
    (
        compare(A, "contains_none", ["x"]),
        amount([[]]),
        DOUBT,
        "amount a list of 1 item holds items of another type",
    ),
    (compare(A, "contains_none", ["x"]), amount("x"), DOUBT, "amount x is not a list"),
    (
        compare(A, "contains_none", ["x"]),
        amount(["y"] * 1001),
        DOUBT,
        "amount a list of 1001 items is too long to compare",
    ),
    # Dates; the facts are of 4 March 2026, 14:30.
    (compare(A, "before", "2026-03-05"), amount("2026-03-04"), YES, on("is before 2026-03-05")),
    (compare(A, "before", "2026-03-04"), amount("2026-03-04"), NO, on("is not before 2026-03-04")),
    (
        compare(A, "on_or_before", "2026-03-04"),
        amount("2026-03-04"),
        YES,
        on("is on or before 2026-03-04"),
    ),
    (LATER, amount("2026-03-04"), NO, on("is not after 2026-03-04")),
    (
        compare(A, "on_or_after", "2026-03-05"),
        amount("2026-03-04"),
        NO,
        on("is not on or after 2026-03-05"),
    ),
    (LATER, amount("4.3.2026"), DOUBT, "amount 4.3.2026 is not a date"),
    (
        LATER,
        amount("2026-02-30"),
        DOUBT,
        "amount 2026-02-30 is not a date",
    ),
    (LATER, amount(20260304), DOUBT, "amount 20260304 is not a date"),
    (
        LATER,
        amount("9" * 100_000),
        DOUBT,
        f"amount {'9' * 79}… is not a date",
    ),
    (compare("payload.due", "before", "2026-03-04"), {}, DOUBT, "due is missing"),
    (compare("time.date", "eq", "2026-03-04"), {}, YES, "date is 2026-03-04"),
    (
        compare("time.date", "in", ["2026-12-24"]),
        {},
        NO,
        "date 2026-03-04 is not one of 2026-12-24",
    ),
    (
        compare("time.date", "between", ["2026-03-01", "2026-03-04"]),
        {},
        YES,
        "date 2026-03-04 is between 2026-03-01 and 2026-03-04",
    ),
    (
        compare("time.date", "after", "2026-03-04"),
        {},
        NO,
        "date 2026-03-04 is not after 2026-03-04",
    ),
    # Business hours, what the run did, history, guardrails.
    (
        compare("time.business_hours", "eq", True),
        {"business_hours": False},
        NO,
        "it is a time outside business hours",
    ),
    (
        compare("time.business_hours", "ne", True),
        {"business_hours": False},
        YES,
        "it is a time outside business hours",
    ),
    (compare("time.business_hours", "eq", True), {}, DOUBT, "business hours are missing"),
    (compare("integration", "eq", "bank"), {"integration": "bank"}, YES, "integration is bank"),
    (compare("integration", "ne", "bank"), {}, DOUBT, "integration is missing"),
    (compare("integration", "absent"), {}, YES, "integration is not given"),
    (
        compare("category.cost_class", "in", ["high"]),
        {"category_cost_class": "high"},
        YES,
        "cost class high is one of high",
    ),
    (compare("category.cost_class", "eq", "large"), {}, DOUBT, "cost class is missing"),
    (compare("delegation.depth", "gt", 0), {}, NO, "delegation depth 0 is not over 0"),
    (
        compare("delegation.depth", "gt", 0),
        {"delegation_depth": 2},
        YES,
        "delegation depth 2 is over 0",
    ),
    (compare("run.actions", "gte", 5), RAN, YES, f"{RUN} 6 is at least 5"),
    (compare("run.actions", "gte", 5), {"run_counts": {}}, NO, f"{RUN} 0 is not at least 5"),
    (compare("run.actions", "gte", 5), {}, DOUBT, f"{RUN} is missing"),
    (
        compare("run.actions", "gte", 5),
        {"run_counts": {str(number): 1 for number in range(1001)}},
        DOUBT,
        f"{RUN} covers too many categories to count",
    ),
    (
        compare("run.count.payments.transfer", "eq", 2),
        RAN,
        YES,
        "number of earlier payments.transfer actions in this run is 2",
    ),
    (
        compare("run.count.payments.*", "gt", 3),
        RAN,
        NO,
        "number of earlier payments.* actions in this run 3 is not over 3",
    ),
    (
        compare("run.count.*", "lt", 6),
        RAN,
        NO,
        "number of earlier * actions in this run 6 is not under 6",
    ),
    (
        compare("run.count.payments", "gt", 0),
        RAN,
        NO,
        "number of earlier payments actions in this run 0 is not over 0",
    ),
    (
        compare("run.count.crm.*", "gt", 0),
        {},
        DOUBT,
        "number of earlier crm.* actions in this run is missing",
    ),
    (
        compare("run.categories", "contains_all", ["crm.export", "payments.refund"]),
        RAN,
        YES,
        (
            "earlier categories in this run crm.export, payments.refund and payments.transfer "
            "contain all of crm.export and payments.refund"
        ),
    ),
    (
        compare("run.categories", "contains", "crm.export"),
        {"run_counts": {"crm.export": 0}},
        NO,
        "earlier categories in this run none do not contain crm.export",
    ),
    (
        compare("run.categories", "contains_none", ["crm.export"]),
        {},
        DOUBT,
        "earlier categories in this run are missing",
    ),
    (
        compare("history.first_for_target", "eq", True),
        {"first_for_target": True},
        YES,
        "it is a target that is new",
    ),
    (
        compare("history.first_for_target", "eq", False),
        {},
        DOUBT,
        "first action on this target is missing",
    ),
    (
        compare("history.amount_ratio", "gt", 4),
        {"amount_ratio": Decimal("4.01")},
        YES,
        "multiple of the usual amount 4.01 is over 4",
    ),
    (
        compare("history.amount_ratio", "lte", 4),
        {},
        DOUBT,
        "multiple of the usual amount is missing",
    ),
    (
        compare("history.requests_last_hour", "gt", 20),
        {"requests_last_hour": 20},
        NO,
        "number of requests by this agent in the last hour 20 is not over 20",
    ),
    (
        compare("history.requests_last_day", "lt", 20),
        {},
        DOUBT,
        "number of requests by this agent in the last day is missing",
    ),
    (
        compare("guardrails.findings", "contains_any", ["pii", "secret"]),
        {"guardrail_findings": frozenset({"pii", "toxic"})},
        YES,
        "guardrail findings pii and toxic contain any of pii or secret",
    ),
    (
        compare("guardrails.findings", "contains_none", ["pii"]),
        {"guardrail_findings": frozenset()},
        YES,
        "guardrail findings none contain none of pii",
    ),
    (
        compare("guardrails.findings", "contains_none", ["pii"]),
        {},
        DOUBT,
        "guardrail findings are missing",
    ),
    (compare("guardrails.findings", "exists"), {}, NO, "guardrail findings are not given"),
]
