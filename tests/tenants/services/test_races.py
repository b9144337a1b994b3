"""What two people do at the same moment happens one after the other."""

from datetime import timedelta

from govapp.common.errors import Conflict
from govapp.common.tenancy import tenant_transaction
from tenants.enums import Role
from tenants.models import Agent, Credential, Membership
from tenants.selectors import members_with_role
from tenants.services.credentials import issue_credential, revoke_credential
from tenants.services.people import accept_invitation, change_roles, invite_member
from tests.people import PASSWORD, Company, make_agent, make_company
from tests.support.committed import CommittedDatabase


def kinds(results: list[object]) -> list[str]:
    return sorted("refused" if isinstance(r, Conflict) else type(r).__name__ for r in results)


def test_two_owners_who_demote_each_other_leave_one(committed_db: CommittedDatabase) -> None:
    acme = make_company()
    with tenant_transaction(acme.id):
        carl = change_roles(actor=acme.olivia, member=acme.carl, roles=["owner"])

    def demote(actor: Membership, member: Membership) -> Membership:
        with tenant_transaction(acme.id):
            return change_roles(actor=actor, member=member, roles=["auditor"])

    results = committed_db.at_once(
        [lambda: demote(acme.olivia, carl), lambda: demote(carl, acme.olivia)]
    )
    assert kinds([*results]) == ["Membership", "refused"]
    with tenant_transaction(acme.id):
        assert members_with_role(Role.OWNER).count() == 1


def test_a_link_pressed_five_times_makes_one_member(committed_db: CommittedDatabase) -> None:
    acme = make_company()
    with tenant_transaction(acme.id):
        _, token = invite_member(
            actor=acme.olivia, email="dora@acme.example", name="", roles=["approver"]
        )
    accept = [lambda: accept_invitation(token=token, name="Dora", password=PASSWORD)] * 5
    assert kinds([*committed_db.at_once(accept)]) == ["Membership", *["refused"] * 4]


def test_keys_issued_at_once_are_still_at_most_two(committed_db: CommittedDatabase) -> None:
    acme = make_company()
    agent, _ = make_agent(acme)

    def issue() -> Credential:
        return _issue(acme, agent)

    results = committed_db.at_once([issue] * 5)
    assert kinds([*results]) == ["Credential", *["refused"] * 4]
    with tenant_transaction(acme.id):
        assert Credential.objects.filter(agent=agent, revoked_at=None).count() == 2


def test_a_key_is_revoked_once(committed_db: CommittedDatabase) -> None:
    acme = make_company()
    agent, _ = make_agent(acme)
    with tenant_transaction(acme.id):
        credential = Credential.objects.get(agent=agent)

    def revoke() -> Credential:
        with tenant_transaction(acme.id):
            return revoke_credential(actor=acme.olivia, credential=credential)

    assert kinds([*committed_db.at_once([revoke] * 4)]) == ["Credential", *["refused"] * 3]


def _issue(acme: Company, agent: Agent) -> Credential:
    with tenant_transaction(acme.id):
        credential, _ = issue_credential(
            actor=acme.olivia, agent=agent, label="key", lifetime=timedelta(days=1)
        )
        return credential
