"""The demo tenant's people, groups, categories, policy and agents."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from approvals.demo.budgets import set_budgets
from approvals.models import ActionCategory
from approvals.selectors.reviews import BREAK_GLASS
from approvals.services.categories import create_category, give_right
from approvals.services.policies import propose_policy, publish_policy
from govapp.common.tenancy import tenant_transaction
from tenants.enums import Role, TrustTier
from tenants.models import Agent, ApproverGroup, Membership, Tenant, User
from tenants.services.agents import register_agent
from tenants.services.credentials import issue_credential
from tenants.services.groups import add_to_group, create_group
from tenants.services.people import add_member, set_manager
from tenants.services.tenants import create_tenant

SLUG: Final = "meridian"
POLICY: Final = Path(__file__).with_name("policy.yaml")

# first name: (full name, roles, groups)
PEOPLE: Final[dict[str, tuple[str, list[str], list[str]]]] = {
    "olivia": ("Olivia Okafor", [Role.OWNER], []),
    "carl": ("Carl Lindqvist", [Role.COMPLIANCE], []),
    "petra": ("Petra Novak", [Role.COMPLIANCE, Role.AUDITOR], []),
    "alice": ("Alice Moreau", [Role.APPROVER], ["finance"]),
    "dana": ("Dana Silva", [Role.APPROVER], ["finance", "operations"]),
    "bob": ("Bob Tanaka", [Role.APPROVER], ["risk"]),
    "erik": ("Erik Haugen", [Role.APPROVER], ["risk", "operations"]),
    "charlie": ("Charlie Mensah", [Role.APPROVER], ["managers"]),
    "audrey": ("Audrey Klein", [Role.AUDITOR], []),
}
# Who reports to whom: the owner of an agent has a manager who may be asked.
MANAGERS: Final = {
    "alice": "charlie",
    "dana": "charlie",
    "bob": "charlie",
    "erik": "charlie",
    "charlie": "olivia",
}
# What a manager may approve alone when it burns.
ALONE: Final = frozenset({"database.query", "infra.deploy"})
GROUPS: Final = {
    "finance": ("Finance", "Treasury and accounts payable."),
    "risk": ("Risk", "Fraud and counterparty risk."),
    "operations": ("Operations", "Customer operations and service desk."),
    "managers": ("Managers", "Heads of department; added when nobody answers."),
}


def _object(required: list[str], **properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required,
        "additionalProperties": False,
        "properties": properties,
    }


_AMOUNT: Final = {"type": "string", "pattern": r"^[0-9]{1,12}\.[0-9]{2}$"}
_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": 4000}

CATEGORIES: Final[list[dict[str, Any]]] = [
    {
        "key": "payments.transfer",
        "target_field": "to",
        "amount_field": "amount",
        "editable_fields": ["amount", "purpose", "reference"],
        "cost_class": "high",
        "name": "Bank transfer",
        "description": "Money leaves an account of the bank.",
        "risk": "high",
        "is_reversible": False,
        "payload_schema": _object(
            ["amount", "currency", "to", "payee", "purpose", "known_payee"],
            amount=_AMOUNT,
            currency={"enum": ["EUR", "USD", "GBP", "CHF"]},
            to={"type": "string", "minLength": 10, "maxLength": 42},
            payee=_TEXT,
            purpose={"enum": ["invoice", "salary", "refund", "treasury", "crypto", "gambling"]},
            known_payee={"type": "boolean"},
            reference=_TEXT,
        ),
        "display": {
            "kind": "money",
            "fields": {
                "amount": {"label": "Amount"},
                "payee": {"label": "Payee"},
                "to": {"label": "Account (IBAN)"},
                "purpose": {"label": "Purpose"},
                "known_payee": {"label": "Paid before"},
            },
        },
    },
    {
        "key": "email.send",
        "target_field": "to",
        "cost_class": "low",
        "name": "E-mail to a customer",
        "description": "A message goes out in the bank's name.",
        "risk": "low",
        "is_reversible": False,
        "payload_schema": _object(
            ["to", "recipients", "subject", "body"],
            to=_TEXT,
            recipients={"type": "integer", "minimum": 1},
            subject=_TEXT,
            body=_TEXT,
        ),
        "display": {"kind": "email"},
    },
    {
        "key": "database.query",
        "name": "Database statement",
        "description": "A statement runs against a production database.",
        "risk": "high",
        "is_reversible": False,
        "payload_schema": _object(
            ["database", "statement"],
            database=_TEXT,
            statement=_TEXT,
            estimated_rows={"type": "integer", "minimum": 0},
        ),
        "display": {"kind": "sql"},
    },
    {
        "key": "infra.deploy",
        "target_field": "service",
        "name": "Deployment",
        "description": "A new version of a service goes live.",
        "risk": "critical",
        "is_reversible": True,
        "payload_schema": _object(
            ["service", "version"],
            service=_TEXT,
            version=_TEXT,
            changes={"type": "array", "items": _TEXT, "maxItems": 50},
        ),
        "display": {"kind": "fields"},
    },
    {
        "key": "records.read",
        "target_field": "customer",
        "cost_class": "low",
        "name": "Customer file",
        "description": "A customer's file is read.",
        "risk": "medium",
        "is_reversible": False,
        "payload_schema": _object(["customer", "fields"], customer=_TEXT, fields=_TEXT),
        "display": {"kind": "fields"},
    },
    {
        "key": "crm.tag",
        "target_field": "customer",
        "editable_fields": ["tag"],
        "cost_class": "low",
        "name": "Label of a customer",
        "description": "A label in the customer register; it can be taken off again.",
        "risk": "low",
        "is_reversible": True,
        "payload_schema": _object(["customer", "tag"], customer=_TEXT, tag=_TEXT),
        "display": {"kind": "fields"},
    },
    {
        "key": "partner.call",
        "target_field": "url",
        "name": "Call to a partner",
        "description": "A request goes to a partner's interface.",
        "risk": "medium",
        "is_reversible": False,
        "payload_schema": _object(
            ["method", "url"],
            method={"enum": ["GET", "POST", "PUT", "DELETE"]},
            url=_TEXT,
            headers={"type": "object", "additionalProperties": {"type": "string"}},
            body={"type": "object"},
        ),
        "display": {"kind": "http"},
    },
    {
        "key": "config.change",
        "target_field": "file",
        "name": "Change of a file",
        "description": "A file of the bank's configuration is changed.",
        "risk": "high",
        "is_reversible": True,
        "payload_schema": _object(["file", "diff"], file=_TEXT, diff=_TEXT, branch=_TEXT),
        "display": {"kind": "diff"},
    },
]

AGENTS: Final = {
    "treasury-agent": ("Pays approved invoices from the treasury inbox.", "olivia", "medium"),
    "support-agent": ("Answers customers' messages.", "dana", "medium"),
    "deploy-agent": ("Rolls out releases after green builds.", "erik", "low"),
    "records-agent": ("Looks up customer files for case handlers.", "olivia", "new"),
    "ledger-agent": ("Books what was paid.", "alice", "new"),
}


@dataclass(frozen=True)
class DemoCompany:
    """What the history is played with, and what `./run` prints."""

    tenant: Tenant
    members: dict[str, Membership]
    agents: dict[str, Agent]
    keys: dict[str, str]
    password: str


def email_of(first_name: str) -> str:
    return f"{first_name}@{SLUG}.example"


def build_company(source: str) -> DemoCompany:
    """Make the tenant with this policy live, without history. One password for all, made here."""
    password = secrets.token_urlsafe(12)
    users = {
        first: User.objects.create_user(email_of(first), password, name=name)
        for first, (name, _, _) in PEOPLE.items()
    }
    tenant = create_tenant(
        slug=SLUG,
        name="Meridian Bank",
        owner_user=users["olivia"],
        time_zone="Europe/Zurich",
    )
    with tenant_transaction(tenant.pk):
        members = _people(users)
        groups = _groups(members)
        _categories(members["carl"], groups)
        # Before the rules: one of them asks for the manager of an agent's owner.
        agents, keys = _agents(members)
        set_budgets(members, agents)
        draft = propose_policy(
            actor=members["carl"],
            source=source,
            remark="First policy: payments, mail, databases, deployments, customer files.",
        )
        publish_policy(
            actor=members["petra"],
            version=draft,
            attestation="I have read every rule and confirm that it is what the bank decided.",
        )
    return DemoCompany(tenant, members, agents, keys, password)


def _people(users: dict[str, User]) -> dict[str, Membership]:
    owner = Membership.objects.select_related("user").get(user=users["olivia"])
    members = {"olivia": owner}
    for first, (_, roles, _) in PEOPLE.items():
        if first != "olivia":
            members[first] = add_member(actor=owner, user=users[first], roles=roles)
    for first, manager in MANAGERS.items():
        set_manager(actor=owner, member=members[first], manager=members[manager])
    return members


def _groups(members: dict[str, Membership]) -> dict[str, ApproverGroup]:
    owner = members["olivia"]
    groups = {
        slug: create_group(actor=owner, slug=slug, name=name, description=description)
        for slug, (name, description) in GROUPS.items()
    }
    for first, (_, _, slugs) in PEOPLE.items():
        for slug in slugs:
            add_to_group(actor=owner, group=groups[slug], member=members[first])
    return groups


def _categories(actor: Membership, groups: dict[str, ApproverGroup]) -> list[ActionCategory]:
    categories = [create_category(actor=actor, **fields) for fields in CATEGORIES]
    for category in categories:
        for group in groups.values():
            give_right(actor=actor, category=category, group=group)
    for category in categories:
        if category.key in ALONE:
            give_right(actor=actor, category=category, group=groups["managers"], right=BREAK_GLASS)
    return categories


def _agents(members: dict[str, Membership]) -> tuple[dict[str, Agent], dict[str, str]]:
    owner = members["olivia"]
    agents: dict[str, Agent] = {}
    keys: dict[str, str] = {}
    for name, (description, responsible, tier) in AGENTS.items():
        agents[name] = register_agent(
            actor=owner,
            name=name,
            description=description,
            owner=members[responsible],
            labels=[name.partition("-")[0]],
            trust_tier=TrustTier(tier),
        )
        _, keys[name] = issue_credential(
            actor=owner, agent=agents[name], label="Demo key", lifetime=timedelta(days=90)
        )
    return agents, keys
