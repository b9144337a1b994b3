"""While the key of the vault is replaced, secrets are given out, set and replaced as ever."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from approvals.models import ExecutionGrant
from approvals.services.execution import issue_grant, redeem_with_key
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tenants.models import Integration, TenantKey, VaultSecret
from tenants.principals import AgentPrincipal
from tenants.services import vault, vault_rotation
from tenants.services.integration_secrets import rotate_secret, set_secret
from tenants.services.vault_rotation import renew_vault, rotate_data_key
from tests.approvals.documents import rule, rules
from tests.approvals.world import World, make_world
from tests.support.committed import CommittedDatabase
from tests.tenants.systems import active_system

SECRET = "bank-signing-key-5e2f7a9b1c"
ROUNDS = 5


@pytest.fixture
def world(committed_db: CommittedDatabase, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(vault_rotation, "BATCH", 1)  # as many transactions as can be
    made = make_world(rules(rule("all", "allow")))
    system = made.reach(kind="injected")
    company = made.company
    with tenant_transaction(company.id):
        set_secret(actor=company.olivia, integration=system, secret=SECRET)
        for number in range(4):
            other = active_system(company, f"signer-{number}", kind="injected")
            set_secret(actor=company.olivia, integration=other, secret=f"sk-{number}")
    return made


def permission(world: World) -> str:
    request = world.submit(integration="acme-bank")
    with tenant_transaction(world.company.id):
        return issue_grant(agent=world.agent, request_id=request.pk).token


def replace_key(world: World) -> None:
    """Replace the key several times, each time to the end."""
    for _ in range(ROUNDS):
        with tenant_transaction(world.company.id):
            rotate_data_key(actor=world.company.olivia, reason="Once a year.")
        while not renew_vault(tenant_id=world.company.id):
            pass


def use(world: World, token: str) -> str:
    by = AgentPrincipal(world.company.id, world.agent.pk, new_id())
    given = redeem_with_key(token=token, redeemed_by="bank", by=by).credential
    assert given is not None
    return given.value


def replace_secrets(world: World, slug: str) -> str:
    """Replace one secret again and again, with an overlap."""
    company = world.company
    for number in range(ROUNDS):
        with tenant_transaction(company.id):
            rotate_secret(
                actor=company.olivia, integration=Integration.objects.get(slug=slug),
                secret=f"{slug}-{number}", overlap=timedelta(hours=1),
            )  # fmt: skip
    return f"{slug}-{ROUNDS - 1}"


def test_permissions_are_used_and_secrets_replaced_while_the_key_is(
    world: World, committed_db: CommittedDatabase
) -> None:
    tokens = [permission(world) for _ in range(12)]
    calls: list[Callable[[], Any]] = [partial(replace_key, world)]
    calls += [partial(use, world, token) for token in tokens]
    calls += [partial(replace_secrets, world, f"signer-{number}") for number in range(2)]
    outcomes = committed_db.at_once(calls)
    assert outcomes == [None, *[SECRET] * 12, "signer-0-4", "signer-1-4"]
    with tenant_transaction(world.company.id):
        assert ExecutionGrant.objects.exclude(redeemed_at=None).count() == 12
        live = list(TenantKey.objects.filter(destroyed_at=None).values_list("version", flat=True))
        assert live == [1 + ROUNDS]
        assert {each.key_version for each in VaultSecret.objects.all()} == {1 + ROUNDS}
        opened = [
            vault.open_for(secret=found, purpose="redemption")
            for each in Integration.objects.order_by("slug")
            if (found := vault.find_secret(each.public_id)) is not None
        ]
    assert opened == [SECRET, "signer-0-4", "signer-1-4", "sk-2", "sk-3"]


def test_a_secret_that_is_being_set_is_under_the_key_that_stays(
    world: World, committed_db: CommittedDatabase
) -> None:
    """Whoever replaces the key waits for it, so that the former key is not destroyed under it."""
    company = world.company
    with tenant_transaction(company.id):
        late = active_system(company, "late", kind="injected")
        set_secret(actor=company.olivia, integration=late, secret="sk-late")
        replacing = committed_db.begin_beside(partial(replace_key, world))
        assert not replacing.done()
    replacing.result(120)
    with tenant_transaction(company.id):
        found = vault.find_secret(late.public_id)
        assert found is not None
        assert (found.key_version, vault.open_for(secret=found, purpose="redemption")) == (
            1 + ROUNDS, "sk-late",
        )  # fmt: skip


def test_who_waited_for_the_new_key_seals_under_it(
    world: World, committed_db: CommittedDatabase
) -> None:
    company = world.company
    with tenant_transaction(company.id):
        late = active_system(company, "late", kind="injected")

    def put() -> VaultSecret:
        with tenant_transaction(company.id):
            return set_secret(actor=company.olivia, integration=late, secret="sk-late")

    with tenant_transaction(company.id):
        rotate_data_key(actor=company.olivia, reason="Once a year.")
        putting = committed_db.begin_beside(put)
        assert not putting.done()
    assert putting.result(120).key_version == 2


def test_two_who_replace_it_at_once_make_one_key(
    world: World, committed_db: CommittedDatabase
) -> None:
    def rotate() -> int:
        with tenant_transaction(world.company.id):
            return rotate_data_key(actor=world.company.olivia, reason="Once a year.").version

    outcomes = committed_db.at_once([rotate] * 4)
    assert sorted(getattr(each, "code", str(each)) for each in outcomes) == [
        "2", "rotation_under_way", "rotation_under_way", "rotation_under_way",
    ]  # fmt: skip


def test_two_jobs_at_once_seal_everything_once(
    world: World, committed_db: CommittedDatabase
) -> None:
    with tenant_transaction(world.company.id):
        rotate_data_key(actor=world.company.olivia, reason="Once a year.")
    outcomes = committed_db.at_once([partial(renew_vault, tenant_id=world.company.id)] * 4)
    assert {type(each) for each in outcomes} == {bool}
    assert renew_vault(tenant_id=world.company.id)
    with tenant_transaction(world.company.id):
        assert {each.key_version for each in VaultSecret.objects.all()} == {2}
