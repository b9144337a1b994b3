"""Payments by four eyes: thresholds, first payments, unusual amounts, outside of office hours."""

from __future__ import annotations

from decimal import Decimal

from approvals.policy_templates.blanks import Answers, Blank, number_of, text_of
from approvals.policy_templates.shapes import (
    AMOUNT,
    CURRENCY,
    NAME,
    TEXT,
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
    over = {"conditions": compare("payload.amount", "gt", threshold)}
    rules = [
        rule(
            "large-payments", payments, "require_approval", flow="four-eyes", when=over,
            obligations={"step_up": True},
        ),
        rule(
            "first-payment", payments, "require_approval", flow="four-eyes",
            when={"conditions": compare("history.first_for_target", "eq", True)},
        ),
        rule(
            "unusual-amount", payments, "require_approval", flow="four-eyes",
            when={
                "conditions": compare("history.amount_ratio", "gt", number_of(answers, "multiple"))
            },
        ),
        rule(
            "salami", payments, "require_approval", flow="one-person",
            when={
                "conditions": compare(
                    "history.requests_last_day", "gte", number_of(answers, "per_day")
                )
            },
        ),
        rule(
            "small-payments", payments, "allow",
            when={"conditions": compare("payload.amount", "lte", free)},
        ),
    ]  # fmt: skip
    if answers["closed_outside_hours"]:
        outside = {"conditions": compare("time.business_hours", "eq", False)}
        rules.append(
            rule("out-of-hours", payments, "require_approval", flow="four-eyes", when=outside)
        )
    return {
        "version": 1,
        "default": "require_approval",
        "default_flow": "one-person",
        "flows": flows,
        "rules": rules,
    }


PAYMENTS = PolicyTemplate(
    key="payments",
    title="Payments by four eyes",
    for_whom="Finance teams whose agents prepare or send payments",
    lead="Small payments pass, larger ones need one person, large or unusual ones two.",
    blanks=(
        Blank("first_group", "Who releases payments", "group", "finance"),
        Blank(
            "second_group", "Who confirms the large ones as well", "group", "risk",
            help="Another group than the first: two people of different teams.",
        ),
        Blank("free_until", "Nobody is asked up to", "money", "100", unit="in its currency"),
        Blank("threshold", "Two people from", "money", "10000", unit="in its currency"),
        Blank(
            "multiple", "Unusual is more than", "number", "4", unit="times the usual amount",
            least=Decimal("1.5"), most=Decimal(1000),
        ),
        Blank(
            "per_day", "From how many requests a day one person looks at each", "number", "50",
            least=Decimal(2), most=Decimal(100_000),
        ),
        Blank(
            "closed_outside_hours", "Two people outside of office hours", "yes_no", "no",
            help="Office hours are under Settings; without them every payment counts as outside.",
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
        "salami": (_FRAUD,),
        "small-payments": (_SOX,),
        "out-of-hours": (_FOUR_EYES,),
    },
    build=_build,
    report_every="month",
)  # fmt: skip
