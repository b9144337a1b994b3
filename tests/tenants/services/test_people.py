"""Members come, change roles, are kept out and come back."""

import pytest

from govapp.common.errors import Conflict, Forbidden, Invalid
from tenants import rules
from tenants.enums import Role
from tenants.models import Membership
from tenants.selectors import active_member
from tenants.services.people import (
    add_member,
    change_roles,
    resume_member,
    set_manager,
    suspend_member,
)
from tests.people import Company, make_user
from tests.tenants.ledger import summaries

pytestmark = pytest.mark.django_db


def test_a_member_is_added_with_roles_in_order(acme: Company) -> None:
    user = make_user("dora")
    member = add_member(actor=acme.olivia, user=user, roles=["auditor", Role.OWNER, "auditor"])
    assert member.roles == ["owner", "auditor"]
    assert active_member(user.pk) == member
    assert summaries("member.joined")[-1] == ("Dora joined as Owner and Auditor, added by Olivia.")


def test_nobody_is_a_member_twice(acme: Company) -> None:
    with pytest.raises(Conflict, match="member already"):
        add_member(actor=acme.olivia, user=acme.alice.user, roles=["owner"])
    assert Membership.objects.filter(user=acme.alice.user).count() == 1


@pytest.mark.parametrize("roles", [[], ["king"], ["owner", "king"]])
def test_roles_have_to_exist(acme: Company, roles: list[str]) -> None:
    with pytest.raises(Invalid) as refusal:
        change_roles(actor=acme.olivia, member=acme.alice, roles=roles)
    assert [e.pointer for e in refusal.value.errors] == ["/roles"]


def test_roles_are_changed_and_told_in_words(acme: Company) -> None:
    changed = change_roles(actor=acme.olivia, member=acme.alice, roles=["compliance", "approver"])
    assert changed.roles == ["compliance", "approver"]
    assert summaries("member.roles_changed") == [
        "Olivia changed the roles of Alice from Approver to Compliance and Approver."
    ]


def test_the_same_roles_are_no_event(acme: Company) -> None:
    change_roles(actor=acme.olivia, member=acme.alice, roles=["approver"])
    assert summaries("member.roles_changed") == []


def test_the_last_owner_stays(acme: Company) -> None:
    with pytest.raises(Conflict, match="at least one active owner"):
        change_roles(actor=acme.olivia, member=acme.olivia, roles=["auditor"])
    second = change_roles(actor=acme.olivia, member=acme.carl, roles=["owner"])
    suspend_member(actor=acme.olivia, member=second)
    with pytest.raises(Conflict, match="at least one active owner"):
        change_roles(actor=acme.olivia, member=acme.olivia, roles=["auditor"])


def test_a_suspended_member_may_nothing_and_comes_back(acme: Company) -> None:
    suspended = suspend_member(actor=acme.olivia, member=acme.alice, reason="On leave.")
    assert active_member(acme.alice.user_id) is None
    assert not rules.may_approve(suspended)
    resumed = resume_member(actor=acme.olivia, member=suspended)
    assert active_member(acme.alice.user_id) == resumed
    assert summaries("member.suspended", "member.resumed") == [
        "Olivia suspended Alice: On leave.",
        "Olivia ended the suspension of Alice.",
    ]


def test_suspending_twice_and_resuming_twice_are_conflicts(acme: Company) -> None:
    with pytest.raises(Conflict, match="not suspended"):
        resume_member(actor=acme.olivia, member=acme.alice)
    suspend_member(actor=acme.olivia, member=acme.alice)
    with pytest.raises(Conflict, match="not active"):
        suspend_member(actor=acme.olivia, member=acme.alice)


def test_nobody_suspends_themselves(acme: Company) -> None:
    with pytest.raises(Forbidden, match="ask another owner"):
        suspend_member(actor=acme.olivia, member=acme.olivia)


@pytest.mark.parametrize("name", ["carl", "alice", "audrey"])
def test_only_owners_manage_people(acme: Company, name: str) -> None:
    actor, user = getattr(acme, name), make_user("dora")
    with pytest.raises(Forbidden):
        add_member(actor=actor, user=user, roles=["auditor"])
    with pytest.raises(Forbidden):
        change_roles(actor=actor, member=acme.bob, roles=["auditor"])
    with pytest.raises(Forbidden):
        suspend_member(actor=actor, member=acme.bob)
    with pytest.raises(Forbidden):
        resume_member(actor=actor, member=acme.bob)


def test_a_suspended_owner_may_nothing(acme: Company) -> None:
    second = change_roles(actor=acme.olivia, member=acme.carl, roles=["owner"])
    suspended = suspend_member(actor=acme.olivia, member=second)
    with pytest.raises(Forbidden):
        change_roles(actor=suspended, member=acme.bob, roles=["owner"])


MAY = {
    #                      owner, compliance, approver, auditor
    "may_manage_people": (True, False, False, False),
    "may_manage_agents": (True, False, False, False),
    "may_change_settings": (True, False, False, False),
    "may_read_settings": (True, True, False, True),
    "may_edit_policy": (False, True, False, False),
    "may_read_policy": (True, True, True, True),
    "may_erase_people": (True, True, False, False),
    "may_set_autonomy": (True, True, False, False),
    "may_resume_kill_switch": (True, True, False, False),
    "may_manage_integrations": (True, False, False, False),
    "may_suspend_integration": (True, True, False, False),
    "may_read_integrations": (True, True, False, True),
    "may_set_contest_text": (True, True, False, False),
    "may_set_retention": (True, True, False, False),
    "may_set_budgets": (True, True, False, False),
    "may_set_model_prices": (True, True, False, False),
    "may_approve": (False, False, True, False),
}


@pytest.mark.parametrize("rule", MAY)
def test_what_each_role_may(acme: Company, rule: str) -> None:
    people = (acme.olivia, acme.carl, acme.alice, acme.audrey)
    assert tuple(getattr(rules, rule)(member) for member in people) == MAY[rule]


def test_a_manager_is_set_changed_and_taken_away(acme: Company) -> None:
    for manager in (acme.charlie, acme.charlie, acme.carl, None):
        set_manager(actor=acme.olivia, member=acme.alice, manager=manager)
        assert Membership.objects.get(pk=acme.alice.pk).manager == manager
    assert summaries("member.manager_set") == [
        "Olivia made Charlie the manager of Alice.",
        "Olivia made Carl the manager of Alice instead of Charlie.",
        "Olivia set that Alice has no manager.",
    ]


def test_nobody_is_their_own_manager_nor_anybody_who_is_kept_out(acme: Company) -> None:
    suspend_member(actor=acme.olivia, member=acme.bob)
    acme.bob.refresh_from_db()
    for manager in (acme.alice, acme.bob):
        with pytest.raises(Invalid) as refusal:
            set_manager(actor=acme.olivia, member=acme.alice, manager=manager)
        assert [each.pointer for each in refusal.value.errors] == ["/manager"]
    assert Membership.objects.filter(manager__isnull=False).count() == 0


def test_only_an_owner_says_who_manages(acme: Company) -> None:
    for actor in (acme.carl, acme.alice, acme.audrey):
        with pytest.raises(Forbidden):
            set_manager(actor=actor, member=acme.alice, manager=acme.charlie)
    assert summaries("member.manager_set") == []
