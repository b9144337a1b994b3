"""What agents say to customers in our name: answers, mailings, refunds."""

from __future__ import annotations

from decimal import Decimal

from approvals.policies.limits import LONGEST_DELAY
from approvals.policy_templates.blanks import Answers, Blank, number_of, text_of
from approvals.policy_templates.shapes import (
    AMOUNT,
    CURRENCY,
    LONG_TEXT,
    NAME,
    TEXT,
    both,
    compare,
    either,
    flow_of,
    object_of,
    rule,
)
from approvals.policy_templates.template import Article, CategorySetup, Document, PolicyTemplate

_FAIR = Article(
    "Directive 2005/29/EC, Articles 5 to 7",
    "What is said to consumers is neither misleading nor leaves out what matters.",
)
_CONSENT = Article(
    "Directive 2002/58/EC, Article 13",
    "Electronic mail for direct marketing needs the receiver's consent, with few exceptions.",
)
_AUTOMATED = Article(
    "Regulation (EU) 2016/679, Article 22",
    "Where a decision with legal or similar effect is made by a machine alone, which is the"
    " exception, people may ask for a person.",
)
_DISCLOSE = Article(
    "Regulation (EU) 2024/1689, Article 50(1)",
    "People are told that they are dealing with an AI system.",
)


def _build(answers: Answers) -> Document:
    service, lead = text_of(answers, "service"), text_of(answers, "lead_group")
    deadline = text_of(answers, "deadline")
    many, refund = number_of(answers, "recipients"), number_of(answers, "refund")
    flows = {
        "service-desk": flow_of(service, deadline=deadline, name="Service desk"),
        "with-lead": flow_of(service, lead, deadline=deadline, name="Service desk and lead"),
    }
    sensitive = compare("payload.topic", "in", ["complaint", "legal", "health", "bereavement"])
    routine = both(
        compare("payload.topic", "in", ["order", "delivery", "opening_hours", "account"]),
        compare("payload.recipients", "eq", 1),
    )
    currency = text_of(answers, "currency")
    known = compare("payload.currency", "eq", currency)
    alone = answers["routine_alone"]
    rules = [
        rule(
            "mass-mailings", "messages.*", "require_approval", flow="with-lead",
            given=compare("payload.recipients", "gt", many),
            obligations={"delay": text_of(answers, "hold_back")},
        ),
        rule("marketing", "messages.campaign", "require_approval", flow="with-lead"),
        rule(
            "sensitive-topics", "messages.send", "require_approval", flow="service-desk",
            given=sensitive,
        ),
        rule(
            "other-messages", "messages.send", "require_approval", flow="service-desk",
            given={"not": routine} if alone else None,
        ),
        rule(
            "large-refunds", "refunds.*", "require_approval", flow="with-lead",
            given=either(
                compare("payload.amount", "gt", refund),
                compare("payload.currency", "ne", currency),
            ),
        ),
        rule(
            "many-refunds", "refunds.*", "require_approval", flow="service-desk",
            given=compare(
                "history.requests_last_day", "gte", number_of(answers, "refunds_per_day")
            ),
        ),
        rule(
            "small-refunds", "refunds.*", "allow",
            given=both(compare("payload.amount", "lte", refund), known),
        ),
    ]  # fmt: skip
    if answers["first_contact"]:
        rules.append(
            rule(
                "first-contact", "messages.send", "require_approval", flow="service-desk",
                given=compare("history.first_for_target", "eq", True),
            )
        )  # fmt: skip
    if alone:
        rules.append(rule("routine-answers", "messages.send", "allow", given=routine))
    return {
        "version": 1,
        "default": "require_approval",
        "default_flow": "service-desk",
        "flows": flows,
        "rules": rules,
    }


CUSTOMERS = PolicyTemplate(
    key="customers",
    title="Customer communications",
    for_whom="Service and marketing teams whose agents write to customers or refund them",
    lead="Routine answers go out; first contacts, sensitive topics and mailings are read by a"
    " person first.",
    blanks=(
        Blank("service", "Who reads messages", "group", "operations"),
        Blank("lead_group", "Who else confirms mailings", "group", "managers"),
        Blank(
            "recipients", "A mailing is more than", "number", "10", unit="recipients",
            least=Decimal(1), most=Decimal(10_000_000),
        ),
        Blank(
            "hold_back", "Mailings are held back after approval for", "duration", "10m",
            help="Time to stop one that should not go out.", longest=LONGEST_DELAY,
        ),
        Blank(
            "currency", "Refunds are in", "currency", "EUR",
            help="Three letters. A refund in any other currency counts as large.",
        ),
        Blank("refund", "Agents refund without asking up to", "money", "50"),
        Blank(
            "refunds_per_day", "Also small refunds are looked at from", "number", "100",
            unit="requests of an agent in 24 hours", least=Decimal(2), most=Decimal(100_000),
        ),
        Blank("first_contact", "A person reads the first message to anybody", "yes_no", "yes"),
        Blank("routine_alone", "Agents answer routine questions without asking", "yes_no", "yes",
              help="About an order, a delivery, opening hours or an account, to one customer."),
        Blank("deadline", "Answer within", "duration", "1h"),
    ),
    categories=(
        CategorySetup(
            key="messages.send",
            name="Message to a customer",
            description="One customer gets an answer or a message.",
            risk="medium",
            is_reversible=False,
            payload_schema=object_of(
                ["to", "topic", "body", "recipients"],
                to=NAME,
                topic={
                    "enum": [
                        "order", "delivery", "opening_hours", "account", "complaint", "legal",
                        "health", "bereavement", "other",
                    ]
                },
                subject=TEXT,
                body=LONG_TEXT,
                recipients={"type": "integer", "minimum": 1},
            ),
            display={
                "kind": "email",
                "fields": {"to": {"label": "To"}, "subject": {"label": "Subject"}},
            },
            target_field="to",
        ),
        CategorySetup(
            key="messages.campaign",
            name="Mailing",
            description="Many customers get the same message.",
            risk="high",
            is_reversible=False,
            payload_schema=object_of(
                ["audience", "body", "recipients"],
                audience=NAME, subject=TEXT, body=LONG_TEXT,
                recipients={"type": "integer", "minimum": 1},
            ),
            display={
                "kind": "email",
                "fields": {"audience": {"label": "Audience"}, "subject": {"label": "Subject"}},
            },
            target_field="audience",
        ),
        CategorySetup(
            key="refunds.issue",
            name="Refund",
            description="A customer gets money back.",
            risk="medium",
            is_reversible=False,
            payload_schema=object_of(
                ["customer", "amount", "currency"],
                customer=NAME, amount=AMOUNT, currency=CURRENCY, reason=TEXT,
            ),
            display={
                "kind": "money",
                "fields": {"amount": {"label": "Amount"}, "customer": {"label": "Customer"}},
            },
            cost_class="medium",
            target_field="customer",
            amount_field="amount",
        ),
    ),
    serves={
        "mass-mailings": (_CONSENT, _FAIR),
        "marketing": (_CONSENT, _FAIR),
        "sensitive-topics": (_FAIR, _AUTOMATED),
        "large-refunds": (_AUTOMATED,),
        "small-refunds": (_AUTOMATED,),
        "many-refunds": (_AUTOMATED,),
        "other-messages": (_FAIR,),
        "first-contact": (_DISCLOSE,),
        "routine-answers": (_DISCLOSE,),
    },
    build=_build,
    report_every="month",
)  # fmt: skip
