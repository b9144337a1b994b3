"""What the agents want to do: believable actions in the categories of the demonstration."""

from collections.abc import Callable
from random import Random
from typing import Any, Final

Body = dict[str, Any]

PAYEES: Final = (
    ("Northwind Logistics", "DE89370400440532013000"),
    ("Aster Paper Works", "FR7630006000011234567890189"),
    ("Kestrel Hosting", "NL91ABNA0417164300"),
    ("Lumen Facility Services", "CH9300762011623852957"),
)
STATEMENTS: Final = (
    ("SELECT count(*) FROM payments", 1),
    ("SELECT status, count(*) FROM cards GROUP BY status", 6),
    ("UPDATE payments SET flagged = true WHERE score > 90", 120),
)
SERVICES: Final = ("ledger-gateway", "rates-feed", "statement-printer", "branch-locator")


def payment(rng: Random) -> Body:
    """Return a bank transfer: small and known, large, very large, or forbidden."""
    payee, account = rng.choice(PAYEES)
    amount = rng.choice((240, 980, 12_400, 48_200, 310_000)) + rng.randrange(100) / 100
    number = rng.randrange(1_000, 9_999)
    return {
        "category": "payments.transfer",
        "summary": f"Pay EUR {amount:,.2f} to {payee} for invoice {number}",
        "payload": {
            "amount": f"{amount:.2f}",
            "currency": "EUR",
            "to": account,
            "payee": payee,
            "purpose": rng.choices(("invoice", "refund", "crypto"), (8, 2, 1))[0],
            "known_payee": rng.random() < 0.8,
            "reference": f"Invoice {number}",
        },
        "reason": f"Invoice {number} is due and matches its purchase order.",
        "sources": [{"kind": "document", "title": f"Invoice {number}"}],
    }


def mail(rng: Random) -> Body:
    """Return an e-mail to a customer, routine or doubtful."""
    customer = rng.randrange(10, 99)
    return {
        "category": "email.send",
        "summary": f"Answer customer {customer} about the card that did not arrive",
        "payload": {
            "to": f"customer{customer}@mail.example",
            "recipients": rng.choice((1, 1, 1, 40)),
            "subject": "Your new card",
            "body": "Your card was posted on Monday and should be with you this week.",
        },
        "confidence": rng.choice((0.55, 0.82, 0.95, 0.99)),
        "on_behalf_of": f"customer {customer}",
    }


def statement(rng: Random) -> Body:
    """Return a database statement that reads, or one that writes."""
    text, rows = rng.choice(STATEMENTS)
    return {
        "category": "database.query",
        "summary": f"Run on core: {text}",
        "payload": {"database": "core", "statement": text, "estimated_rows": rows},
    }


def deployment(rng: Random) -> Body:
    """Return the rollout of a version."""
    service, version = rng.choice(SERVICES), f"3.{rng.randrange(40)}.{rng.randrange(10)}"
    return {
        "category": "infra.deploy",
        "summary": f"Deploy {service} {version}",
        "payload": {"service": service, "version": version, "changes": ["Bump dependencies"]},
        "estimated_cost": {"tokens": rng.randrange(500, 9_000)},
    }


def customer_file(rng: Random) -> Body:
    """Return the reading of a customer's file, sometimes on behalf of nobody."""
    customer = rng.randrange(10, 99)
    body: Body = {
        "category": "records.read",
        "summary": f"Read the address of customer {customer}",
        "payload": {"customer": str(customer), "fields": "name, address"},
    }
    if rng.random() < 0.8:
        body["on_behalf_of"] = f"customer {customer}"
    return body


KINDS: Final[tuple[Callable[[Random], Body], ...]] = (
    payment, payment, mail, mail, statement, deployment, customer_file,
)  # fmt: skip


def any_action(rng: Random) -> Body:
    """Return the body of one submission."""
    return rng.choice(KINDS)(rng)
