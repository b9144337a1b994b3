"""Somebody at a page: a client that is logged in, and the places of one company."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.test import Client

from govapp.common.tenancy import bind_tenant
from tenants.models import Agent, Credential, Invitation, Membership
from tenants.services.people import invite_member
from tests.people import Company, make_agent, make_company

Login = Callable[[Membership], Client]


@pytest.fixture
def login() -> Login:
    """Return a client on which this member is logged in."""

    def as_member(member: Membership) -> Client:
        client = Client()
        client.force_login(member.user)
        return client

    return as_member


@dataclass(frozen=True)
class Places:
    """A company with one agent, its key, and one open invitation."""

    company: Company
    agent: Agent
    credential: Credential
    invitation: Invitation

    def url(self, path: str) -> str:
        """Fill `{agent}`, `{key}`, `{invitation}`, `{alice}` into a path under the tenant."""
        filled = path.format(
            agent=self.agent.public_id,
            key=self.credential.public_id,
            invitation=self.invitation.public_id,
            alice=self.company.alice.public_id,
            bob=self.company.bob.public_id,
            bob_pk=self.company.bob.pk,
            olivia_pk=self.company.olivia.pk,
        )
        return f"/t/{self.company.slug}/{filled}"


def make_places(slug: str = "acme") -> Places:
    """Make the company and everything in it that has a page."""
    company = make_company(slug)
    agent, _ = make_agent(company)
    with bind_tenant(company.id):
        credential = Credential.objects.get(agent=agent)
        invitation, _ = invite_member(
            actor=company.olivia, email=f"dora@{slug}.example", name="Dora", roles=["approver"]
        )
    return Places(company, agent, credential, invitation)


@pytest.fixture
def places(db: None) -> Places:
    return make_places()


# What the form of the settings always sends.
OFFICE = {
    "business_from": "09:00", "business_to": "17:00", "weakening_reviewers": "1",
    "reading_seconds": "0", "break_glass_review_hours": "72", "delegation_depth": "4",
}  # fmt: skip
