"""One code of an authenticator app, used many times at the same moment: it counts once."""

from functools import partial

from django.core.cache import cache
from django.db import transaction

from approvals.models import ActionRequest, Vote
from govapp.common.tenancy import tenant_transaction
from tenants.services.second_factor import CodeProof, CodeRefused
from tests.approvals.documents import asks, rules
from tests.approvals.world import make_world
from tests.support.authenticator import App
from tests.support.committed import CommittedDatabase


def test_a_code_is_spent_once_by_many_at_once(committed_db: CommittedDatabase) -> None:
    cache.clear()
    world = make_world(rules(asks("payments", flow="two", obligations={"step_up": True})))
    alice = world.company.alice
    requests = [world.submit() for _ in range(4)]
    with transaction.atomic():
        app = App(alice)
    code = app.code()
    outcomes = committed_db.at_once(
        [partial(world.vote, alice, request, proof=CodeProof(code)) for request in requests]
    )
    assert sum(isinstance(each, ActionRequest) for each in outcomes) == 1
    assert sum(isinstance(each, CodeRefused) for each in outcomes) == 3
    with tenant_transaction(world.company.id):
        assert Vote.objects.count() == 1
    cache.clear()
