"""`python -m govapp.chaos.company SLUG`: make the company of the lapse, print its note as JSON.

Two people in each of three groups, and flows of every shape: several stages, several rules at
once, seats by group, by role, by right and by different groups, reminders and escalations that
repeat. The deadlines are long, for the clock moves an hour at a time.
"""

import json
import secrets
import sys
from collections.abc import Sequence
from typing import Any, Final

import django

POLICY: Final = """\
version: 1
default: require_approval
default_flow: two-people
flows:
  two-people:
    stages:
      - name: Two people
        seats: [{group: risk}, {role: approver, but: [{group: finance}]}]
        deadline: 24h
        reminders: [6h]
        escalations:
          - {after: 12h, add: [{group: finance}], repeat: {every: 6h, times: 1}}
  finance-then-anyone:
    stages:
      - name: Finance
        seats: [{group: finance}]
        deadline: 20h
        reminders: [4h]
      - name: Anybody else
        seats: [{anyone: approver}]
        deadline: 20h
        reminders: {every: 5h, times: 2}
  different-groups:
    stages:
      - name: Two of three groups
        seats: [{groups: [finance, risk, managers], count: 2}]
        deadline: 30h
        reminders: [8h]
rules:
  - id: small-payments
    when:
      category: payments.transfer
      conditions:
        all:
          - {field: payload.amount, op: lte, value: 1000}
    then: allow
  - id: large-payments
    when:
      category: payments.transfer
      conditions:
        all:
          - {field: payload.amount, op: gt, value: 1000}
    then: require_approval
    flow: finance-then-anyone
  - id: very-large-payments
    when:
      category: payments.transfer
      conditions:
        all:
          - {field: payload.amount, op: gt, value: 100000}
    then: require_approval
    flow: different-groups
  - id: no-crypto
    when:
      category: payments.transfer
      conditions:
        any:
          - {field: payload.purpose, op: in, value: [crypto]}
    then: deny
  - id: sure-mail
    when:
      category: email.send
      conditions:
        all:
          - {field: confidence, op: gte, value: "0.9"}
    then: allow
"""
CATEGORIES: Final = {
    "payments.transfer": "Bank transfer",
    "email.send": "E-mail to a customer",
    "database.query": "Database statement",
    "infra.deploy": "Deployment",
    "records.read": "Customer file",
}
GROUPS: Final = {
    "finance": ("alice", "anna"),
    "risk": ("bob", "ben"),
    "managers": ("charlie", "cleo"),
}
AGENTS: Final = ("payer", "writer", "releaser", "reader")


def make(slug: str) -> dict[str, Any]:
    """Make people, groups, categories, a published policy and agents, through the services."""
    from approvals.services.policies import propose_policy, publish_policy
    from govapp.common.tenancy import tenant_transaction
    from tenants.enums import Role
    from tenants.models import Membership, User
    from tenants.services.groups import add_to_group, create_group
    from tenants.services.people import add_member
    from tenants.services.tenants import create_tenant

    password = secrets.token_urlsafe(18)

    def user(name: str) -> User:
        email = f"{name}@{slug}.example"
        return User.objects.create_user(email, password, name=name.capitalize())

    tenant = create_tenant(slug=slug, name=slug.capitalize(), owner_user=user("olivia"))
    with tenant_transaction(tenant.pk):
        olivia = Membership.objects.select_related("user").get()
        carl, cora = (
            add_member(actor=olivia, user=user(name), roles=[Role.COMPLIANCE])
            for name in ("carl", "cora")
        )
        groups = []
        for name, people in GROUPS.items():
            group = create_group(actor=olivia, slug=name, name=name.capitalize())
            groups.append(group)
            for person in people:
                member = add_member(actor=olivia, user=user(person), roles=[Role.APPROVER])
                add_to_group(actor=olivia, group=group, member=member)
        make_categories(carl, groups)
        draft = propose_policy(actor=carl, source=POLICY, remark="The first one.")
        publish_policy(actor=cora, version=draft, attestation="I have read every rule.")
        keys = {name: _make_agent(olivia, name) for name in AGENTS}
    logins = [
        {"email": f"{name}@{slug}.example", "password": password, "roles": ["approver"]}
        for people in GROUPS.values()
        for name in people
    ]
    return {"tenant": slug, "tenant_id": str(tenant.pk), "logins": logins, "keys": keys}


def make_categories(carl: Any, groups: Sequence[Any]) -> None:
    """Define what the simulated agents ask for; every one of these groups may approve it."""
    from approvals.services.categories import create_category, give_right

    for key, name in CATEGORIES.items():
        is_payment = key == "payments.transfer"
        category = create_category(
            actor=carl,
            key=key,
            name=name,
            risk="high",
            target_field="to" if is_payment else "",
            amount_field="amount" if is_payment else "",
        )
        for group in groups:
            give_right(actor=carl, category=category, group=group)


def _make_agent(olivia: Any, name: str) -> str:
    from datetime import timedelta

    from tenants.services.agents import register_agent
    from tenants.services.credentials import issue_credential

    agent = register_agent(actor=olivia, name=name, description="Of the lapse", owner=olivia)
    _, key = issue_credential(actor=olivia, agent=agent, label="chaos", lifetime=timedelta(days=90))
    return key


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps(make(sys.argv[1])) + "\n")
