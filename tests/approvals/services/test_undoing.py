"""Taking an executed action back: a linked request under its own policy, in time, once."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from approvals.models import ActionCategory, ActionRequest
from approvals.selectors.inbox import decidable_by
from approvals.services.categories import change_category, create_category
from approvals.services.delegations import Handed, Wish, create_delegation, revoke_delegation
from approvals.services.execution import issue_grant, redeem_grant, report_execution
from approvals.services.undoing import request_undo
from approvals.undoing import parse_lines
from audit.models import LedgerEvent
from govapp.common.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent, Credential, Membership
from tenants.services.agents import change_agent
from tests.approvals.world import World, give_right, make_world, policy, stage
from tests.conftest import MoveClock
from tests.people import make_agent
from tests.support.recorded import read
from tests.tenants.budgets.companies import set_one, used
from tests.tenants.ledger import events

pytestmark = pytest.mark.django_db

UNDO = {
    "category": "payments.refund",
    "payload": parse_lines('amount = /amount\nreverses = request\ncurrency = "EUR"'),
    "within_hours": 48,
}
SCHEMA = {
    "type": "object",
    "properties": {
        "amount": {"type": "string"}, "reverses": {"type": "string"},
        "currency": {"type": "string"},
    },
    "required": ["amount", "reverses"],
    "additionalProperties": False,
}  # fmt: skip


def document(then: str = "allow") -> dict[str, Any]:
    """Payments are allowed; what takes them back as said here."""
    made = policy(payments=[stage("finance")])
    made["rules"] = [
        {"id": "pay", "when": {"category": "payments.transfer"}, "then": "allow"},
        {"id": "back", "when": {"category": "payments.refund"}, "then": then}
        | ({"flow": "payments"} if then == "require_approval" else {}),
    ]
    return made


def undoable(then: str = "allow") -> World:
    """A company whose payments can be taken back for two days."""
    world = make_world(document(then))
    with tenant_transaction(world.company.id):
        ActionCategory.objects.create(key="payments.refund", name="Refund", payload_schema=SCHEMA)
        ActionCategory.objects.filter(key="payments.transfer").update(undo=UNDO)
    return world


@pytest.fixture
def world() -> World:
    return undoable()


def execute(world: World, request: ActionRequest, outcome: Any = "succeeded") -> None:
    """Carry a permitted request out."""
    with tenant_transaction(world.company.id):
        grant = issue_grant(agent=request.agent, request_id=request.pk)
    redeem_grant(token=grant.token, redeemed_by="bank")
    if outcome is not None:
        with tenant_transaction(world.company.id):
            report_execution(agent=request.agent, request_id=request.pk, outcome=outcome)


def done(world: World) -> ActionRequest:
    request = world.submit()
    execute(world, request)
    return request


def undo(world: World, request: ActionRequest, by: Agent | Membership | None = None) -> Any:
    with tenant_transaction(world.company.id):
        return request_undo(
            actor=by or world.agent, request_id=request.pk, reason="Paid to the wrong one."
        )


def refused(error: type[DomainError], call: Callable[..., Any], *args: Any) -> DomainError:
    with pytest.raises(error) as found:
        call(*args)
    return found.value


def state(world: World, request: ActionRequest) -> str:
    with tenant_transaction(world.company.id):
        return ActionRequest.objects.get(pk=request.pk).execution_state


def test_it_is_asked_for_as_another_action_of_the_same_agent(world: World) -> None:
    paid = done(world)
    made = undo(world, paid)
    assert (made.category_key, made.status, made.undoes_id) == (
        "payments.refund", "allowed", paid.pk,
    )  # fmt: skip
    assert made.payload == {"amount": "900.00", "reverses": paid.public_id, "currency": "EUR"}
    assert (made.agent_id, made.summary) == (world.agent.pk, "Undo: Pay Acme Ltd")
    assert state(world, paid) == "succeeded"  # nothing has happened yet


def test_when_it_is_executed_the_first_is_rolled_back(world: World) -> None:
    paid = done(world)
    made = undo(world, paid)
    execute(world, made)
    assert (state(world, paid), state(world, made)) == ("rolled_back", "succeeded")
    with tenant_transaction(world.company.id):
        (asked,) = events("action_request.undo_asked")
        (undone,) = events("execution.undone")
        submitted = events("action_request.submitted")[1]
    assert asked["request"] == undone["request"] == paid.public_id
    assert asked["data"]["undo"] == undone["data"]["undone_by"] == made.public_id
    assert asked["data"]["reason"] == "Paid to the wrong one."
    assert submitted["data"]["undoes"] == paid.public_id
    error = refused(Conflict, undo, world, paid)
    assert error.code == "undone"


def test_when_it_fails_the_first_stays_and_it_can_be_asked_for_again(world: World) -> None:
    paid = done(world)
    made = undo(world, paid)
    execute(world, made, "failed")
    assert state(world, paid) == "succeeded"
    again = undo(world, paid)
    execute(world, again)
    assert state(world, paid) == "rolled_back"


def test_while_it_is_asked_for_it_is_not_asked_for_again(world: World) -> None:
    paid = done(world)
    made = undo(world, paid)
    error = refused(Conflict, undo, world, paid)
    assert (error.code, made.public_id in error.detail) == ("undo_under_way", True)


def test_it_is_under_its_own_policy() -> None:
    world = undoable("require_approval")
    paid = done(world)
    made = undo(world, paid)
    assert made.status == "pending"
    assert refused(Conflict, undo, world, paid).code == "undo_under_way"


def test_what_the_rules_deny_is_denied_and_leaves_the_first_as_it_was() -> None:
    world = undoable("deny")
    paid = done(world)
    assert undo(world, paid).status == "blocked"
    assert undo(world, paid).status == "blocked"  # it came to nothing, so it may be tried again
    assert state(world, paid) == "succeeded"


@pytest.mark.parametrize("outcome", [None, "failed"])
def test_only_what_was_done_can_be_taken_back(world: World, outcome: str | None) -> None:
    waiting = world.submit()
    assert refused(Conflict, undo, world, waiting).code == "not_executed"
    execute(world, waiting, outcome)
    assert refused(Conflict, undo, world, waiting).code == "not_executed"


def test_what_its_agent_took_back_itself_is_taken_back(world: World) -> None:
    paid = done(world)
    made = undo(world, paid)
    with tenant_transaction(world.company.id):
        report_execution(agent=world.agent, request_id=paid.pk, outcome="rolled_back")
    execute(world, made)
    assert state(world, paid) == "rolled_back"
    with tenant_transaction(world.company.id):
        assert events("execution.undone") == []


@pytest.mark.parametrize("is_said_before", [False, True])
def test_only_what_was_taken_back_gives_its_amount_back(world: World, is_said_before: bool) -> None:
    with tenant_transaction(world.company.id):
        ActionCategory.objects.filter(key="payments.transfer").update(amount_field="amount")
    budget = set_one(world.company, "1000.00", scope="category", ref="payments.transfer")
    paid = world.submit(payload={"amount": "900.00", "currency": "EUR"})
    execute(world, paid)
    made = undo(world, paid)
    if is_said_before:
        with tenant_transaction(world.company.id):
            report_execution(agent=world.agent, request_id=paid.pk, outcome="rolled_back")
    assert used(world.company, budget) == [(Decimal(0), Decimal(900))]
    execute(world, made)
    assert used(world.company, budget) == [(Decimal(0), Decimal(0))]


def test_there_is_a_time_for_it(world: World, move_clock: MoveClock) -> None:
    first, second = done(world), done(world)
    move_clock(timedelta(hours=47))
    undo(world, first)
    move_clock(timedelta(hours=49))
    assert refused(Conflict, undo, world, second).code == "undo_too_late"


def test_a_kind_that_does_not_say_how_cannot_be_taken_back(world: World) -> None:
    paid = done(world)
    with tenant_transaction(world.company.id):
        ActionCategory.objects.update(undo={})
    assert refused(Conflict, undo, world, paid).code == "no_undo"


def test_a_payload_that_lacks_what_is_needed_says_so(world: World) -> None:
    paid = done(world)
    with tenant_transaction(world.company.id):
        lacking = UNDO | {"payload": {"amount": {"pointer": "/net"}}}
        ActionCategory.objects.filter(key="payments.transfer").update(undo=lacking)
    error = refused(Conflict, undo, world, paid)
    assert error.detail == (
        "It cannot be taken back: amount comes from /net, which the action does not have."
    )


@pytest.mark.parametrize("name", ["alice", "carl", "olivia"])
def test_approvers_compliance_and_owners_ask_for_it(world: World, name: str) -> None:
    paid = done(world)
    member: Membership = getattr(world.company, name)
    made = undo(world, paid, member)
    assert made.agent_id == world.agent.pk
    with tenant_transaction(world.company.id):
        (asked,) = events("action_request.undo_asked")
    assert asked["actor"]["id"] == member.public_id


def test_who_asks_for_it_does_not_decide_on_it() -> None:
    world = undoable("require_approval")
    (dora,) = world.approvers_named(world.company.finance, "dora")
    with tenant_transaction(world.company.id):
        give_right(ActionCategory.objects.get(key="payments.refund"), world.company.finance)
    paid = done(world)
    made = undo(world, paid, world.company.alice)
    assert (made.status, made.delegation_owners) == ("pending", [world.company.alice.pk])
    with tenant_transaction(world.company.id):
        assert [decidable_by(each).count() for each in (world.company.alice, dora)] == [0, 1]
    with pytest.raises(Forbidden, match="separates those duties"):
        world.vote(world.company.alice, made)
    assert world.vote(dora, made).status == "approved"


def test_what_was_delegated_is_taken_back_under_the_delegation_by_its_agent() -> None:
    world = undoable()
    giver, _ = make_agent(world.company, "giver")
    owned_by(world, giver, world.company.alice)
    handed = hand_on(world, giver, budget={"EUR": Decimal(10)})
    cost = {"amount": "2", "currency": "EUR"}
    by_agent, by_person = (
        world.submit(delegation=handed.token, estimated_cost=cost) for _ in range(2)
    )
    for each in (by_agent, by_person):
        execute(world, each)
    made = undo(world, by_agent)
    assert (made.status, made.delegation, made.delegation_chain) == (
        "allowed", handed.delegation, by_agent.delegation_chain,
    )  # fmt: skip
    assert made.delegation_owners == [world.company.alice.pk]
    # A person takes it back whatever became of the chain; its side stays the agent's.
    with tenant_transaction(world.company.id):
        revoke_delegation(
            actor=world.company.carl, delegation_id=handed.delegation.pk, reason="Done."
        )
    asked = undo(world, by_person, world.company.carl)
    assert (asked.status, asked.delegation) == ("allowed", None)
    assert asked.delegation_owners == [world.company.alice.pk, world.company.carl.pk]


def test_every_event_of_what_was_delegated_names_the_chain() -> None:
    world = undoable()
    giver, _ = make_agent(world.company, "giver")
    paid = world.submit(delegation=hand_on(world, giver).token)
    execute(world, paid)
    execute(world, undo(world, paid))
    with tenant_transaction(world.company.id):
        told = [
            (body["type"], body.get("delegation"))
            for body in map(read, LedgerEvent.objects.filter(request_id=paid.pk).order_by("pk"))
        ]
    assert told == [
        (kind, paid.delegation_chain)
        for kind in (
            "action_request.submitted", "action_request.allowed", "grant.issued", "grant.redeemed",
            "execution.reported", "action_request.undo_asked", "execution.undone",
        )
    ]  # fmt: skip


def test_under_a_delegation_that_was_cut_its_agent_takes_nothing_back() -> None:
    world = undoable()
    giver, _ = make_agent(world.company, "giver")
    handed = hand_on(world, giver)
    paid = world.submit(delegation=handed.token)
    execute(world, paid)
    with tenant_transaction(world.company.id):
        revoke_delegation(
            actor=world.company.carl, delegation_id=handed.delegation.pk, reason="Stop."
        )
    made = undo(world, paid)
    assert (made.status, [each["code"] for each in made.trace["refusals"]]) == (
        "blocked", ["delegation_revoked"],
    )  # fmt: skip


def owned_by(world: World, agent: Agent, owner: Membership) -> None:
    with tenant_transaction(world.company.id):
        change_agent(actor=world.company.olivia, agent=agent, owner=owner)


def hand_on(world: World, giver: Agent, **wish: Any) -> Handed:
    """Hand on from this agent to the world's, for an hour."""
    with tenant_transaction(world.company.id):
        return create_delegation(
            actor=giver,
            credential_id=Credential.objects.get(agent=giver).pk,
            wish=Wish(world.agent.pk, **({"lifetime": timedelta(hours=1)} | wish)),
        )


def test_a_person_says_why(world: World) -> None:
    paid = done(world)
    with tenant_transaction(world.company.id):
        error = refused(
            Invalid,
            lambda: request_undo(actor=world.company.carl, request_id=paid.pk, reason=" "),
        )
    assert [each.pointer for each in error.errors] == ["/reason"]


def test_auditors_and_other_agents_do_not(world: World) -> None:
    paid = done(world)
    with tenant_transaction(world.company.id):
        other, _ = make_agent(world.company, "other")
    refused(Forbidden, undo, world, paid, world.company.audrey)
    refused(NotFound, undo, world, paid, other)


def test_what_took_back_can_be_taken_back_where_its_kind_says_how(world: World) -> None:
    with tenant_transaction(world.company.id):
        back = UNDO | {"category": "payments.transfer"}
        back["payload"] = parse_lines("amount = /amount")
        ActionCategory.objects.filter(key="payments.refund").update(undo=back)
    paid = done(world)
    made = undo(world, paid)
    execute(world, made)
    again = undo(world, made)
    execute(world, again)
    assert [state(world, each) for each in (paid, made, again)] == [
        "rolled_back", "rolled_back", "succeeded",
    ]  # fmt: skip


def change(world: World, **said: Any) -> ActionCategory:
    with tenant_transaction(world.company.id):
        category = ActionCategory.objects.get(key="payments.transfer")
        return change_category(actor=world.company.carl, category=category, undo=UNDO | said)


@pytest.mark.parametrize(
    ("said", "pointer", "detail"),
    [
        ({"category": "no.such"}, "/undo/category", "There is no category no.such in use."),
        ({"category": "old.one"}, "/undo/category", "There is no category old.one in use."),
        (
            {"payload": parse_lines("amount = /amount")},
            "/undo/payload",
            "payments.refund needs reverses as well.",
        ),
        (
            {"payload": parse_lines("amount = /net\nreverses = request")},
            "/undo/payload/amount",
            "amount comes from net, which a payload of payments.transfer cannot have.",
        ),
        ({"within_hours": 0}, "/undo/within_hours", None),
    ],
)
def test_what_cannot_work_is_said_when_it_is_written(
    world: World, said: Any, pointer: str, detail: str | None
) -> None:
    with tenant_transaction(world.company.id):
        create_category(actor=world.company.carl, key="old.one", name="Old", risk="low")
        ActionCategory.objects.filter(key="old.one").update(is_archived=True)
        closed = {"properties": {"amount": {}}, "additionalProperties": False}
        ActionCategory.objects.filter(key="payments.transfer").update(payload_schema=closed)
    error = refused(Invalid, lambda: change(world, **said))
    assert error.errors[0].pointer == pointer
    assert detail is None or error.errors[0].detail == detail


def test_what_can_work_is_kept_and_recorded(world: World) -> None:
    assert change(world, within_hours=24).undo["within_hours"] == 24
    with tenant_transaction(world.company.id):
        (changed,) = events("category.changed")
    assert list(changed["data"]["changes"]) == ["undo"]
