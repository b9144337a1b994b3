"""Autonomy and environments inside submit: what they refuse, ask and let pass."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.enums import RequestStatus
from approvals.models import ActionCategory, Requirement
from approvals.services.categories import change_category, create_category
from approvals.services.execution import issue_grant, redeem_grant
from approvals.services.submission import Submission, preview_action
from audit.models import LedgerEvent
from govapp.common.errors import Conflict, Forbidden
from govapp.common.tenancy import tenant_transaction
from tenants.models import Autonomy, EnvironmentRule
from tenants.selectors.autonomy import waiting_loosenings
from tenants.services.loosenings import confirm_loosening
from tests.approvals.world import World, make_world, policy, stage
from tests.people import make_agent
from tests.support.recorded import read

pytestmark = pytest.mark.django_db

BASE = policy(stage("finance"))
RULE = {"id": "r", "when": {"category": "payments.transfer"}}
ASKING = {**BASE, "default": "require_approval", "default_flow": "payments"}
POLICIES: dict[str, dict[str, Any]] = {
    "allow": {**ASKING, "rules": [{**RULE, "then": "allow"}]},
    "ask": {**ASKING, "rules": [{**RULE, "then": "require_approval", "flow": "payments"}]},
    "deny": {**ASKING, "rules": [{**RULE, "then": "deny"}]},
    "default asks": {**ASKING, "rules": []},
    "default denies": {**BASE, "rules": []},
}


def let(world: World, level: str, pattern: str = "payments.*", *, everybody: bool = False) -> None:
    """Set a level, past the service."""
    with tenant_transaction(world.company.id):
        Autonomy.objects.create(
            agent=None if everybody else world.agent,
            pattern=pattern,
            level=level,
            set_by=world.company.carl,
        )


def close(world: World, name: str, *, is_read_only: bool = True) -> None:
    with tenant_transaction(world.company.id):
        EnvironmentRule.objects.create(
            name=name, is_read_only=is_read_only, set_by=world.company.carl
        )


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("policy", ["allowed", "pending", "blocked", "pending", "blocked"]),
        ("act", ["allowed", "pending", "blocked", "allowed", "blocked"]),
        ("ask", ["pending", "pending", "blocked", "pending", "blocked"]),
        ("recommend", ["blocked"] * 5),
    ],
)
def test_each_level_under_each_policy(level: str, expected: list[str]) -> None:
    world = make_world()
    let(world, level)
    found = []
    for document in POLICIES.values():
        world.publish(document)
        found.append(str(world.submit().status))
    assert found == expected


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        ([("*", "ask", True), ("payments.transfer", "policy", True)], "allowed"),
        ([("*", "policy", False), ("payments.transfer", "ask", True)], "allowed"),
        ([("payments.*", "policy", True), ("payments.transfer", "ask", True)], "pending"),
        ([("pay", "ask", True), ("payments", "ask", True), ("notes.*", "ask", True)], "allowed"),
        ([("payments.transfer.*", "ask", True)], "allowed"),
    ],
)
def test_the_most_specific_rule_holds(rules: list[tuple[str, str, bool]], status: str) -> None:
    world = make_world(POLICIES["allow"])
    for pattern, level, everybody in rules:
        let(world, level, pattern, everybody=everybody)
    assert world.submit().status == status


def test_what_is_set_for_another_agent_or_another_company_holds_for_them() -> None:
    world, globex = make_world(POLICIES["allow"]), make_world(POLICIES["allow"], "globex")
    let(World(world.company, make_agent(world.company, "buyer")[0], world.category), "recommend")
    let(globex, "recommend", "*", everybody=True)
    assert world.submit().status == RequestStatus.ALLOWED


def test_a_recommendation_ends_blocked_and_stays_on_record() -> None:
    world = make_world(POLICIES["allow"])
    let(world, "recommend")
    made = world.submit()
    sentence = (
        "payer only recommends below payments: nothing is done, and it is kept here as a"
        " recommendation for a person to see."
    )
    assert (made.status, made.because) == ("blocked", sentence)
    assert made.trace["refusals"] == [{"code": "recommend_only", "sentence": sentence}]
    with tenant_transaction(world.company.id):
        event = read(LedgerEvent.objects.get(type="action_request.blocked", request_id=made.pk))
    assert sentence in event["data"]["reason"]


def test_asking_goes_through_the_default_requirement() -> None:
    world = make_world(POLICIES["allow"])
    let(world, "ask")
    made = world.submit()
    assert made.because == "payer always asks a person below payments."
    assert [each["code"] for each in made.trace["demands"]] == ["autonomy_ask"]
    with tenant_transaction(world.company.id):
        assert [each.rule_id for each in Requirement.objects.all()] == ["default"]


def test_who_nobody_could_be_asked_for_is_refused() -> None:
    world = make_world({**BASE, "rules": [{**RULE, "then": "allow"}]})
    let(world, "ask")
    made = world.submit()
    assert made.status == RequestStatus.BLOCKED
    assert made.because.startswith("payer always asks a person below payments. The policy has no")


def test_an_act_says_that_no_rule_matched() -> None:
    world = make_world(POLICIES["default asks"])
    let(world, "act")
    made = world.submit()
    assert (
        made.because == "No rule of the policy matched, and payer acts on its own below payments."
    )
    assert (made.trace["outcome"], made.trace["used_default"]) == ("allow", True)


def test_the_agent_is_told_over_the_api(client: Client) -> None:
    world = make_world(POLICIES["allow"])
    _, key = make_agent(world.company, "buyer")
    let(world, "recommend", everybody=True)
    answer = client.post(
        "/api/v1/action-requests",
        {"category": "payments.transfer", "summary": "Pay", "payload": {"amount": "1.00"}},
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}", "Idempotency-Key": "one"},
    )
    assert answer.status_code == 201
    body = answer.json()
    assert body["status"] == "blocked"
    assert body["decision"]["reasons"] == ["recommend_only"]
    assert "buyer only recommends below payments (set for every agent)" in answer.content.decode()


def test_a_preview_says_the_same() -> None:
    world = make_world(POLICIES["default asks"])
    submission = Submission("payments.transfer", "Pay", {"amount": "1.00"})

    def preview() -> str:
        with tenant_transaction(world.company.id):
            return preview_action(agent=world.agent, submission=submission).outcome

    before = preview()
    let(world, "act")
    after = preview()
    close(world, "*")
    assert (before, after, preview()) == ("require_approval", "allow", "deny")


@pytest.mark.parametrize(
    ("rules", "environment", "status"),
    [
        ({"production": True}, "production", "blocked"),
        ({"production": True}, " PRODUCTION ", "blocked"),
        ({"production": True}, "staging", "allowed"),
        ({"production": False}, "production", "allowed"),
        ({"*": True}, "production", "blocked"),
        ({"*": True, "lab": False}, "lab", "allowed"),
        ({"*": True, "lab": False}, "l\u0430b", "blocked"),
        ({"production": True, "lab": False}, "lab\u200b", "blocked"),
        ({"lab": False}, "lab two", "allowed"),
        ({}, "lab two", "allowed"),
    ],
)
def test_a_read_only_environment_refuses_what_changes(
    rules: dict[str, bool], environment: str, status: str
) -> None:
    world = make_world(POLICIES["allow"])
    for name, is_read_only in rules.items():
        close(world, name, is_read_only=is_read_only)
    made = world.submit(environment=environment)
    assert made.status == status
    codes = [each["code"] for each in made.trace["refusals"]]
    assert codes == (["environment_read_only"] if status == "blocked" else [])


def test_what_only_reads_passes() -> None:
    world = make_world(POLICIES["allow"])
    close(world, "production")
    with tenant_transaction(world.company.id):
        ActionCategory.objects.update(is_reading=True)
    assert world.submit().status == RequestStatus.ALLOWED


def reading(world: World) -> bool:
    with tenant_transaction(world.company.id):
        return ActionCategory.objects.get(pk=world.category.pk).is_reading


def test_while_nothing_is_closed_one_person_marks_what_only_reads() -> None:
    world = make_world(POLICIES["allow"])
    with tenant_transaction(world.company.id):
        change_category(actor=world.company.carl, category=world.category, is_reading=True)
        assert waiting_loosenings() == []
    assert reading(world)


def test_to_mark_as_reading_what_would_be_refused_takes_two() -> None:
    world = make_world(POLICIES["allow"])
    close(world, "production")
    with tenant_transaction(world.company.id):
        change_category(
            actor=world.company.carl, category=world.category, is_reading=True, name="Transfers"
        )
        made = create_category(
            actor=world.company.carl, key="notes.read", name="Note", risk="low", is_reading=True
        )
        first, second = waiting_loosenings()
    assert (reading(world), made.is_reading) == (False, False)
    assert [first.sentence, second.sentence] == [
        f"{key} counts as reading: it is let through where an environment is read-only."
        for key in ("payments.transfer", "notes.read")
    ]
    with tenant_transaction(world.company.id):
        confirm_loosening(actor=world.company.olivia, loosening_id=first.pk)
        event = read(LedgerEvent.objects.filter(type="category.changed").latest("id"))
    assert reading(world)
    assert event["data"]["changes"] == {"is_reading": {"from": False, "to": True}}


def test_they_cost_no_statement() -> None:
    world = make_world(POLICIES["allow"])

    def statements() -> int:
        with CaptureQueriesContext(connection) as caught:
            world.submit()
        return len(caught)

    world.submit()  # reads the policy, which is kept from then on
    before = statements()
    let(world, "policy")
    let(world, "act", "*", everybody=True)
    close(world, "staging")
    assert statements() == before


def test_what_was_permitted_is_not_done_where_nothing_may_be_changed_any_more() -> None:
    world = make_world(POLICIES["allow"])
    first, second = world.submit(), world.submit()
    with tenant_transaction(world.company.id):
        grant = issue_grant(agent=world.agent, request_id=first.pk)
    close(world, "production")
    with pytest.raises(Conflict, match="production is read-only") as refused:
        redeem_grant(token=grant.token, redeemed_by="bank")
    assert refused.value.code == "environment_read_only"
    with (
        tenant_transaction(world.company.id),
        pytest.raises(Forbidden, match="production is read-only") as kept,
    ):
        issue_grant(agent=world.agent, request_id=second.pk)
    assert kept.value.code == "environment_read_only"
    with tenant_transaction(world.company.id):
        event = read(LedgerEvent.objects.get(type="grant.redeem_refused"))
        assert "production is read-only" in event["data"]["why"]
        EnvironmentRule.objects.update(is_read_only=False)
    redeem_grant(token=grant.token, redeemed_by="bank")


def test_what_is_in_flight_stays_as_it_is() -> None:
    world = make_world(POLICIES["ask"])
    made = world.submit()
    let(world, "recommend")
    assert world.vote(world.company.alice, made).status == RequestStatus.APPROVED
