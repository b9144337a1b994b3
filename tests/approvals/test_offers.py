"""Categories and delegations as they are offered to be chosen, each tenant its own."""

import pytest

from approvals.services.categories import create_category
from govapp.common.tenancy import tenant_transaction
from tenants.enums import KillScope
from tenants.offers import Offer, name_of, read_offers
from tests.approvals.chains import make_chain
from tests.approvals.world import make_world

pytestmark = pytest.mark.django_db


def test_categories_that_are_in_use_are_offered() -> None:
    world, other = make_world(None), make_world(None, "globex")
    for each, keys in ((world, ("crm.note", "crm.old")), (other, ("theirs.alone",))):
        with tenant_transaction(each.company.id):
            for key in keys:
                create_category(actor=each.company.carl, key=key, name=key.title(), risk="low")
    with tenant_transaction(world.company.id):
        found = read_offers(KillScope.CATEGORY, "crm").offers
        assert found == [
            Offer("crm.*", "Every category under crm"),
            Offer("crm.note", "Crm.Note"),
            Offer("crm.old", "Crm.Old"),
        ]
        assert read_offers(KillScope.CATEGORY, "theirs").offers == []
        few = read_offers(KillScope.CATEGORY, "crm", at_most=2)
        assert (len(few.offers), few.has_more) == (2, True)


def test_delegations_in_force_are_offered_the_newest_first() -> None:
    chain = make_chain(3)
    first, second, third = (handed.delegation for handed in chain.handed)
    with tenant_transaction(chain.tenant_id):
        found = read_offers(KillScope.DELEGATION).offers
        assert found == [
            Offer(third.public_id, "clerk to runner", third.public_id),
            Offer(second.public_id, "buyer to clerk", second.public_id),
            Offer(first.public_id, "planner to buyer", first.public_id),
        ]
        searched = read_offers(KillScope.DELEGATION, "clerk buyer").offers
        assert searched == [found[1]]
        assert read_offers(KillScope.DELEGATION, second.public_id).offers == [found[1]]
        assert name_of(KillScope.DELEGATION, second.public_id) == "buyer to clerk"
        assert name_of(KillScope.DELEGATION, "dg_none") == "dg_none"
    chain.revoke(second, chain.world.company.carl, "Over.")
    with tenant_transaction(chain.tenant_id):
        assert read_offers(KillScope.DELEGATION).offers == [found[2]]
