"""Groups hold members of their own tenant, once each."""

import pytest
from django.db import IntegrityError, transaction

from govapp.common.errors import Conflict, Forbidden, Invalid
from govapp.common.tenancy import bind_tenant
from tenants.models import GroupMember
from tenants.selectors import groups, groups_by_member
from tenants.services.groups import add_to_group, create_group, remove_from_group
from tenants.services.people import suspend_member
from tests.people import Company, make_company
from tests.tenants.ledger import summaries

pytestmark = pytest.mark.django_db


def test_a_group_fills_and_empties(acme: Company) -> None:
    legal = create_group(actor=acme.olivia, slug="legal", name="Legal", description="Lawyers")
    add_to_group(actor=acme.olivia, group=legal, member=acme.alice)
    assert groups_by_member()[acme.alice.pk] == [acme.finance, legal]
    remove_from_group(actor=acme.olivia, group=legal, member=acme.alice)
    assert groups_by_member()[acme.alice.pk] == [acme.finance]
    assert [group.slug for group in groups()] == ["finance", "legal", "managers", "risk"]
    assert summaries("group.created", "group.member_added", "group.member_removed")[-3:] == [
        "Olivia created the group Legal.",
        "Olivia added Alice to the group Legal.",
        "Olivia removed Alice from the group Legal.",
    ]


def test_two_tenants_may_have_a_group_of_the_same_name() -> None:
    make_company("acme")
    globex = make_company("globex")
    with bind_tenant(globex.id):
        assert [group.slug for group in groups()] == ["finance", "managers", "risk"]


def test_a_slug_is_taken_once(acme: Company) -> None:
    with pytest.raises(Conflict, match="finance already"):
        create_group(actor=acme.olivia, slug="finance", name="Money")


@pytest.mark.parametrize("slug", ["", "Finance", "a b", "-a", "a-", "a--b", "a" * 61, "é", "a\n"])
def test_a_slug_has_a_form(acme: Company, slug: str) -> None:
    with pytest.raises(Invalid) as refusal:
        create_group(actor=acme.olivia, slug=slug, name="X")
    assert [e.pointer for e in refusal.value.errors] == ["/slug"]


@pytest.mark.parametrize("name", ["", "  ", "a" * 101, "a\nb", "a\0", "a\u200b"])
def test_a_name_is_visible_and_on_one_line(acme: Company, name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        create_group(actor=acme.olivia, slug="legal", name=name)
    assert [e.pointer for e in refusal.value.errors] == ["/name"]


def test_nobody_is_in_a_group_twice_or_leaves_it_twice(acme: Company) -> None:
    with pytest.raises(Conflict, match="in Finance already"):
        add_to_group(actor=acme.olivia, group=acme.finance, member=acme.alice)
    with pytest.raises(Conflict, match="not in Finance"):
        remove_from_group(actor=acme.olivia, group=acme.finance, member=acme.bob)
    assert GroupMember.objects.filter(approver_group=acme.finance).count() == 1


def test_a_suspended_member_is_not_added(acme: Company) -> None:
    suspended = suspend_member(actor=acme.olivia, member=acme.bob)
    with pytest.raises(Conflict, match="not active"):
        add_to_group(actor=acme.olivia, group=acme.finance, member=suspended)


def test_the_database_refuses_a_member_of_another_tenant() -> None:
    acme, globex = make_company("acme"), make_company("globex")
    with bind_tenant(acme.id), pytest.raises(IntegrityError), transaction.atomic():
        GroupMember.objects.create(
            user=globex.alice.user,
            group=acme.finance.group,
            approver_group=acme.finance,
            membership=globex.alice,
        )


@pytest.mark.parametrize("name", ["carl", "alice", "audrey"])
def test_only_owners_manage_groups(acme: Company, name: str) -> None:
    actor = getattr(acme, name)
    with pytest.raises(Forbidden):
        create_group(actor=actor, slug="legal", name="Legal")
    with pytest.raises(Forbidden):
        add_to_group(actor=actor, group=acme.finance, member=acme.bob)
    with pytest.raises(Forbidden):
        remove_from_group(actor=actor, group=acme.finance, member=acme.alice)
