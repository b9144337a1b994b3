"""Cut and used at the same moment: one waits for the other, and what was cut is not used."""

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

import pytest

from approvals.models import ExecutionGrant
from approvals.services.execution import issue_grant, redeem_grant
from govapp.common.errors import Conflict, Forbidden
from govapp.common.tenancy import tenant_transaction
from tenants.models import Integration, IntegrationGrant, TenantKey, VaultSecret
from tenants.services.integration_secrets import set_secret
from tenants.services.integrations import suspend_integration
from tenants.services.reach_grants import withdraw_grant
from tests.approvals.documents import rule, rules
from tests.approvals.world import World, make_world
from tests.support.committed import CommittedDatabase
from tests.tenants.systems import active_system


def suspend(world: World) -> None:
    system = Integration.objects.get()
    suspend_integration(actor=world.company.carl, integration=system, reason="Odd.")


def withdraw(world: World) -> None:
    grant = IntegrationGrant.objects.select_related("integration").get()
    withdraw_grant(actor=world.company.olivia, grant=grant)


CUTS: dict[str, tuple[Callable[[World], None], str]] = {
    "suspended": (suspend, "integration_suspended"),
    "withdrawn": (withdraw, "integration_not_granted"),
}


@pytest.fixture
def world(committed_db: CommittedDatabase) -> World:
    made = make_world(rules(rule("all", "allow")))
    made.reach()
    return made


@pytest.mark.parametrize("how", CUTS)
def test_a_permission_that_is_used_while_it_is_cut_waits_and_is_dead(
    world: World, committed_db: CommittedDatabase, how: str
) -> None:
    cut, code = CUTS[how]
    request = world.submit(integration="acme-bank")
    with tenant_transaction(world.company.id):
        token = issue_grant(agent=world.agent, request_id=request.pk).token
    with tenant_transaction(world.company.id):
        cut(world)
        beside: Future[Any] = committed_db.begin_beside(
            partial(redeem_grant, token=token, redeemed_by="bank")
        )
        assert not beside.done()
    with pytest.raises(Conflict) as refused:
        beside.result(timeout=120)
    assert refused.value.code == code
    with tenant_transaction(world.company.id):
        assert ExecutionGrant.objects.get().redeemed_at is None


@pytest.mark.parametrize("how", CUTS)
def test_a_permission_that_is_asked_for_while_it_is_cut_is_not_issued(
    world: World, committed_db: CommittedDatabase, how: str
) -> None:
    cut, code = CUTS[how]
    request = world.submit(integration="acme-bank")

    def issue() -> object:
        with tenant_transaction(world.company.id):
            return issue_grant(agent=world.agent, request_id=request.pk)

    with tenant_transaction(world.company.id):
        cut(world)
        beside = committed_db.begin_beside(issue)
        assert not beside.done()
    with pytest.raises(Forbidden) as refused:
        beside.result(timeout=120)
    assert refused.value.code == code


def test_two_first_secrets_at_once_share_one_key(
    world: World, committed_db: CommittedDatabase
) -> None:
    company = world.company
    with tenant_transaction(company.id):
        systems = [active_system(company, f"signer-{n}", kind="injected") for n in range(4)]

    def put(system: Integration) -> VaultSecret:
        with tenant_transaction(company.id):
            return set_secret(actor=company.olivia, integration=system, secret=f"s-{system.slug}")

    outcomes = committed_db.at_once([partial(put, system) for system in systems])
    assert [type(each) for each in outcomes] == [VaultSecret] * 4
    with tenant_transaction(company.id):
        assert (TenantKey.objects.count(), VaultSecret.objects.count()) == (1, 4)
