"""On what an agent may book: what that takes to find out."""

import pytest
from pytest_django import DjangoAssertNumQueries

from approvals.selectors.bookable import require_bookable
from govapp.common.errors import Forbidden
from govapp.common.tenancy import tenant_transaction
from tenants.selectors.budgets import Purpose
from tests.approvals.world import make_world
from tests.tenants.systems import active_system, give

pytestmark = pytest.mark.django_db


def test_what_is_granted_is_found_without_reading_requests(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    world = make_world()
    agent = world.agent
    with tenant_transaction(world.company.id):
        give(world.company, agent, active_system(world.company, "acme-bank"), "payments.*")
        granted = Purpose(agent.pk, "payments.transfer", "acme-bank")
        with django_assert_num_queries(2):  # its grants, the category
            require_bookable(agent, granted, opened=())
        with django_assert_num_queries(0):
            require_bookable(agent, Purpose(agent.pk, run="r1"), opened=())
        with django_assert_num_queries(2), pytest.raises(Forbidden):  # its grants, its requests
            require_bookable(agent, Purpose(agent.pk, integration="crm"), opened=())
