"""A message as it would be, for the page on which a company writes its own words."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from approvals.enums import NotificationKind
from approvals.messages import Fact, Link, Message
from approvals.models import MessageTemplate
from approvals.services.message_texts import HINT, one_line
from approvals.services.messages import with_words
from tenants.models import Membership, Tenant

_SUMMARY: Final = "Pay EUR 4,200.00 to Nordwind Logistics"
_SENTENCES: Final[Mapping[NotificationKind, tuple[str, str]]] = {
    NotificationKind.REQUESTED: ("Approve or deny: ", "your approval is needed."),
    NotificationKind.REMINDER: ("Reminder, approve or deny: ", "this is still waiting for you."),
    NotificationKind.ESCALATED: (
        "Escalated, approve or deny: ",
        "this was escalated: you are asked as well now.",
    ),
    NotificationKind.DECIDED: ("Approved: ", "this request has been approved."),
    NotificationKind.ALERT: ("Alert: ", "something needs your eyes."),
    NotificationKind.INFORMED: (
        "For your information: ",
        "a rule asks that you are told of this. Nobody asks you to do anything.",
    ),
    NotificationKind.COMMENTED: ("Discussion: ", "somebody wrote about this request."),
    NotificationKind.BREAK_GLASS: (
        "Approved in an emergency: ",
        "one person approved this alone. It has to be reviewed.",
    ),
    NotificationKind.REVIEW_DUE: (
        "Review due: ",
        "an emergency approval waits for somebody's review.",
    ),
}
_QUESTIONS: Final = (
    NotificationKind.REQUESTED, NotificationKind.REMINDER, NotificationKind.ESCALATED,
)  # fmt: skip


def sample(
    *, kind: NotificationKind, tenant: Tenant, reader: Membership, words: MessageTemplate
) -> Message:
    """Return a made-up message of this kind in these words. Its links lead nowhere."""
    before, sentence = _SENTENCES[kind]
    name = reader.user.get_short_name()
    is_question = kind in _QUESTIONS
    message = Message(
        ident="ntf_sample",
        kind=kind,
        company=tenant.name,
        title=one_line(f"{before}{_SUMMARY}"),
        heading=_SUMMARY if is_question else f"{before}{_SUMMARY}",
        sentence=f"{name}, {sentence}",
        recipient=name,
        facts=(
            Fact("Asked by", "invoice-payer"),
            Fact("Kind", "Bank transfer"),
            Fact("Risk", "High"),
        ),
        footer=f"{tenant.name} on Govapp · ar_example",
        links=_links(is_question=is_question),
        is_question=is_question,
    )
    if is_question:
        message = replace(
            message,
            deadline=_deadline(tenant),
            hint=HINT,
            reason="The invoice was matched to purchase order 5512.",
            rules=("Payments over EUR 1,000 need one person of Finance, within 4 hours.",),
        )
    return with_words(message, words, _values(message, tenant))


def _links(*, is_question: bool) -> tuple[Link, ...]:
    if is_question:
        return (Link("approve", "Approve…", "#"), Link("deny", "Deny…", "#"))
    return (Link("open", "Open the request", "#"),)


def _deadline(tenant: Tenant) -> str:
    return f"Friday 27 November 2026, 17:00 ({tenant.time_zone})"


def _values(message: Message, tenant: Tenant) -> dict[str, str]:
    return {
        "name": message.recipient,
        "company": tenant.name,
        "summary": _SUMMARY,
        "agent": "invoice-payer",
        "category": "Bank transfer",
        "risk": "high",
        "reference": "ar_example",
        "deadline": _deadline(tenant),
        "status": "waiting for approval" if message.is_question else "approved",
    }
