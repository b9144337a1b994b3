"""What was decided is asked again as its permission is issued and used."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest

from approvals.models import ActionRequest, Run
from approvals.run_steps import Step
from approvals.services.execution import issue_grant, redeem_grant
from approvals.services.run_steps import add_step
from approvals.services.runs import start_run
from govapp.common.errors import Conflict, DomainError, Forbidden
from govapp.common.tenancy import bind_tenant, tenant_transaction
from tenants.models import Autonomy, Integration
from tests.approvals.paying import forget
from tests.approvals.services.test_autonomy import POLICIES, let
from tests.approvals.test_retention import pruned
from tests.approvals.world import World, make_world

pytestmark = pytest.mark.django_db
GOES: Final = "goes"


def decided(world: World, how: str) -> ActionRequest:
    """Return a request that was allowed by a rule, let past the default, or approved."""
    if how == "acted":
        set_level(world, "act")
    request = world.submit()
    if how == "approved":
        world.vote(world.company.alice, request)
        with tenant_transaction(world.company.id):
            request.refresh_from_db()
    assert request.status == ("approved" if how == "approved" else "allowed")
    return request


DOCUMENTS: Final[dict[str, dict[str, Any]]] = {
    "allowed": POLICIES["allow"],
    "acted": POLICIES["default asks"],
    "approved": POLICIES["ask"],
}


def set_level(world: World, level: str | None) -> None:
    with tenant_transaction(world.company.id):
        Autonomy.objects.all().delete()
    if level:
        let(world, level)


@pytest.mark.parametrize(
    ("how", "level", "code"),
    [
        ("allowed", "recommend", "recommend_only"),
        ("allowed", "ask", "autonomy_ask"),
        ("allowed", "policy", GOES),
        ("allowed", "act", GOES),
        ("acted", "recommend", "recommend_only"),
        ("acted", "ask", "autonomy_ask"),
        ("acted", "policy", "autonomy_ask"),
        ("acted", None, "autonomy_ask"),
        ("acted", "act", GOES),
        ("approved", "recommend", "recommend_only"),
        ("approved", "ask", GOES),
        ("approved", "policy", GOES),
    ],
)
def test_the_level_that_an_agent_has_by_now_holds_its_permissions(
    how: str, level: str | None, code: str
) -> None:
    world = make_world(DOCUMENTS[how])
    unissued, issued = decided(world, how), decided(world, how)
    token = grant(world, issued)
    set_level(world, level)
    assert ended(lambda: grant(world, unissued), Forbidden) == code
    assert ended(lambda: redeem(world, token), Conflict) == code


@pytest.mark.parametrize("how", ["allowed", "acted", "approved"])
def test_what_nobody_can_look_at_any_more_is_not_done(how: str, move_clock: Any) -> None:
    world = make_world(DOCUMENTS[how])
    request = decided(world, how)
    move_clock(timedelta(days=60))
    pruned(world)
    set_level(world, "policy")
    assert ended(lambda: grant(world, request), Forbidden) == "contents_gone"


def test_a_permission_from_before_its_contents_went_is_not_accepted() -> None:
    world = make_world(DOCUMENTS["allowed"])
    request = world.submit()
    token = grant(world, request)
    forget(request)
    assert ended(lambda: redeem(world, token), Conflict) == "contents_gone"


def test_the_words_say_what_to_do() -> None:
    world = make_world(DOCUMENTS["acted"])
    request = decided(world, "acted")
    set_level(world, None)
    with pytest.raises(Forbidden) as refused:
        grant(world, request)
    assert str(refused.value) == (
        "No rule allowed this, and payer does not act on its own any more where none does: submit"
        " it anew."
    )
    set_level(world, "ask")
    with pytest.raises(Forbidden) as refused:
        grant(world, request)
    assert str(refused.value) == (
        "payer always asks a person below payments. Nobody was asked: submit it anew."
    )


def grant(world: World, request: ActionRequest) -> str:
    with tenant_transaction(world.company.id):
        return issue_grant(agent=world.agent, request_id=request.pk).token


def redeem(world: World, token: str) -> None:
    with bind_tenant(world.company.id):
        redeem_grant(token=token, redeemed_by="bank")


def ended(call: Callable[[], object], refusal: type[DomainError]) -> str:
    try:
        call()
    except refusal as refused:
        return refused.code
    return GOES


def in_run(world: World) -> Run:
    with tenant_transaction(world.company.id):
        return start_run(agent=world.agent, key="task")


def read(world: World, run: Run, key: str, *labels: str) -> None:
    with tenant_transaction(world.company.id):
        step = Step(key=key, kind="retrieval", labels=labels)
        add_step(agent=world.agent, run_id=run.pk, step=step)


def both(world: World, **fields: Any) -> Callable[[], list[str]]:
    """Return what says how a permission is issued, and one used that was issued before."""
    fields |= {"integration": "acme-bank"}
    unissued, issued = world.submit(**fields), world.submit(**fields)
    token = grant(world, issued)
    return lambda: [
        ended(lambda: grant(world, unissued), Forbidden),
        ended(lambda: redeem(world, token), Conflict),
    ]


def test_a_system_that_is_cleared_for_less_by_now_gets_nothing() -> None:
    world = make_world(POLICIES["allow"])
    world.reach(labels_cleared=["customer-pii"])
    run = in_run(world)
    read(world, run, "file", "customer-pii")
    tried = both(world, run=run.public_id)
    with tenant_transaction(world.company.id):
        Integration.objects.update(labels_cleared=[])
    assert tried() == ["labels_not_cleared"] * 2


def test_what_flows_into_the_run_by_now_counts_unless_a_step_is_named() -> None:
    world = make_world(POLICIES["allow"])
    world.reach()
    run = in_run(world)
    read(world, run, "plain")
    of_run, of_step = (both(world, run=run.public_id, **more) for more in ({}, {"step": "plain"}))
    read(world, run, "file", "customer-pii")
    assert (of_run(), of_step()) == (["labels_not_cleared"] * 2, [GOES] * 2)
