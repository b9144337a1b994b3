"""A secret is given out with the use of a permission, once, to who may have it, and recorded."""

from datetime import timedelta
from typing import Any

import pytest

from approvals.models import ActionRequest, ExecutionGrant
from approvals.services.execution import issue_grant, redeem_grant, redeem_with_key
from audit.models import LedgerEvent
from govapp.common.errors import Conflict, Forbidden
from govapp.common.tenancy import tenant_transaction
from tenants.models import Integration
from tenants.services.integration_secrets import revoke_secret, rotate_secret, set_secret
from tenants.services.reach_grants import grant_integration
from tests.approvals.documents import rule, rules
from tests.approvals.world import World, make_world
from tests.people import make_agent
from tests.support.recorded import read, text_of

pytestmark = pytest.mark.django_db

SECRET = "bank-signing-key-5e2f7a9b1c"


@pytest.fixture
def world() -> World:
    return make_world(rules(rule("all", "allow")))


def ready(world: World, kind: str = "injected", secret: str = SECRET) -> tuple[Integration, str]:
    """Return the system and a token of a permission on it."""
    made = world.reach(kind=kind)
    with tenant_transaction(world.company.id):
        if secret:
            set_secret(actor=world.company.olivia, integration=made, secret=secret)
    request = world.submit(integration="acme-bank")
    assert request.status == "allowed"
    with tenant_transaction(world.company.id):
        return made, issue_grant(agent=world.agent, request_id=request.pk).token


def recorded(world: World) -> list[dict[str, Any]]:
    with tenant_transaction(world.company.id):
        rows = LedgerEvent.objects.filter(type="integration.secret_injected").order_by("id")
        return [read(row) for row in rows]


def used(world: World) -> bool:
    with tenant_transaction(world.company.id):
        return ExecutionGrant.objects.get().redeemed_at is not None


def test_the_agent_is_given_the_secret_with_its_permission(world: World) -> None:
    made, token = ready(world)
    redeemed = redeem_with_key(token=token, redeemed_by="bank", by=world.agent.pk)
    given = redeemed.credential
    assert given is not None
    assert (given.value, given.scopes) == (SECRET, ("payments:read", "payments:write"))
    assert given.expires_at - (redeemed.grant.redeemed_at or given.expires_at) == timedelta(
        minutes=5
    )
    assert SECRET not in repr(redeemed)
    (event,) = recorded(world)
    with tenant_transaction(world.company.id):
        request = ActionRequest.objects.get()
    assert (event["subject"]["id"], event["request"]) == (made.public_id, request.public_id)
    data = event["data"]
    assert (data["secret_version"], data["given_to"], data["agent"]) == (
        1, world.agent.public_id, world.agent.public_id,
    )  # fmt: skip
    with tenant_transaction(world.company.id):
        everything = " ".join(text_of(row) for row in LedgerEvent.objects.all())
    assert SECRET not in everything


def test_it_is_given_once(world: World) -> None:
    _, token = ready(world)
    redeem_with_key(token=token, redeemed_by="bank", by=world.agent.pk)
    with pytest.raises(Conflict) as refused:
        redeem_with_key(token=token, redeemed_by="bank", by=world.agent.pk)
    assert refused.value.code == "grant_redeemed"
    assert len(recorded(world)) == 1


def test_without_a_key_nothing_is_given_and_the_permission_is_not_used_up(world: World) -> None:
    _, token = ready(world)
    with pytest.raises(Forbidden) as refused:
        redeem_grant(token=token, redeemed_by="bank")
    assert (refused.value.code, used(world)) == ("key_needed", False)
    assert redeem_with_key(token=token, redeemed_by="bank", by=world.agent.pk).credential


def test_an_executing_system_needs_a_grant_of_its_own(world: World) -> None:
    made, token = ready(world)
    executor, _ = make_agent(world.company, "executor")
    with pytest.raises(Forbidden) as refused:
        redeem_with_key(token=token, redeemed_by="bank", by=executor.pk)
    assert (refused.value.code, used(world)) == ("integration_not_granted", False)
    with tenant_transaction(world.company.id):
        grant_integration(
            actor=world.company.olivia, integration=made, agent=executor,
            categories=["payments.transfer"],
        )  # fmt: skip
    redeemed = redeem_with_key(token=token, redeemed_by="bank", by=executor.pk)
    assert redeemed.credential is not None
    assert [each["data"]["given_to"] for each in recorded(world)] == [executor.public_id]


def test_without_a_secret_the_permission_is_refused_and_not_used_up(world: World) -> None:
    made, token = ready(world)
    with tenant_transaction(world.company.id):
        revoke_secret(actor=world.company.olivia, integration=made)
    with pytest.raises(Conflict) as refused:
        redeem_with_key(token=token, redeemed_by="bank", by=world.agent.pk)
    assert (refused.value.code, used(world)) == ("secret_missing", False)
    with tenant_transaction(world.company.id):
        assert LedgerEvent.objects.filter(type="grant.redeem_refused").count() == 1


def test_after_a_rotation_the_new_one_is_given(world: World) -> None:
    made, token = ready(world)
    with tenant_transaction(world.company.id):
        rotate_secret(
            actor=world.company.olivia, integration=made, secret="another-1b3d",
            overlap=timedelta(hours=1),
        )  # fmt: skip
    given = redeem_with_key(token=token, redeemed_by="bank", by=world.agent.pk).credential
    assert given is not None
    assert given.value == "another-1b3d"
    assert [each["data"]["secret_version"] for each in recorded(world)] == [2]


@pytest.mark.parametrize("kind", ["bank", "model"])
def test_nothing_is_given_out_for_other_kinds(world: World, kind: str) -> None:
    _, token = ready(world, kind, secret=SECRET if kind == "model" else "")
    assert redeem_with_key(token=token, redeemed_by="bank", by=world.agent.pk).credential is None
    assert recorded(world) == []
