"""The company that every test starts from."""

import pytest

from govapp.common.tenancy import bind_tenant
from tenants.enums import Role
from tenants.selectors import groups_by_member, members, members_with_role
from tenants.services.access import Shown, authenticate_key
from tests.people import make_agent, make_company

pytestmark = pytest.mark.django_db


def test_a_company_has_everybody_in_their_place() -> None:
    acme = make_company()
    with bind_tenant(acme.id):
        assert {member.user.name: member.roles for member in members()} == {
            "Olivia": ["owner"],
            "Carl": ["compliance"],
            "Alice": ["approver"],
            "Bob": ["approver"],
            "Charlie": ["approver"],
            "Audrey": ["auditor"],
        }
        assert groups_by_member() == {
            acme.alice.pk: [acme.finance],
            acme.bob.pk: [acme.risk],
            acme.charlie.pk: [acme.managers],
        }
        assert list(members_with_role(Role.OWNER)) == [acme.olivia]


def test_two_companies_stand_side_by_side() -> None:
    acme, globex = make_company(), make_company("globex")
    with bind_tenant(globex.id):
        assert [m.user.email for m in members()] == [
            f"{name}@globex.example"
            for name in ("alice", "audrey", "bob", "carl", "charlie", "olivia")
        ]
    agent, key = make_agent(acme)
    principal = authenticate_key(Shown(key))
    assert principal is not None
    assert (principal.tenant_id, principal.agent_id) == (acme.id, agent.pk)
