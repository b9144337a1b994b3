"""Many approvals of one person at the same moment: no more count than the tenant allows."""

from functools import partial

from approvals.models import ActionRequest, Vote
from govapp.common.errors import Conflict
from govapp.common.tenancy import tenant_transaction
from tenants.services.tenants import update_settings
from tests.approvals.world import make_world, policy, stage
from tests.support.committed import CommittedDatabase


def test_the_cap_holds_for_many_at_once(committed_db: CommittedDatabase) -> None:
    world = make_world(policy(stage("finance")))
    company = world.company
    with tenant_transaction(company.id):
        update_settings(actor=company.olivia, tenant=company.tenant, approvals_per_hour=2)
    requests = [world.submit() for _ in range(6)]
    outcomes = committed_db.at_once(
        [partial(world.vote, company.alice, request) for request in requests]
    )
    assert sum(isinstance(each, ActionRequest) for each in outcomes) == 2
    assert sum(isinstance(each, Conflict) for each in outcomes) == 4
    with tenant_transaction(company.id):
        assert Vote.objects.count() == 2
