"""Some weeks of believable requests, straight into the record, for reports and pages."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from audit.actors import Actor, Subject
from audit.services import record
from govapp.common.ids import new_id, public_id
from govapp.common.tenancy import tenant_transaction

PEOPLE = [
    Actor("person", f"mem_{name.split()[0].lower()}", name)
    for name in ("Alice Archer", "Bob Baker", "Charlie Chen")
]
AGENTS = [Actor("agent", f"ag_{name}", name) for name in ("payer", "mailer", "deployer")]
CATEGORIES = ("Supplier payments", "Customer e-mail", "Production deploys")
LABELS = (
    "Pay EUR 48,200 to Northwind GmbH",
    "Send 340 customers the new terms",
    "Deploy release 4.2 to production",
)

# What the published policy says; the report repeats it word for word.
LARGE = "When payments.transfer has amount over 10000: 2 from Finance must approve within 4 hours."
OTHERWISE = "When no rule matches: it is denied."


def play_request(
    tenant_id: UUID,
    *,
    number: int,
    at: datetime,
    outcome: str = "approved",
    takes: timedelta = timedelta(minutes=12),
    seconds_viewed: int = 45,
    label: str = "",
    agent: str = "",
) -> UUID:
    """Record one request from submission to its end; return its id."""
    request_id, which = new_id(), number % 3
    name, actor = label or LABELS[which], AGENTS[which]
    if agent:
        actor = Actor("agent", "ag_hostile", agent)
    subject = Subject("action_request", public_id("ar", request_id), name)
    person, end = PEOPLE[number % 3], at + takes

    def tell(kind: str, who: Actor, words: str, when: datetime, **data: Any) -> None:
        record(
            event_type=kind, actor=who, subject=subject, summary=words, data=data,
            request_id=request_id, at=when,
        )  # fmt: skip

    with tenant_transaction(tenant_id):
        tell(
            "action_request.submitted", actor, f"{actor.name} asked to: {name}.", at,
            category=CATEGORIES[which], risk="high",
            rules=[_rule(which)], agent_reason="The invoice is due on Friday.",
        )  # fmt: skip
        if outcome == "expired":
            tell("timer.reminded", PEOPLE[0], f"Alice Archer was reminded of: {name}.", at)
            tell("timer.escalated", person, f"Nobody answered; {person.name} was added.", end)
        if outcome in {"approved", "denied"}:
            tell(
                "vote.cast", person, f"{person.name} voted to {outcome[:-1]}: {name}.", end,
                verdict="approve" if outcome == "approved" else "deny",
                reason="Checked against the contract.", seconds_viewed=seconds_viewed,
            )  # fmt: skip
        tell(f"action_request.{outcome}", person, f"{name}: {outcome}.", end)
        if outcome == "approved":
            tell("grant.issued", actor, f"{actor.name} was given a permission.", end)
            tell("execution.reported", actor, f"{actor.name} did it.", end, outcome="succeeded")
    return request_id


def play_company(tenant_id: UUID, *, first: datetime, days: int = 28) -> None:
    """Record a company's month: its set-up, a policy, and some requests a day."""
    olivia = Actor("person", "mem_olivia", "Olivia Owner")
    tenant = Subject("tenant", public_id("tn", tenant_id), "Acme Bank AG")
    with tenant_transaction(tenant_id):
        record(
            event_type="tenant.created", actor=olivia, subject=tenant, at=first,
            summary="Olivia Owner opened the account of Acme Bank AG.",
            data={"time_zone": "Europe/Zurich"},
        )  # fmt: skip
        record(
            event_type="policy.published", actor=olivia, at=first + timedelta(hours=1),
            subject=Subject("policy_version", "pol_1", "Payments policy, version 1"),
            summary="Olivia Owner published version 1 of the payments policy.",
            data={"version": 1, "sentences": [LARGE, OTHERWISE]},
        )  # fmt: skip
    outcomes = ("approved", "allowed", "approved", "denied", "approved", "expired", "allowed")
    number = 0
    for day in range(days):
        for turn in range(1 + (day * 7) % 5):
            at = first + timedelta(days=day, hours=8 + turn, minutes=3 * turn)
            play_request(
                tenant_id, number=number, at=at, outcome=outcomes[number % 7],
                takes=timedelta(minutes=2 + 17 * (number % 9)),
                seconds_viewed=1 if number % 11 == 0 else 40,
            )  # fmt: skip
            number += 1


def _rule(which: int) -> Mapping[str, Any]:
    return {
        "id": f"rule_{which}",
        "sentence": "Payments over EUR 10,000 need one person from Finance and one from Risk.",
        "values": {"amount": "48,200.00", "currency": "EUR"},
    }
