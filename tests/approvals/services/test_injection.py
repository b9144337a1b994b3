"""A secret is given out with the use of a permission, once, to who may have it, and recorded."""

from datetime import timedelta
from typing import Any

import pytest

from approvals.models import ActionRequest, ExecutionGrant
from approvals.services.execution import issue_grant, redeem_grant, redeem_with_key
from audit.models import LedgerEvent
from govapp.common.errors import Conflict, Forbidden
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent, Integration
from tenants.principals import AgentPrincipal
from tenants.services.integration_secrets import revoke_secret, rotate_secret, set_secret
from tenants.services.kill import throw
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


def key_of(agent: Agent, *categories: str) -> AgentPrincipal:
    """Return what a key of this agent is to the services, once it is authenticated."""
    return AgentPrincipal(agent.tenant_id, agent.pk, new_id(), categories=categories)


def recorded(world: World) -> list[dict[str, Any]]:
    with tenant_transaction(world.company.id):
        rows = LedgerEvent.objects.filter(type="integration.secret_injected").order_by("id")
        return [read(row) for row in rows]


def used(world: World) -> bool:
    with tenant_transaction(world.company.id):
        return ExecutionGrant.objects.get().redeemed_at is not None


def test_the_agent_is_given_the_secret_with_its_permission(world: World) -> None:
    made, token = ready(world)
    redeemed = redeem_with_key(token=token, redeemed_by="bank", by=key_of(world.agent))
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
    redeem_with_key(token=token, redeemed_by="bank", by=key_of(world.agent))
    with pytest.raises(Conflict) as refused:
        redeem_with_key(token=token, redeemed_by="bank", by=key_of(world.agent))
    assert refused.value.code == "grant_redeemed"
    assert len(recorded(world)) == 1


def test_without_a_key_nothing_is_given_and_the_permission_is_not_used_up(world: World) -> None:
    _, token = ready(world)
    with pytest.raises(Forbidden) as refused:
        redeem_grant(token=token, redeemed_by="bank")
    assert (refused.value.code, used(world)) == ("key_needed", False)
    assert redeem_with_key(token=token, redeemed_by="bank", by=key_of(world.agent)).credential


def test_an_executing_system_needs_a_grant_of_its_own(world: World) -> None:
    made, token = ready(world)
    executor, _ = make_agent(world.company, "executor")
    with pytest.raises(Forbidden) as refused:
        redeem_with_key(token=token, redeemed_by="bank", by=key_of(executor))
    assert (refused.value.code, used(world)) == ("integration_not_granted", False)
    with tenant_transaction(world.company.id):
        grant_integration(
            actor=world.company.olivia, integration=made, agent=executor,
            categories=["payments.transfer"],
        )  # fmt: skip
    redeemed = redeem_with_key(token=token, redeemed_by="bank", by=key_of(executor))
    assert redeemed.credential is not None
    assert [each["data"]["given_to"] for each in recorded(world)] == [executor.public_id]


def executor_of(world: World, made: Integration) -> Agent:
    """Return an executing system that was granted the integration itself."""
    executor, _ = make_agent(world.company, "executor")
    with tenant_transaction(world.company.id):
        grant_integration(
            actor=world.company.olivia, integration=made, agent=executor,
            categories=["payments.transfer"],
        )  # fmt: skip
    return executor


def refusal_of(token: str, by: AgentPrincipal) -> str:
    with pytest.raises(Forbidden) as refused:
        redeem_with_key(token=token, redeemed_by="bank", by=by)
    return refused.value.code


def test_a_killed_executing_system_is_given_nothing(world: World) -> None:
    made, token = ready(world)
    executor = executor_of(world, made)
    with tenant_transaction(world.company.id):
        throw(actor=world.company.olivia, scope="agent", ref=executor.public_id, reason="Odd.")
    assert (refusal_of(token, key_of(executor)), used(world)) == ("killed", False)
    with tenant_transaction(world.company.id):
        (event,) = LedgerEvent.objects.filter(type="grant.redeem_refused")
        assert "The kill switch for the agent executor was thrown on" in read(event)["data"]["why"]
    assert recorded(world) == []
    # The permission is another agent's, and is not used up.
    assert redeem_with_key(token=token, redeemed_by="bank", by=key_of(world.agent)).credential


def test_a_key_for_other_categories_is_given_nothing_whoever_has_it(world: World) -> None:
    made, token = ready(world)
    for agent in (world.agent, executor_of(world, made)):
        code = refusal_of(token, key_of(agent, "mails.*"))
        assert (code, used(world)) == ("category_not_of_key", False)
    assert recorded(world) == []
    covering = key_of(world.agent, "payments.*")
    assert redeem_with_key(token=token, redeemed_by="bank", by=covering).credential


def test_without_a_secret_the_permission_is_refused_and_not_used_up(world: World) -> None:
    made, token = ready(world)
    with tenant_transaction(world.company.id):
        revoke_secret(actor=world.company.olivia, integration=made)
    with pytest.raises(Conflict) as refused:
        redeem_with_key(token=token, redeemed_by="bank", by=key_of(world.agent))
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
    given = redeem_with_key(token=token, redeemed_by="bank", by=key_of(world.agent)).credential
    assert given is not None
    assert given.value == "another-1b3d"
    assert [each["data"]["secret_version"] for each in recorded(world)] == [2]


@pytest.mark.parametrize("kind", ["bank", "model"])
def test_nothing_is_given_out_for_other_kinds(world: World, kind: str) -> None:
    _, token = ready(world, kind, secret=SECRET if kind == "model" else "")
    assert (
        redeem_with_key(token=token, redeemed_by="bank", by=key_of(world.agent)).credential is None
    )
    assert recorded(world) == []
