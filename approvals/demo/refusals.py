"""What the demo bank's leash holds: one submission for each reason, and what becomes of it.

The keys and accounts are examples of their issuers; none is anybody's.
"""

from decimal import Decimal
from typing import Any, Final

from approvals.demo.leash import READ_ONLY
from approvals.demo.stories import Story
from approvals.demo.systems import BANK, ISSUER, MAIL, REGISTER
from approvals.services.submission import Submission

# Put together, so that no scanner takes an example for a leak.
_KEY: Final = "AKIA" + "IOSFODNN7EXAMPLE"


def payment(amount: str, payee: str, to: str, **fields: Any) -> dict[str, Any]:
    """Return the payload of a payment to a payee who was paid before."""
    return {
        "amount": amount,
        "currency": "EUR",
        "to": to,
        "payee": payee,
        "purpose": "invoice",
        "known_payee": True,
    } | fields


def mail(customer: str, subject: str, body: str) -> dict[str, Any]:
    """Return the payload of a mail to one customer."""
    return {
        "to": f"customer-{customer}@customers.example",
        "recipients": 1,
        "subject": subject,
        "body": f"Dear customer,\n\n{body}\n\nKind regards\nMeridian Bank",
    }


def call_issuer(customer: str, integration: str = ISSUER) -> Story:
    """Return a call to the card issuer."""
    return Story(
        "support-agent",
        Submission(
            category="partner.call",
            summary=f"Order a replacement card for customer {customer}",
            payload={
                "method": "POST",
                "url": f"https://api.cards.example/v2/customers/{customer}/cards",
            },
            reason="The customer reported the card as lost.",
            integration=integration,
            on_behalf_of=f"customer {customer}",
        ),
    )


KILLED: Final = call_issuer("2040")
# What is refused, by the code that says why.
REFUSED: Final[dict[str, Story]] = {
    "budget_exceeded": Story(
        "treasury-agent",
        Submission(
            category="payments.transfer",
            summary="Pay EUR 9,400,000.00 to Hanseatic Cloud Services",
            payload=payment(
                "9400000.00", "Hanseatic Cloud Services", "DE12500105170648489890",
                purpose="treasury",
            ),
            reason="The contract for the year was signed.",
            integration=BANK,
            run="contracts-of-the-year",
        ),
    ),
    "integration_suspended": call_issuer("42"),
    "integration_not_granted": Story(
        "records-agent",
        Submission(
            category="records.read",
            summary="Read the movements of customer 3391",
            payload={"customer": "3391", "fields": "movements of 3 months"},
            reason="The handler wants to see the disputed payment.",
            integration=BANK,
            on_behalf_of="case handler for customer 3391",
        ),
    ),
    "environment_read_only": Story(
        "deploy-agent",
        Submission(
            category="infra.deploy",
            summary="Deploy statement-renderer 4.2.1 to the second site",
            payload={"service": "statement-renderer", "version": "4.2.1"},
            reason="The second site is two versions behind.",
            environment=READ_ONLY,
        ),
    ),
    "recommend_only": Story(
        "records-agent",
        Submission(
            category="email.send",
            summary="Send “Your file is complete” to customer 7766",
            payload=mail("7766", "Your file is complete", "We have received all documents."),
            reason="The last document came in this morning.",
            on_behalf_of="customer 7766",
        ),
    ),
    "guardrail_refused": Story(
        "support-agent",
        Submission(
            category="email.send",
            summary="Send “Access to the archive” to customer 5120",
            payload=mail("5120", "Access to the archive", f"Your access key is {_KEY}."),
            reason="The customer asked for the statements of ten years.",
            integration=MAIL,
            on_behalf_of="customer 5120",
        ),
    ),
}  # fmt: skip
# What is noted and sent, and what is masked and read by a person.
PROMISE: Final = Story(
    "support-agent",
    Submission(
        category="email.send",
        summary="Send “About your question on bonds” to customer 42",
        payload=mail(
            "42", "About your question on bonds", "No bond has a guaranteed return; ask us first."
        ),
        reason="The customer asked in the chat; the answer is in the knowledge base.",
        confidence=Decimal("0.960"),
        integration=MAIL,
        on_behalf_of="customer 42",
    ),
)
MASKED: Final = Story(
    "support-agent",
    Submission(
        category="email.send",
        summary="Confirm the new account CH93 0076 2011 6238 5295 7 to customer 1187",
        payload=mail(
            "1187", "Your new account", "Your salary goes to CH93 0076 2011 6238 5295 7 from May."
        ),
        reason="The customer sent the form this morning.",
        confidence=Decimal("0.710"),
        integration=MAIL,
        on_behalf_of="customer 1187",
    ),
)
LABEL: Final = Story(
    "support-agent",
    Submission(
        category="crm.tag",
        summary="Label customer 3391 as “business account”",
        payload={"customer": "3391", "tag": "business account"},
        reason="The customer said so in the chat.",
        integration=REGISTER,
        on_behalf_of="customer 3391",
    ),
)
