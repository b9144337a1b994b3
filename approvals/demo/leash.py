"""How far the demo bank lets its agents go: levels, environments, limits, undoing, guardrails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from approvals.models import ActionCategory
from approvals.services.categories import change_category, create_category, give_right
from approvals.services.guardrails import publish_guardrails, save_guardrails
from approvals.services.trust import assess_agent
from approvals.undoing import parse_lines
from govapp.common.tenancy import tenant_transaction
from tenants.models import ApproverGroup
from tenants.services.autonomy import set_autonomy, set_environment
from tenants.services.limits import set_agent_limit, set_limits
from tenants.services.loosenings import confirm_loosening
from tenants.services.trust import raise_trust
from tenants.trust import TIERS

if TYPE_CHECKING:
    from approvals.demo.company import DemoCompany

READ_ONLY: Final = "disaster-recovery"
# Agent, what it is about, the level, and why.
LEVELS: Final = (
    ("records-agent", "email.*", "recommend", "It may draft; the service desk sends."),
    (
        "deploy-agent",
        "infra.deploy",
        "ask",
        "After the incident of spring nothing goes live alone.",
    ),
    ("support-agent", "email.send", "policy", "The rules for customers' mail say enough."),
    ("support-agent", "crm.untag", "act", "A label is taken off without harm."),
)
_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": 4000}


def _takes_back(key: str, name: str, fields: tuple[str, ...], lines: str, hours: int) -> Any:
    schema = {
        "type": "object",
        "required": list(fields),
        "additionalProperties": False,
        "properties": dict.fromkeys(fields, _TEXT),
    }
    made = {"key": key, "name": name, "payload_schema": schema, "display": {"kind": "fields"}}
    return made, {"category": key, "payload": parse_lines(lines), "within_hours": hours}


# What is taken back, and by what.
UNDONE_BY: Final = {
    "crm.tag": _takes_back(
        "crm.untag", "Label taken off", ("customer", "tag"), "customer = /customer\ntag = /tag", 720
    ),
    "payments.transfer": _takes_back(
        "payments.recall",
        "Recall of a transfer",
        ("amount", "to", "purpose", "reverses"),
        'amount = /amount\nto = /to\npurpose = "recall"\nreverses = request',
        48,
    ),
}
# Secrets leave by no mail; customers' numbers are masked where people read; some words are noted.
GUARDRAILS: Final = {
    "rules": [
        {"id": "no-secrets", "kind": "secret", "action": "refuse",
         "categories": ["email.*", "crm.*", "records.*", "model.*"]},
        {"id": "secrets", "kind": "secret", "action": "ask", "categories": ["*"]},
        {"id": "customers-numbers", "kind": "pii", "action": "mask",
         "categories": ["email.*", "crm.*", "records.*", "model.*"],
         "detectors": ["card", "iban", "national_id"]},
        {"id": "personal-data", "kind": "pii", "action": "warn", "categories": ["*"]},
        {"id": "promises", "kind": "topic", "action": "warn", "categories": ["email.*"],
         "words": ["guaranteed return", "without risk"]},
        {"id": "hidden-text", "kind": "hidden_text", "action": "ask", "categories": ["*"],
         "detectors": ["bidirectional", "invisible", "control"]},
        {"id": "look-alikes", "kind": "hidden_text", "action": "warn", "categories": ["*"],
         "detectors": ["confusable"]},
        {"id": "injection", "kind": "injection", "action": "ask", "categories": ["*"]},
    ]
}  # fmt: skip


def set_leash(company: DemoCompany) -> None:
    """Say how far the agents go, at the beginning of the history."""
    members = company.members
    with tenant_transaction(company.tenant.pk):
        for agent, pattern, level, reason in LEVELS:
            asked = set_autonomy(
                actor=members["carl"],
                agent=company.agents[agent],
                pattern=pattern,
                level=level,
                reason=reason,
            )
            if asked is not None:  # it gives more: a second person
                confirm_loosening(actor=members["petra"], loosening_id=asked.pk)
        set_environment(
            actor=members["carl"],
            name=READ_ONLY,
            is_read_only=True,
            reason="Only the crisis team changes anything at the second site.",
        )
        set_limits(
            actor=members["olivia"],
            retry_limit=4,
            retry_minutes=60,
            calls_per_second=500,
            agent_calls_per_second=80,
        )
        set_agent_limit(
            actor=members["olivia"],
            agent_id=company.agents["records-agent"].pk,
            calls_per_second=40,
        )
        for key, (made, undo) in UNDONE_BY.items():
            _declare_undo(company, key, made, undo)


def write_guardrails(company: DemoCompany) -> None:
    """Let one of compliance write them, and the other one put them in force."""
    with tenant_transaction(company.tenant.pk):
        draft = save_guardrails(
            actor=company.members["carl"],
            document=GUARDRAILS,
            remark="No secrets by mail, customers' numbers masked, promises noted.",
        )
        publish_guardrails(
            actor=company.members["petra"],
            revision=draft.revision,
            attestation="I have read every rule and tried it on last month's mail.",
        )


def assess_everybody(company: DemoCompany) -> None:
    """Look at what each agent did, as is done every day."""
    for agent in company.agents.values():
        assess_agent(tenant_id=company.tenant.pk, agent_id=agent.pk)


def raise_who_earned_it(company: DemoCompany) -> None:
    """Trust the agent that began as new as far as its conduct has earned, if it has."""
    agent = company.agents["records-agent"]
    found = assess_agent(tenant_id=company.tenant.pk, agent_id=agent.pk)
    if TIERS.index(found.tier) > TIERS.index(agent.trust_tier):
        with tenant_transaction(company.tenant.pk):
            raise_trust(
                actor=company.members["carl"],
                agent=agent,
                to=found.tier,
                reason="Two weeks without a complaint; looked through with the service desk.",
            )


def ask_for_more(company: DemoCompany) -> None:
    """Leave something that gives an agent more for a second person to look at."""
    with tenant_transaction(company.tenant.pk):
        set_autonomy(
            actor=company.members["carl"],
            agent=company.agents["treasury-agent"],
            pattern="payments.recall",
            level="act",
            reason="A recall is a race against the clock.",
        )


def _declare_undo(
    company: DemoCompany, key: str, made: dict[str, Any], undo: dict[str, Any]
) -> None:
    """Make the category that takes another one back, with the same approvers, and say so there."""
    carl = company.members["carl"]
    first = ActionCategory.objects.get(key=key)
    other = create_category(
        actor=carl, description=f"Takes back: {first.name}.", risk=first.risk, **made
    )
    for group in ApproverGroup.objects.order_by("slug"):
        give_right(actor=carl, category=other, group=group)
    change_category(actor=carl, category=first, undo=undo)
