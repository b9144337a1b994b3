"""A company as those who govern it find it: a policy with a draft, a category, a callback."""

from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.test import Client

from approvals.models import (
    ActionRequest,
    CallbackDelivery,
    CallbackEndpoint,
    PolicyVersion,
)
from approvals.services.callbacks import create_endpoint, queue_callbacks
from approvals.services.policies import propose_policy, publish_policy
from govapp.common.tenancy import tenant_transaction
from tenants.enums import Role
from tenants.models import Membership
from tenants.services.people import add_member
from tests.approvals.world import World, make_world
from tests.people import Company, make_user

# Whose status codes the tables list, in this order: owner, compliance, approver, auditor.
PEOPLE: Final = ("olivia", "carl", "alice", "audrey")
Codes = tuple[int, int, int, int]

SOURCE: Final = """\
# who lets money go
version: 1
default: deny
flows:
  four-eyes:
    stages:
      - name: Review
        seats: [{group: finance}, {group: risk}]
        deadline: 4h
rules:
  - id: payments
    when: {category: payments.transfer}
    then: require_approval
    flow: four-eyes
"""
SECRET_RULE: Final = """\
  - id: no-crypto
    when:
      category: payments.transfer
      conditions:
        all: [{field: payload.purpose, op: eq, value: crypto}]
    then: deny
    note: Standard 4.
"""


@dataclass(frozen=True)
class Office:
    """One tenant with something behind each address of its configuration."""

    world: World
    dora: Membership  # compliance, like Carl
    live: PolicyVersion
    draft: PolicyVersion  # Carl's
    endpoint: CallbackEndpoint
    delivery: CallbackDelivery
    request: ActionRequest

    @property
    def company(self) -> Company:
        return self.world.company

    def url(self, path: str) -> str:
        """Fill `{live}`, `{draft}`, `{category}`, `{endpoint}`, `{delivery}`, `{bob}` in."""
        filled = path.format(
            live=self.live.public_id,
            draft=self.draft.public_id,
            category=self.world.category.public_id,
            endpoint=self.endpoint.public_id,
            delivery=delivery_id(self.delivery),
            bob=self.company.bob.public_id,
        )
        return f"/t/{self.company.slug}/{filled}"

    def people(self) -> list[Membership]:
        return [getattr(self.company, name) for name in PEOPLE]


def delivery_id(delivery: CallbackDelivery) -> str:
    from govapp.common.ids import public_id

    return public_id("msg", delivery.pk)


def log_in(member: Membership) -> Client:
    """Return a client on which this member is logged in."""
    client = Client()
    client.force_login(member.user)
    return client


def make_office(slug: str = "acme") -> Office:
    """Make the company, its two policy versions, its callback and one delivery to it."""
    world = make_world(slug=slug)
    company = world.company
    with tenant_transaction(company.id):
        dora = add_member(
            actor=company.olivia, user=make_user("dora", slug), roles=[Role.COMPLIANCE]
        )
        first = propose_policy(actor=company.carl, source=SOURCE, remark="The first one.")
        live = publish_policy(actor=dora, version=first, attestation="I have read it.")
        draft = propose_policy(
            actor=company.carl, source=SOURCE.replace("4h", "2h") + SECRET_RULE, remark="Stricter."
        )
        endpoint, _ = create_endpoint(
            actor=company.olivia, url="https://hooks.example/in", description="Ledger"
        )
    request = world.submit(callback_endpoint=endpoint.pk)
    with tenant_transaction(company.id):
        queue_callbacks(request=request, event_type="action_request.approved")
        delivery = CallbackDelivery.objects.get()
    return Office(world, dora, live, draft, endpoint, delivery, request)


def who_reads(office: Office, path: str) -> tuple[int, ...]:
    """Return the status that each of `PEOPLE` gets."""
    return tuple(log_in(member).get(office.url(path)).status_code for member in office.people())


def who_changes(office: Office, path: str, data: dict[str, Any]) -> tuple[int, ...]:
    """Return the status that each gets for the same POST, undone in between."""
    found = []
    for member in office.people():
        client = log_in(member)
        with transaction.atomic():
            found.append(client.post(office.url(path), data).status_code)
            transaction.set_rollback(True)
    return tuple(found)
