"""The tenant of the benchmarks: people, agents with keys, categories, a policy of fifty rules."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from approvals.models import ActionCategory, ActionRequest
from approvals.services.categories import create_category, give_right
from approvals.services.policies import propose_policy, publish_policy
from approvals.services.submission import Submission, submit_action
from govapp.common.tenancy import tenant_transaction
from tenants.enums import Role
from tenants.models import Agent, Membership, User
from tenants.services.agents import register_agent
from tenants.services.credentials import issue_credential
from tenants.services.groups import add_to_group, create_group
from tenants.services.people import add_member
from tenants.services.tenants import create_tenant

RULES: Final = 50
ALLOWED, PENDING = "payments.transfer", "payments.large"
RARE: Final = "payments.rare"  # decided by another group
_OTHERS: Final = 10  # categories that other rules are about
_PASSWORD: Final = "not kept: this tenant lives as long as the benchmark"  # noqa: S105
_SCHEMA: Final = {
    "type": "object",
    "properties": {"amount": {"type": "string"}, "to": {"type": "string"}},
    "required": ["amount"],
}


@dataclass(frozen=True)
class Company:
    """The tenant. `approvers` decide `PENDING`, and nobody but `rare_approver` decides `RARE`."""

    tenant_id: UUID
    slug: str
    owner: Membership
    approvers: list[Membership]
    rare_approver: Membership
    agents: list[Agent]
    keys: list[str]

    def submit(self, category: str = PENDING, agent: int = 0) -> ActionRequest:
        """Submit one action through the service."""
        with tenant_transaction(self.tenant_id):
            return submit_action(agent=self.agents[agent], submission=submission(category))


def body(category: str) -> dict[str, Any]:
    """Return what an agent sends."""
    return {
        "category": category,
        "summary": "Pay EUR 48,200 to Northwind for invoice 1123",
        "payload": {"amount": "48200.00", "currency": "EUR", "to": "DE89370400440532013000"},
        "reason": "Invoice 1123 is due tomorrow and matches PO 4711.",
    }


def submission(category: str) -> Submission:
    """Return the same for the service."""
    return Submission(**body(category))


def make_company(*, lifetime: timedelta, slug: str = "bench", agents: int = 64) -> Company:
    """Make the tenant through the services that the pages use."""
    names = ("olivia", "carl", "cora", "alice", "bob", "una", "rita")
    people = {name: make_user(name, slug) for name in names}
    tenant = create_tenant(slug=slug, name=slug.capitalize(), owner_user=people["olivia"])
    with tenant_transaction(tenant.pk):
        owner = Membership.objects.select_related("user").get()

        def member(name: str, *roles: Role) -> Membership:
            return add_member(actor=owner, user=people[name], roles=list(roles))

        carl, cora = (member(name, Role.COMPLIANCE) for name in ("carl", "cora"))
        approvers = [member(name, Role.APPROVER) for name in ("alice", "bob", "una")]
        finance = create_group(actor=owner, slug="finance", name="Finance")
        for person in approvers:
            add_to_group(actor=owner, group=finance, member=person)
        rita = member("rita", Role.APPROVER)
        risk = create_group(actor=owner, slug="risk", name="Risk")
        add_to_group(actor=owner, group=risk, member=rita)
        for key in (ALLOWED, PENDING, RARE, *(f"other.kind{n}" for n in range(_OTHERS))):
            category: ActionCategory = create_category(
                actor=carl, key=key, name=key, risk="medium", payload_schema=_SCHEMA
            )
            give_right(actor=carl, category=category, group=risk if key == RARE else finance)
        version = propose_policy(actor=carl, source=json.dumps(policy_document()))
        publish_policy(actor=cora, version=version, attestation="for the benchmark")
    made = [_agent(tenant.pk, owner, number, lifetime) for number in range(agents)]
    return Company(
        tenant.pk, slug, owner, approvers, rita, [a for a, _ in made], [key for _, key in made]
    )


def policy_document() -> dict[str, Any]:
    """Return fifty rules, of which some are about the categories that are submitted."""
    return {
        "version": 1,
        "default": "deny",
        "flows": {"review": _flow("finance"), "rare": _flow("risk")},
        "rules": list(_rules()),
    }


def _flow(group: str) -> dict[str, Any]:
    stage = {"name": "review", "seats": [{"group": group, "count": 1}]}
    return {"stages": [stage | {"deadline": "4h", "reminders": ["1h"]}]}


def _rules() -> Iterator[dict[str, Any]]:
    yield {"id": "small", "when": {"category": ALLOWED}, "then": "allow"}
    yield _approval("large", {"category": PENDING})
    for number in range(8):
        amount = {"field": "payload.amount", "op": "gt", "value": f"{10**number * 100_000}"}
        when = {"category": ALLOWED, "conditions": amount}
        yield _approval(f"over-{number}", when)
    yield _approval("rare", {"category": RARE}, "rare")
    for number in range(RULES - 11):
        yield _approval(f"other-{number}", {"category": f"other.kind{number % _OTHERS}"})


def _approval(name: str, when: dict[str, Any], flow: str = "review") -> dict[str, Any]:
    return {"id": name, "when": when, "then": "require_approval", "flow": flow}


def make_user(name: str, slug: str) -> User:
    """Return a person who may be made a member."""
    return User.objects.create_user(f"{name}@{slug}.example", _PASSWORD, name=name.capitalize())


def _agent(
    tenant_id: UUID, owner: Membership, number: int, lifetime: timedelta
) -> tuple[Agent, str]:
    with tenant_transaction(tenant_id):
        agent = register_agent(actor=owner, name=f"agent-{number}", description="", owner=owner)
        _, key = issue_credential(actor=owner, agent=agent, label="bench", lifetime=lifetime)
    return agent, key
