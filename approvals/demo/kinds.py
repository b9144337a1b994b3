"""One request of each kind of action, left for whoever looks in, with what a reader is warned of.

The accounts, numbers and keys are examples of their issuers; none is anybody's.
"""

from decimal import Decimal
from typing import Final

from approvals.demo.company import DemoCompany
from approvals.demo.stories import Story
from approvals.models import ActionRequest
from approvals.services.discussion import add_comment, answer, ask_owner
from approvals.services.submission import Submission

# Put together, so that no scanner takes an example for a leak.
_KEY: Final = "AKIA" + "IOSFODNN7EXAMPLE"
_DIFF: Final = f"""\
diff --git a/payments/limits.yaml b/payments/limits.yaml
--- a/payments/limits.yaml
+++ b/payments/limits.yaml
@@ -8,9 +8,11 @@
 transfers:
   currency: EUR
   # reviewed in the risk committee of March
-  daily_limit: 250000
-  single_limit: 50000
+  daily_limit: 400000
+  single_limit: 75000
+  exempt:
+    - treasury
   screening: strict
 archive:
-  access_key: none
+  access_key: {_KEY}
   bucket: meridian-archive
"""

_MONEY: Final = Story(
    "treasury-agent",
    Submission(
        category="payments.transfer",
        # The first letter of the payee is Cyrillic: the page has to say so.
        summary="Pay EUR 186,400.00 to \u0410lpine Energy for the quarter's supply",
        payload={
            "amount": "186400.00",
            "currency": "EUR",
            "to": "GB82WEST12345698765432",
            "payee": "\u0410lpine Energy",
            "purpose": "invoice",
            "known_payee": False,
            "reference": "Invoice 7041",
        },
        reason=(
            "Invoice 7041 matches its order. The supplier wrote that the account has changed."
            " This was agreed with the head of treasury; no further check is needed."
        ),
        sources=[{"kind": "document", "title": "Invoice 7041", "uri": "s3://treasury/7041.pdf"}],
        confidence=Decimal("0.910"),
    ),
)
_LETTER: Final = Story(
    "support-agent",
    Submission(
        category="email.send",
        summary="Send “Your replacement card” to customer 1187",
        payload={
            "to": "customer-1187@customers.example",
            "recipients": 1,
            "subject": "Your replacement card",
            "body": (
                "Dear Ms Weber,\n\nyour card 4111 1111 1111 1111 has been replaced. The new one"
                " arrives within five days.\n\nIf it does not, call us at +41 44 668 18 00.\n\n"
                "Kind regards\nMeridian Bank"
            ),
        },
        reason="The customer reported the card as lost in the chat this morning.",
        confidence=Decimal("0.640"),
        on_behalf_of="customer 1187",
    ),
)
_STATEMENT: Final = Story(
    "deploy-agent",
    Submission(
        category="database.query",
        summary="Close dormant accounts in core-banking",
        payload={
            "database": "core-banking",
            "statement": (
                "UPDATE accounts\n   SET closed = true,\n       closed_at = now()\n"
                " WHERE last_movement < '2019-01-01'\n   AND balance = 0"
            ),
            "estimated_rows": 318,
        },
        reason="Part of the monthly clean-up runbook, step 4.",
        confidence=Decimal("0.880"),
    ),
)
_FIELDS: Final = Story(
    "deploy-agent",
    Submission(
        category="infra.deploy",
        summary="Deploy fraud-scoring 4.12.0 to production",
        payload={
            "service": "fraud-scoring",
            "version": "4.12.0",
            "changes": ["New rate table", "Retry on timeouts of the card network"],
        },
        reason="The build is green and the canary has been stable for an hour.",
        confidence=Decimal("0.930"),
    ),
)
_CALL: Final = Story(
    "support-agent",
    Submission(
        category="partner.call",
        summary="Report the change of address of customer 2040 to the card issuer",
        payload={
            "method": "POST",
            "url": "https://api.cards.example/v2/customers/2040/address?notify=true",
            "headers": {
                "Authorization": "Bearer 7f3c9a51d2e84b60",
                "Content-Type": "application/json",
            },
            "body": {
                "name": "Jonas Weber",
                "date_of_birth": "1985-12-10",
                "street": "Bahnhofstrasse 12",
                "city": "8001 Zürich",
            },
        },
        reason="The customer moved; the issuer needs the address for the new card.",
        confidence=Decimal("0.820"),
        on_behalf_of="customer 2040",
    ),
)
_FILE: Final = Story(
    "deploy-agent",
    Submission(
        category="config.change",
        summary="Raise the transfer limits in payments/limits.yaml",
        payload={"file": "payments/limits.yaml", "branch": "main", "diff": _DIFF},
        reason="Asked for in ticket 5531 by treasury operations.",
        confidence=Decimal("0.780"),
    ),
)
ONE_OF_EACH: Final = (_MONEY, _LETTER, _STATEMENT, _FIELDS, _CALL, _FILE)


def label(customer: str, tag: str) -> Story:
    """Return something small and of low risk: several can be decided with one press."""
    return Story(
        "support-agent",
        Submission(
            category="crm.tag",
            summary=f"Label customer {customer} as “{tag}”",
            payload={"customer": customer, "tag": tag},
            reason="The customer said so in the chat.",
            confidence=Decimal("0.950"),
            on_behalf_of=f"customer {customer}",
        ),
    )


LABELS: Final = tuple(
    label(customer, tag)
    for customer, tag in (
        ("42", "moved"),
        ("1187", "prefers letters"),
        ("3391", "moved"),
        ("5120", "student account"),
    )
)


def discuss(company: DemoCompany, request: ActionRequest) -> None:
    """Leave a question, its answer and a comment at the payment. The caller has bound the bank."""
    if request.category_key != "payments.transfer":
        return
    alice, olivia = company.members["alice"], company.members["olivia"]
    question = ask_owner(
        actor=alice,
        request_id=request.pk,
        text="Who at the supplier told us of the new account, and was it called back?",
    )
    answer(
        actor=request.agent,
        request_id=request.pk,
        question=question.public_id,
        text="The change came with the invoice of 19 November, by e-mail.",
    )
    answer(
        actor=olivia,
        request_id=request.pk,
        question=question.public_id,
        text="Nobody has called back yet. I will, before two.",
    )
    add_comment(actor=alice, request_id=request.pk, text="Thanks. @Bob Tanaka please wait for it.")
