"""Payments by four eyes: thresholds, first payments, unusual amounts, outside of office hours."""

from __future__ import annotations

from decimal import Decimal

from approvals.policy_templates.blanks import Answers, Blank, number_of, text_of
from approvals.policy_templates.shapes import (
    AMOUNT,
    CURRENCY,
    NAME,
    TEXT,
    both,
    compare,
    flow_of,
    object_of,
    rule,
)
from approvals.policy_templates.template import Article, CategorySetup, Document, PolicyTemplate

_FOUR_EYES = Article(
    "EBA/GL/2021/05 on internal governance, segregation of duties",
    "Tasks that conflict are kept apart: who prepares a payment does not release it alone.",
)
_SOX = Article(
    "SOX section 404",
    "Controls over what reaches the books are designed, in place and can be shown.",
)
_FRAUD = Article(
    "PSD2, Delegated Regulation (EU) 2018/389, Article 2",
    "Transactions are watched for unusual amounts and known patterns of fraud.",
)


def _build(answers: Answers) -> Document:
    first, second = text_of(answers, "first_group"), text_of(answers, "second_group")
    deadline = text_of(answers, "deadline")
    threshold, free = number_of(answers, "threshold"), number_of(answers, "free_until")
    flows = {
        "one-person": flow_of(first, deadline=deadline, name="Payments desk"),
        "four-eyes": flow_of(first, second, deadline=deadline, name="Four eyes"),
    }
    payments = "payments.*"
    currency = text_of(answers, "currency")
    known = compare("payload.currency", "eq", currency)
    multiple, per_day = number_of(answers, "multiple"), number_of(answers, "per_day")
    rules = [
        rule(
            "large-payments", payments, "require_approval", flow="four-eyes",
            given=compare("payload.amount", "gte", threshold),
            obligations={"step_up": True},
        ),
        rule(
            "other-currencies", payments, "require_approval", flow="four-eyes",
            given=compare("payload.currency", "ne", currency),
        ),
        rule(
            "first-payment", payments, "require_approval", flow="four-eyes",
            given=compare("history.first_for_target", "eq", True),
        ),
        rule(
            "unusual-amount", payments, "require_approval", flow="four-eyes",
            given=compare("history.amount_ratio", "gt", multiple),
        ),
        rule(
            "middle-payments", payments, "require_approval", flow="one-person",
            given=compare("payload.amount", "gt", free),
        ),
        rule(
            "many-payments", payments, "require_approval", flow="one-person",
            given=compare("history.requests_last_day", "gte", per_day),
        ),
        rule(
            "small-payments", payments, "allow",
            given=both(compare("payload.amount", "lte", free), known),
        ),
    ]  # fmt: skip
    if answers["closed_outside_hours"]:
        outside = compare("time.business_hours", "eq", False)
        rules.append(
            rule("out-of-hours", payments, "require_approval", flow="four-eyes", given=outside)
        )
    return {
        "version": 1,
        "default": "require_approval",
        "default_flow": "one-person",
        "flows": flows,
        "rules": rules,
    }


def _check(answers: Answers) -> dict[str, str]:
    free, threshold = text_of(answers, "free_until"), text_of(answers, "threshold")
    if Decimal(free) < Decimal(threshold):
        return {}
    return {"threshold": f"Write more than {free}, up to which nobody is asked."}


PAYMENTS = PolicyTemplate(
    key="payments",
    title="Payments by four eyes",
    for_whom="Finance teams whose agents prepare or send payments",
    lead="Small payments pass, larger ones need one person; large, first or unusual ones need two.",
    blanks=(
        Blank("first_group", "Who releases payments", "group", "finance"),
        Blank(
            "second_group", "Who confirms large ones as well", "group", "risk",
            help="People of another team. The same group twice: two people of it.",
        ),
        Blank(
            "currency", "Amounts are in", "currency", "EUR",
            help="Three letters. A payment in any other currency needs both.",
        ),
        Blank("free_until", "Nobody is asked up to", "money", "100"),
        Blank("threshold", "Both are asked from", "money", "10000"),
        Blank(
            "multiple", "Unusual, so that both are asked, is more than", "number", "4",
            unit="times the usual amount",
            least=Decimal("1.5"), most=Decimal(1000),
        ),
        Blank(
            "per_day", "Also small ones are looked at from", "number", "50",
            unit="requests of an agent in 24 hours",
            least=Decimal(2), most=Decimal(100_000),
        ),
        Blank(
            "closed_outside_hours", "Both are asked outside of office hours", "yes_no", "no",
            help="Office hours are under Settings. While none are set, every payment counts as"
            " outside.",
        ),
        Blank("deadline", "Answer within", "duration", "4h"),
    ),
    categories=(
        CategorySetup(
            key="payments.transfer",
            name="Bank transfer",
            description="Money leaves one of our accounts.",
            risk="high",
            is_reversible=False,
            payload_schema=object_of(
                ["amount", "currency", "to"],
                amount=AMOUNT, currency=CURRENCY, to=NAME, payee=NAME, purpose=TEXT,
                reference=TEXT,
            ),
            display={
                "kind": "money",
                "fields": {
                    "amount": {"label": "Amount"},
                    "payee": {"label": "Payee"},
                    "to": {"label": "Account"},
                },
            },
            cost_class="high",
            target_field="to",
            amount_field="amount",
        ),
    ),
    serves={
        "large-payments": (_FOUR_EYES, _SOX),
        "first-payment": (_FRAUD,),
        "unusual-amount": (_FRAUD,),
        "other-currencies": (_FOUR_EYES,),
        "middle-payments": (_SOX,),
        "many-payments": (_FRAUD,),
        "small-payments": (_SOX,),
        "out-of-hours": (_FOUR_EYES,),
    },
    build=_build,
    check=_check,
    report_every="month",
)  # fmt: skip
