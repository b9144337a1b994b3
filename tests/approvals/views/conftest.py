"""A company whose agent asks, and somebody at its pages."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from approvals.enums import Risk
from approvals.models import ActionCategory, ActionRequest, CallbackEndpoint, PolicyVersion
from approvals.policies import dump_policy, parse_policy
from approvals.services.callbacks import create_endpoint
from approvals.services.links import make_review_link
from approvals.services.policies import propose_policy
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership
from tests.approvals.world import FOUR_EYES, World, make_world, policy, stage

Login = Callable[[Membership], Client]
ONE_EYE = policy(stage("finance"))


@pytest.fixture
def login() -> Login:
    """Return a client on which this member is logged in."""

    def as_member(member: Membership) -> Client:
        client = Client()
        client.force_login(member.user)
        return client

    return as_member


@dataclass(frozen=True)
class Site:
    """A world with something behind every address."""

    world: World
    asked: ActionRequest  # needs finance and risk
    draft: PolicyVersion
    endpoint: CallbackEndpoint

    def url(self, path: str) -> str:
        """Fill `{asked}`, `{draft}`, `{category}`, `{endpoint}` into a path under the tenant."""
        filled = path.format(
            asked=self.asked.public_id,
            draft=self.draft.public_id,
            category=self.world.category.public_id,
            endpoint=self.endpoint.public_id,
        )
        return f"/t/{self.world.company.slug}/{filled}"


def make_site(slug: str = "acme") -> Site:
    """Make the world, one request, a draft and a callback."""
    world = make_world(FOUR_EYES, slug)
    asked = world.submit(reason="Invoice 2291 is due.")
    company = world.company
    with tenant_transaction(company.id):
        source = dump_policy(parse_policy(ONE_EYE))
        draft = propose_policy(actor=company.carl, source=source, remark="One is enough")
        endpoint, _ = create_endpoint(actor=company.olivia, url="https://hooks.example.com/govapp")
    return Site(world, asked, draft, endpoint)


@pytest.fixture
def site(db: None) -> Site:
    return make_site()


def be_low_risk(world: World, **settings: Any) -> None:
    """Make the world's category low risk, and change the tenant's settings."""
    with tenant_transaction(world.company.id):
        ActionCategory.objects.update(risk=Risk.LOW)
        for name, value in settings.items():
            setattr(world.company.tenant, name, value)
        world.company.tenant.save()


def link_for(world: World, request: ActionRequest, member: Membership) -> str:
    """Make a link as a message has it, and return its path."""
    with tenant_transaction(world.company.id):
        return "/l/" + make_review_link(request=request, member=member).rsplit("/", 1)[1]


def field(html: str, name: str) -> str:
    """Return the value of the first hidden input with this name."""
    start = html.index(f'name="{name}" value="') + len(f'name="{name}" value="')
    return html[start : html.index('"', start)]
