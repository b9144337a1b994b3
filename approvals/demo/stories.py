"""What the demo tenant's agents ask for: believable, varied, and the same with the same seed."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any, Final

from approvals.demo.systems import BANK, CLUSTER, MAIL, REGISTER
from approvals.services.submission import Submission

PAYEES: Final = [
    ("Northwind Logistics", "DE89370400440532013000"),
    ("Alpine Energy", "CH9300762011623852957"),
    ("Hanseatic Cloud Services", "DE12500105170648489890"),
    ("Lumen Office Supplies", "FR1420041010050500013M02606"),
    ("Brightwater Legal", "GB29NWBK60161331926819"),
]
CUSTOMERS: Final = ["42", "1187", "2040", "3391", "5120", "7766"]
MAILS: Final = [
    ("Your card has been replaced", "Your new card is on its way and arrives within five days."),
    ("About your fee refund", "We have refunded the fee of 12.00 that was charged twice."),
    ("Your address change", "Your new address is registered. Nothing else changes for you."),
    ("Interest rate on your savings", "From the first of next month your rate changes to 1.25 %."),
]
SERVICES: Final = ["payments-api", "statement-renderer", "customer-portal", "fraud-scoring"]
STATEMENTS: Final = [
    ("SELECT count(*) FROM transfers WHERE state = 'stuck'", 1),
    ("SELECT id, state FROM cards WHERE issued < now() - interval '3 years'", 1240),
    ("UPDATE accounts SET closed = true WHERE last_movement < '2019-01-01'", 318),
    ("DELETE FROM sessions WHERE expires < now()", 90210),
]


@dataclass(frozen=True)
class Story:
    """One submission, and the agent that makes it."""

    agent: str
    submission: Submission


def tell_story(random: Random) -> Story:
    """Return the next thing an agent wants to do."""
    kinds: list[Callable[[Random], Story]] = [_transfer, _mail, _query, _deploy, _file]
    return random.choices(kinds, weights=[9, 7, 3, 2, 4])[0](random)


def _transfer(random: Random) -> Story:
    payee, iban = random.choice(PAYEES)
    cents = random.choice([18_050, 64_000, 98_990, 420_000, 1_284_500, 4_820_000, 31_000_000])
    amount = f"{Decimal(cents + random.randrange(0, 900, 25)) / 100:.2f}"
    invoice = random.randrange(1100, 9900)
    purpose = random.choices(["invoice", "salary", "treasury", "crypto"], [20, 3, 3, 1])[0]
    return Story(
        "treasury-agent",
        Submission(
            category="payments.transfer",
            integration=BANK,
            summary=f"Pay EUR {Decimal(amount):,.2f} to {payee} for invoice {invoice}",
            payload={
                "amount": amount,
                "currency": "EUR",
                "to": iban,
                "payee": payee,
                "purpose": purpose,
                "known_payee": random.random() < 0.8,
                "reference": f"Invoice {invoice}",
            },
            reason=f"Invoice {invoice} is due in two days and matches its purchase order.",
            sources=[_document(f"Invoice {invoice}", f"s3://treasury/inbox/{invoice}.pdf")],
            confidence=_confidence(random),
            estimated_cost={"amount": "0.04", "currency": "EUR", "tokens": 5200},
        ),
    )


def _mail(random: Random) -> Story:
    subject, body = random.choice(MAILS)
    customer = random.choice(CUSTOMERS)
    recipients = random.choices([1, 1, 1, 240], [6, 3, 1, 1])[0]
    return Story(
        "support-agent",
        Submission(
            category="email.send",
            integration=MAIL,
            summary=f"Send “{subject}” to "
            + (f"customer {customer}" if recipients == 1 else f"{recipients} customers"),
            payload={
                "to": f"customer-{customer}@customers.example",
                "recipients": recipients,
                "subject": subject,
                "body": f"Dear customer,\n\n{body}\n\nKind regards\nMeridian Bank",
            },
            reason="The customer asked in the chat; the answer is in the knowledge base.",
            confidence=_confidence(random),
            on_behalf_of=f"customer {customer}",
        ),
    )


def _query(random: Random) -> Story:
    statement, rows = random.choice(STATEMENTS)
    return Story(
        "deploy-agent",
        Submission(
            category="database.query",
            integration=CLUSTER,
            summary=f"Run “{statement[:48]}…” on core-banking",
            payload={
                "database": "core-banking",
                "statement": statement,
                "estimated_rows": rows,
            },
            reason="Part of the monthly clean-up runbook, step 4.",
            confidence=_confidence(random),
        ),
    )


def _deploy(random: Random) -> Story:
    service = random.choice(SERVICES)
    version = f"{random.randrange(2, 6)}.{random.randrange(0, 20)}.{random.randrange(0, 9)}"
    return Story(
        "deploy-agent",
        Submission(
            category="infra.deploy",
            integration=CLUSTER,
            summary=f"Deploy {service} {version} to production",
            payload={
                "service": service,
                "version": version,
                "changes": ["Retry on timeouts of the card network", "New rate table"],
            },
            reason="The build is green and the canary has been stable for an hour.",
            confidence=_confidence(random),
        ),
    )


def _file(random: Random) -> Story:
    customer = random.choice(CUSTOMERS)
    return Story(
        "records-agent",
        Submission(
            category="records.read",
            integration=REGISTER,
            summary=f"Read the file of customer {customer}",
            payload={"customer": customer, "fields": "contracts, correspondence of 12 months"},
            reason="A complaint was received; the handler needs the history.",
            on_behalf_of="" if random.random() < 0.12 else f"case handler for customer {customer}",
        ),
    )


def _confidence(random: Random) -> Decimal:
    return Decimal(random.randrange(700, 999)) / 1000


def _document(title: str, uri: str) -> dict[str, Any]:
    return {"kind": "document", "title": title, "uri": uri}
