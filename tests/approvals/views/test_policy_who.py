"""The page that says who could approve, and being asked before somebody is sent away."""

import re

import pytest

from audit.models import LedgerEvent
from govapp.common.tenancy import tenant_transaction
from tenants.enums import MemberStatus
from tenants.models import GroupMember, Membership
from tests.approvals.views.conftest import Login, Site
from tests.tenants.ledger import events

pytestmark = pytest.mark.django_db


def words(content: bytes) -> str:
    text = re.sub(r"<[^>]+>", " ", content.decode())
    return re.sub(r"\s+", " ", text)


def test_a_rule_a_person_and_a_named_version(site: Site, login: Login) -> None:
    client = login(site.world.company.carl)
    page = words(client.get(site.url("policy/who/?rule=payments")).content)
    assert "Alice can approve for Finance, with the right of Finance." in page
    assert "Charlie is none of those whom the flow names: Finance and Risk." in page
    alice = site.world.company.alice.public_id
    page = words(client.get(site.url(f"policy/who/?person={alice}")).content)
    assert "Rule payments could no longer be completed for payments.transfer." in page
    assert "Could no longer be approved: Pay Acme Ltd" in page
    page = words(client.get(site.url("policy/who/?rule=payments&version={draft}")).content)
    assert "Bob is none of those whom the flow names: Finance." in page
    assert client.get(site.url("policy/who/?rule=none&person=x")).status_code == 200


def test_suspending_is_asked_first_and_recorded(site: Site, login: Login) -> None:
    company = site.world.company
    client, path = login(company.olivia), f"people/{company.alice.public_id}/suspend"
    asked = client.post(site.url(path), {"reason": "On leave."})
    assert asked.status_code == 409
    assert "Rule payments could no longer be completed for payments.transfer." in words(
        asked.content
    )
    assert 'name="reason" value="On leave."' in asked.content.decode()
    with tenant_transaction(company.id):
        assert Membership.objects.get(pk=company.alice.pk).status == MemberStatus.ACTIVE
        assert not LedgerEvent.objects.filter(type="member.suspended").exists()
    done = client.post(site.url(path), {"reason": "On leave.", "confirmed": "yes"})
    assert done.status_code == 302
    with tenant_transaction(company.id):
        (event,) = events("member.suspended")
    assert event["data"]["breaks"] == [
        "Rule payments could no longer be completed for payments.transfer.",
        "1 request that waits could no longer be approved.",
    ]


def test_leaving_a_group_is_asked_first(site: Site, login: Login) -> None:
    company = site.world.company
    client, path = login(company.olivia), f"groups/finance/remove/{company.alice.public_id}"
    assert client.post(site.url(path)).status_code == 409
    with tenant_transaction(company.id):
        assert GroupMember.objects.filter(membership=company.alice).count() == 1
    assert client.post(site.url(path), {"confirmed": "yes"}).status_code == 302
    with tenant_transaction(company.id):
        (event,) = events("group.member_removed")
        assert GroupMember.objects.filter(membership=company.alice).count() == 0
    assert len(event["data"]["breaks"]) == 2


def test_losing_the_role_is_asked_first(site: Site, login: Login) -> None:
    company = site.world.company
    client, path = login(company.olivia), f"people/{company.alice.public_id}/roles"
    assert client.post(site.url(path), {"roles": ["auditor"]}).status_code == 409
    sure = {"roles": ["auditor"], "confirmed": "yes"}
    assert client.post(site.url(path), sure).status_code == 302


def test_the_persons_page_says_what_would_break(site: Site, login: Login) -> None:
    company = site.world.company
    path = f"people/{company.alice.public_id}/"
    shown = words(login(company.audrey).get(site.url(path)).content)
    assert "Rule payments could no longer be completed" in shown
    assert "If they left" not in words(login(company.bob).get(site.url(path)).content)
