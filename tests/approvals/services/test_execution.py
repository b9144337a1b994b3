"""The permission: issued once, withdrawn, reported; only by legal moves."""

from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import Any

import jwt
import pytest

from approvals.enums import ExecutionState, TimerKind, TimerStatus
from approvals.models import ActionRequest, ExecutionGrant, GrantKey, Timer
from approvals.selectors.keys import jwks
from approvals.services.execution import (
    IssuedGrant,
    issue_grant,
    redeem_grant,
    report_execution,
    revoke_grant,
)
from approvals.services.timers import sweep
from audit.models import LedgerEvent
from govapp.common.errors import Conflict, Forbidden, Invalid, NotFound
from govapp.common.ids import public_id
from govapp.common.tenancy import tenant_transaction
from tenants.services.agents import pause_agent
from tests.approvals.world import FOUR_EYES, World, make_world
from tests.conftest import MoveClock
from tests.people import make_agent
from tests.support.recorded import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world(FOUR_EYES)


def approved(world: World) -> ActionRequest:
    request = world.submit()
    world.vote(world.company.alice, request)
    return world.vote(world.company.bob, request)


def issue(world: World, request: ActionRequest) -> IssuedGrant:
    with tenant_transaction(world.company.id):
        return issue_grant(agent=world.agent, request_id=request.pk)


def report(world: World, request: ActionRequest, outcome: Any, **more: Any) -> ActionRequest:
    with tenant_transaction(world.company.id):
        return report_execution(agent=world.agent, request_id=request.pk, outcome=outcome, **more)


def state_of(world: World, request: ActionRequest) -> str:
    with tenant_transaction(world.company.id):
        return ActionRequest.objects.get(pk=request.pk).execution_state


def event_types(world: World, request: ActionRequest) -> list[str]:
    with tenant_transaction(world.company.id):
        events = LedgerEvent.objects.filter(request_id=request.pk).order_by("id")
        types = list(events.values_list("type", flat=True))
    return [each for each in types if each.split(".")[0] in ("grant", "execution")]


def test_a_token_verifies_with_the_published_keys_alone(world: World) -> None:
    request = approved(world)
    token = issue(world, request).token
    header = jwt.get_unverified_header(token)
    assert header.keys() == {"alg", "typ", "kid"}
    assert (header["alg"], header["typ"]) == ("EdDSA", "govapp-grant+jwt")
    key = next(each for each in jwt.PyJWKSet.from_dict(jwks()).keys if each.key_id == header["kid"])
    tenant = public_id("tn", world.company.id)
    claims = jwt.decode(
        token,
        key,
        algorithms=["EdDSA"],
        audience="govapp-grant",
        issuer=f"http://127.0.0.1:8000/t/{tenant}",
        options={"require": ["exp", "iat", "nbf", "iss", "aud", "sub", "jti"]},
    )
    assert claims["exp"] - claims["iat"] <= 300
    assert {name: claims[name] for name in claims.keys() - {"exp", "iat", "nbf", "jti"}} == {
        "iss": f"http://127.0.0.1:8000/t/{tenant}",
        "sub": world.agent.public_id,
        "aud": "govapp-grant",
        "tenant": tenant,
        "agent": world.agent.public_id,
        "request": request.public_id,
        "category": "payments.transfer",
        "payload_digest": request.payload_digest,
        "policy_version": 1,
    }


def test_the_private_key_is_stored_sealed_and_made_once(world: World) -> None:
    for _ in range(2):
        issue(world, approved(world))
    with tenant_transaction(world.company.id):
        (key,) = GrantKey.objects.all()
    published = {each["kid"]: each["x"] for each in jwks()["keys"]}
    assert urlsafe_b64decode(published[key.kid] + "=") == bytes(key.public_key)
    assert len(bytes(key.private_key_sealed)) > 32


def test_only_a_decision_that_permits_yields_a_permission(world: World) -> None:
    pending = world.submit()
    with pytest.raises(Conflict, match="is still open"):
        issue(world, pending)
    denied = world.submit(category="unknown.kind")
    with pytest.raises(Conflict, match="was blocked"):
        issue(world, denied)


def test_a_permission_is_issued_once_and_again_when_it_expired_unused(
    world: World, move_clock: MoveClock
) -> None:
    request = approved(world)
    first = issue(world, request)
    with pytest.raises(Conflict, match="issued already"):
        issue(world, request)
    move_clock(timedelta(minutes=5, seconds=1))
    second = issue(world, request)
    assert second.jti != first.jti
    with pytest.raises(Conflict, match="withdrawn"):
        redeem_grant(token=first.token, redeemed_by="bank")
    redeem_grant(token=second.token, redeemed_by="bank")
    assert event_types(world, request) == [
        "grant.issued", "grant.issued", "grant.redeem_refused", "grant.redeemed"
    ]  # fmt: skip


def test_another_agent_and_a_paused_one_get_none(world: World) -> None:
    request = approved(world)
    other, _ = make_agent(world.company, "other")
    with tenant_transaction(world.company.id):
        with pytest.raises(NotFound):
            issue_grant(agent=other, request_id=request.pk)
        with pytest.raises(NotFound):
            report_execution(agent=other, request_id=request.pk, outcome="succeeded")
        pause_agent(actor=world.company.olivia, agent=world.agent, reason="odd behaviour")
        with pytest.raises(Forbidden):
            issue_grant(agent=world.agent, request_id=request.pk)


def test_the_whole_way_is_recorded_in_words(world: World) -> None:
    request = approved(world)
    token = issue(world, request).token
    grant = redeem_grant(token=token, redeemed_by="acme-bank")
    assert (grant.redeemed_by, state_of(world, request)) == ("acme-bank", "redeemed")
    report(world, request, "succeeded", note="paid", cost={"amount": "0.40", "tokens": 5200})
    report(world, request, "rolled_back")
    assert event_types(world, request) == [
        "grant.issued", "grant.redeemed", "execution.reported", "execution.reported"
    ]  # fmt: skip
    with tenant_transaction(world.company.id):
        bodies = [
            text_of(event)
            for event in LedgerEvent.objects.filter(request_id=request.pk).order_by("id")
        ]
    assert any(
        "was used by the executing system, said to be “acme-bank”" in body for body in bodies
    )
    assert any("reported “Pay Acme Ltd” as done: paid" in body for body in bodies)
    assert not any(token in body for body in bodies)


def test_an_outcome_needs_a_used_permission_and_legal_moves(world: World) -> None:
    request = approved(world)
    with pytest.raises(Conflict):
        report(world, request, "succeeded")
    token = issue(world, request).token
    with pytest.raises(Conflict):
        report(world, request, "succeeded")
    redeem_grant(token=token, redeemed_by="")
    with pytest.raises(Invalid):
        report(world, request, "exploded")
    with pytest.raises(Invalid):
        report(world, request, "failed", note="a\0b")
    report(world, request, "failed")
    with pytest.raises(Conflict):
        report(world, request, "succeeded")
    assert state_of(world, request) == ExecutionState.FAILED


def test_an_outcome_not_reported_in_time_is_unknown_and_can_still_be_reported(
    world: World, move_clock: MoveClock
) -> None:
    request = approved(world)
    redeem_grant(token=issue(world, request).token, redeemed_by="bank")
    move_clock(timedelta(minutes=15, seconds=1))
    sweep()
    assert state_of(world, request) == ExecutionState.UNKNOWN
    report(world, request, "succeeded")
    assert state_of(world, request) == ExecutionState.SUCCEEDED


def test_a_report_closes_the_timer(world: World) -> None:
    request = approved(world)
    redeem_grant(token=issue(world, request).token, redeemed_by="bank")
    report(world, request, "succeeded")
    with tenant_transaction(world.company.id):
        timer = Timer.objects.get(request=request, kind=TimerKind.RECONCILE)
    assert timer.status == TimerStatus.SUPERSEDED


@pytest.mark.parametrize("issued", [True, False])
def test_a_permission_is_withdrawn_before_it_is_used(world: World, issued: bool) -> None:
    request = approved(world)
    token = issue(world, request).token if issued else ""
    with tenant_transaction(world.company.id):
        for person in (world.company.charlie, world.company.audrey):
            with pytest.raises(Forbidden):
                revoke_grant(actor=person, request_id=request.pk, reason="no")
        with pytest.raises(Invalid):
            revoke_grant(actor=world.company.alice, request_id=request.pk, reason=" ")
        revoke_grant(actor=world.company.alice, request_id=request.pk, reason="wrong payee")
        with pytest.raises(Conflict):
            revoke_grant(actor=world.company.carl, request_id=request.pk, reason="again")
    with pytest.raises(Conflict):
        issue(world, request)
    if issued:
        with pytest.raises(Conflict, match="withdrawn"):
            redeem_grant(token=token, redeemed_by="bank")
    assert state_of(world, request) == ExecutionState.REVOKED


def test_a_used_permission_cannot_be_withdrawn(world: World) -> None:
    request = approved(world)
    redeem_grant(token=issue(world, request).token, redeemed_by="bank")
    with tenant_transaction(world.company.id):
        with pytest.raises(Conflict):
            revoke_grant(actor=world.company.carl, request_id=request.pk, reason="late")
        assert ExecutionGrant.objects.get(request=request).revoked_at is None
