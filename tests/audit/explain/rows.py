"""Events of one request as the record holds them, made without a record."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from audit.explain import Audience, Explanation, explain_events
from audit.merkle.canonical import canonical_bytes
from audit.selectors.events import EventRow
from govapp.common.ids import public_id

AT = datetime(2026, 3, 9, 13, 5, tzinfo=UTC)
REQUEST = public_id("ar", UUID(int=7))
TITLE = "Pay EUR 48,200 to Northwind"
DIGEST = f"sha256:{'a' * 64}"
ALICE = {"kind": "person", "id": "mem_alice", "name": "Alice Archer"}
BOB = {"kind": "person", "id": "mem_bob", "name": "Bob Baker"}
PAYER = {"kind": "agent", "id": "ag_payer", "name": "payer"}
SYSTEM = {"kind": "system", "id": "govapp", "name": "Govapp"}


class Book:
    """Collects the events of one request, a minute apart."""

    def __init__(self) -> None:
        self.rows: list[EventRow] = []

    def add(
        self,
        event_type: str,
        actor: Mapping[str, str],
        summary: str,
        subject: Mapping[str, str] | None = None,
        /,
        **data: Any,
    ) -> str:
        """Add an event; return its public id."""
        number = len(self.rows) + 1
        at = AT + timedelta(minutes=number - 1)
        body = {
            "type": event_type,
            "actor": dict(actor),
            "subject": subject or {"type": "action_request", "id": REQUEST, "label": TITLE},
            "summary": summary,
            "data": data,
        }
        row = EventRow(UUID(int=number), at, body, canonical_bytes(body))
        self.rows.append(row)
        return row.public_id

    def handed(self, *names: str) -> None:
        """The agents of these names handed the task on, each to the next one."""
        body = self.rows[-1].body
        body["delegation"] = [
            {
                "id": f"dg_{number}",
                "from": {"id": f"ag_{giver}", "name": giver},
                "to": {"id": f"ag_{taker}", "name": taker},
            }
            for number, (giver, taker) in enumerate(pairwise(names), 1)
        ]

    def submitted(self, **data: Any) -> str:
        """The agent asked, on behalf of Ines, under a rule that wants people."""
        asked: dict[str, Any] = {
            "category": "payments.transfer",
            "category_name": "Bank transfer",
            "risk": "high",
            "is_reversible": False,
            "agent": {"id": "ag_payer", "name": "payer"},
            "on_behalf_of": "Ines Caldeira",
            "reason": "Ines asked for it.",
            "sources": '[{"title": "Invoice 2291", "url": "https://files.example.com/2291"}]',
            "payload": '{"amount":"48200.00","iban":"DE89370400440532013000"}',
            "payload_digest": DIGEST,
            "policy": {"id": "pv_1", "version": 3, "digest": "sha256:bb"},
            "rules": [
                {
                    "rule": "large",
                    "outcome": "require_approval",
                    "verdict": "matched",
                    "because": "amount 48200.00 is at least 10000",
                }
            ],
            "unmet": [{"rule": "small", "because": "amount 48200.00 is not under 10000"}],
            "because": "amount 48200.00 is at least 10000",
        }
        return self.add(
            "action_request.submitted", PAYER, f"payer asked: {TITLE}", **(asked | data)
        )

    def opened(self) -> str:
        """Finance and Risk were asked."""
        seats = [{"kind": "group", "ref": name, "count": 1} for name in ("finance", "risk")]
        return self.add(
            "stage.opened", SYSTEM, "Stage opened", stage="review", rule="large", seats=seats,
            sentence="Two must approve.", deadline_at="2026-03-09T17:05:00Z",
        )  # fmt: skip

    def voted(
        self, who: Mapping[str, str], group: str, verdict: str = "approve", **data: Any
    ) -> str:
        """Somebody of a group voted."""
        found = {"payload_digest": DIGEST, "rights": [f"group:{group}"], "verdict": verdict}
        return self.add(
            "vote.cast", who, f"{who['name']} said {verdict}", **(found | {"reason": ""} | data)
        )

    def ended(self, status: str, who: Mapping[str, str] = SYSTEM, **data: Any) -> str:
        """It ended."""
        return self.add(f"action_request.{status}", who, f"It was {status}", **data)

    def told(self, who: Mapping[str, str], kind: str = "requested", what: str = "sent") -> str:
        """A message to somebody was sent, or failed."""
        member = {"type": "member", "id": who["id"], "label": who["name"]}
        return self.add(
            f"notification.{what}", SYSTEM, f"“Your approval is needed” was {what}", member,
            kind=kind, channel="email",
        )  # fmt: skip

    def explain(self, audience: Audience, **more: Any) -> Explanation:
        """Explain what stands here."""
        return explain_events(REQUEST, self.rows, audience, **more)


def texts(explanation: Explanation, title: str) -> list[str]:
    """Return the sentences under one question."""
    asked = {each.title: each.sentences for each in explanation.sections}
    asked |= {each.question: each.sentences for each in explanation.why_not}
    return [each.text for each in asked[title]]
