"""Rights are guardian's, read in one statement and without its defaults."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from guardian.shortcuts import get_users_with_perms

from approvals.selectors.people import APPROVE, load_people, load_person
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import FOUR_EYES, give_right, make_world

pytestmark = pytest.mark.django_db


def test_the_rights_are_the_same_as_guardians() -> None:
    world = make_world(FOUR_EYES)
    make_world(FOUR_EYES, slug="other")
    with tenant_transaction(world.company.id):
        world.category.group_permissions.filter(group=world.company.finance.group).delete()
        give_right(world.category, world.company.charlie)
        users = get_users_with_perms(
            world.category, only_with_perms_in=[APPROVE], with_superusers=False
        )
        ours = {person.member.user for person in load_people(world.category.pk) if person.rights}
        assert ours == set(users)
        assert {user.name for user in ours} == {"Bob", "Charlie"}


def test_the_rights_say_where_they_come_from() -> None:
    world = make_world(FOUR_EYES)
    with tenant_transaction(world.company.id):
        give_right(world.category, world.company.charlie)
        with CaptureQueriesContext(connection) as seen:
            charlie = load_person(world.category.pk, world.company.charlie.pk)
        assert len(seen) == 1
    assert charlie is not None
    assert charlie.rights == ("person", "group:managers")
    assert charlie.keys == {"group:managers", "role:approver", "person:charlie@acme.example"}
