"""`python -m tests.life.company SLUG...`: make companies through the services, print their notes.

A process of its own: the journeys touch the application from outside only. A note is a line of
JSON of the same shape as the one that the demonstration leaves for the simulator.
"""

import json
import sys
from typing import Any

import django

from govapp.chaos.company import AGENTS, make_categories

POLICY = """\
version: 1
default: require_approval
default_flow: two-people
flows:
  two-people:
    stages:
      - name: Two people
        seats: [{role: approver, count: 2}]
        deadline: 4h
        reminders: [30m]
  finance-and-risk:
    stages:
      - name: Finance and Risk
        seats: [{group: finance}, {group: risk}]
        deadline: 4h
        reminders: [30m]
        escalations:
          - {after: 1h, add: [{group: managers}]}
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
    flow: finance-and-risk
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


def make(slug: str) -> dict[str, Any]:
    """Make people, groups, categories, a published policy and agents with keys."""
    from approvals.services.policies import propose_policy, publish_policy
    from govapp.common.tenancy import tenant_transaction
    from tenants.enums import Role
    from tenants.services.people import add_member
    from tests.people import PASSWORD, make_agent, make_company, make_user

    company = make_company(slug)
    with tenant_transaction(company.id):
        petra = add_member(
            actor=company.olivia, user=make_user("petra", slug), roles=[Role.COMPLIANCE]
        )
        make_categories(company.carl, (company.finance, company.risk, company.managers))
        draft = propose_policy(actor=company.carl, source=POLICY, remark="The first one.")
        publish_policy(actor=petra, version=draft, attestation="I have read every rule.")
    keys = {name: make_agent(company, name)[1] for name in AGENTS}
    approvers = ("alice", "bob", "charlie")
    logins = [
        {"email": f"{name}@{slug}.example", "password": PASSWORD, "roles": ["approver"]}
        for name in approvers
    ]
    return {"tenant": slug, "tenant_id": str(company.id), "logins": logins, "keys": keys}


if __name__ == "__main__":
    django.setup()
    for each in sys.argv[1:]:
        sys.stdout.write(json.dumps(make(each)) + "\n")
