"""What an agent may reach: denied by default, at every door, in words."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.models import ActionRequest
from approvals.services.categories import change_category
from approvals.services.execution import issue_grant, redeem_grant
from approvals.services.runs import Step, add_steps, start_run
from approvals.services.submission import Submission, preview_action
from audit.models import LedgerEvent
from govapp.common.errors import Conflict, Forbidden
from govapp.common.tenancy import tenant_transaction
from tenants.models import Integration, IntegrationGrant
from tenants.services.integrations import (
    change_integration,
    revoke_integration,
    suspend_integration,
)
from tenants.services.reach_grants import withdraw_grant
from tests.approvals.api.agents import make_caller
from tests.approvals.documents import rule, rules
from tests.approvals.world import World, make_world
from tests.conftest import MoveClock
from tests.people import make_agent
from tests.support.recorded import read
from tests.tenants.systems import active_system, give, pass_check, register_system

pytestmark = pytest.mark.django_db

ALL_ALLOWED = rules(rule("all", "allow"))
# How the integration acme-bank stands → the code, and what the sentence says.
Way = Callable[[World], None]


def nothing(world: World) -> None:
    """Leave it unregistered."""


def draft(world: World) -> None:
    pass_check(register_system(world.company))


def unchecked(world: World) -> None:
    made = active_system(world.company)
    give(world.company, world.agent, made)
    change_integration(
        actor=world.company.olivia, integration=made, address="https://other.example/"
    )


def not_granted(world: World) -> None:
    active_system(world.company)


def granted_to_another(world: World) -> None:
    other, _ = make_agent(world.company, "other")
    give(world.company, other, active_system(world.company))


def granted_for_another(world: World) -> None:
    give(world.company, world.agent, active_system(world.company), "crm.*", "payments.refund")


def ended(world: World) -> None:
    made = active_system(world.company)
    grant = give(world.company, world.agent, made)
    withdraw_grant(actor=world.company.olivia, grant=grant)


def suspended(world: World) -> None:
    made = active_system(world.company)
    give(world.company, world.agent, made)
    suspend_integration(actor=world.company.carl, integration=made, reason="Odd.")


def revoked(world: World) -> None:
    made = active_system(world.company)
    give(world.company, world.agent, made)
    revoke_integration(actor=world.company.olivia, integration=made, reason="Sold.")


WAYS: dict[str, tuple[Way, str, str]] = {
    "unknown": (nothing, "integration_unknown", "There is no integration acme-bank: register it"),
    "draft": (draft, "integration_unverified", "acme-bank is a draft: activate it"),
    "unchecked": (unchecked, "integration_unverified", "acme-bank has not passed its check"),
    "not granted": (
        not_granted, "integration_not_granted", "payer was not granted the integration acme-bank",
    ),
    "another agent's": (
        granted_to_another, "integration_not_granted", "payer was not granted the integration",
    ),
    "another category": (
        granted_for_another, "category_not_granted",
        "for crm.*, payments.refund, and not for payments.transfer: grant that too.",
    ),
    "withdrawn": (ended, "integration_not_granted", "What it was granted was withdrawn."),
    "suspended": (suspended, "integration_suspended", "acme-bank is suspended since"),
    "revoked": (revoked, "integration_revoked", "acme-bank was revoked on"),
}  # fmt: skip


def refusals(request: ActionRequest) -> list[dict[str, str]]:
    found: list[dict[str, str]] = request.trace["refusals"]
    return found


@pytest.mark.parametrize("way", WAYS)
def test_what_is_named_and_out_of_reach_is_blocked_in_words(way: str) -> None:
    world, (make, code, words) = make_world(ALL_ALLOWED), WAYS[way]
    with tenant_transaction(world.company.id):
        make(world)
    request = world.submit(integration="acme-bank")
    ((refusal),) = refusals(request)
    assert (request.status, refusal["code"]) == ("blocked", code)
    assert words in refusal["sentence"]
    assert request.because == refusal["sentence"]
    assert world.submit().status == "allowed"  # names none, and needs none
    with tenant_transaction(world.company.id):
        event = read(LedgerEvent.objects.get(request_id=request.pk, type="action_request.blocked"))
    assert refusal["sentence"] in event["summary"]


def test_what_was_granted_is_in_reach_and_nothing_else() -> None:
    world = make_world(ALL_ALLOWED)
    world.reach("acme-bank", "payments.transfer")
    assert world.submit(integration="acme-bank").status == "allowed"
    assert refusals(world.submit(integration="acme-bank2"))[0]["code"] == "integration_unknown"
    other = make_world(ALL_ALLOWED, "globex")
    request = other.submit(integration="acme-bank")
    assert [each["code"] for each in refusals(request)] == ["integration_unknown"]


def run_with(world: World, *steps: Step) -> str:
    with tenant_transaction(world.company.id):
        run = start_run(agent=world.agent, key="task")
        add_steps(agent=world.agent, run_id=run.pk, steps=steps)
    return run.public_id


PII = Step("read", "retrieval", labels=("customer-pii", "health"))
PUBLIC = Step("look", "retrieval", labels=("public",))
PLAIN = Step("plan", "retrieval")
# Cleared labels, the step that is named, and which labels are missing.
FLOWS: list[tuple[list[str], str, str]] = [
    ([], "read", "the labels customer-pii, health"),
    ([], "look", "the label public"),
    ([], "plan", ""),
    ([], "", "the labels customer-pii, health, public"),
    (["customer-pii"], "read", "the label health"),
    (["customer-pii", "health"], "read", ""),
    (["customer-pii", "health"], "", "the label public"),
    (["customer-pii", "health", "public", "more"], "", ""),
]


@pytest.mark.parametrize(("cleared", "step", "missing"), FLOWS)
def test_only_data_with_cleared_labels_flows_into_an_integration(
    cleared: list[str], step: str, missing: str
) -> None:
    world = make_world(ALL_ALLOWED)
    world.reach(labels_cleared=cleared)
    run = run_with(world, PII, PUBLIC, PLAIN)
    request = world.submit(integration="acme-bank", run=run, step=step)
    if not missing:
        assert (request.status, refusals(request)) == ("allowed", [])
        return
    ((refusal),) = refusals(request)
    assert (request.status, refusal["code"]) == ("blocked", "labels_not_cleared")
    begins = f"The integration acme-bank is not cleared for data with {missing}: clear it for "
    assert refusal["sentence"].startswith(begins)
    assert request.because == refusal["sentence"]


def test_labels_hold_nothing_that_names_no_integration_or_no_run_of_this_agent() -> None:
    world = make_world(ALL_ALLOWED)
    world.reach()
    run = run_with(world, PII)
    assert world.submit(run=run).status == "allowed"
    for known_to_nobody in ("", "task"):
        assert world.submit(integration="acme-bank", run=known_to_nobody).status == "allowed"
    # Where it is out of reach anyway, that is what is said.
    (refusal,) = refusals(world.submit(integration="nowhere", run=run))
    assert refusal["code"] == "integration_unknown"


def test_a_preview_says_which_labels_are_not_cleared() -> None:
    world = make_world(ALL_ALLOWED)
    world.reach()
    run = run_with(world, PII)
    asked = Submission("payments.transfer", "Pay", {"amount": "1.00"}, integration="acme-bank")
    with tenant_transaction(world.company.id):
        said = preview_action(agent=world.agent, submission=replace(asked, run=run))
        assert (said.outcome, "customer-pii, health" in said.because) == ("deny", True)
        assert preview_action(agent=world.agent, submission=asked).outcome == "allow"


def test_the_answer_names_the_code() -> None:
    world, caller = make_caller(ALL_ALLOWED)
    with tenant_transaction(world.company.id):
        not_granted(world)
    answer = caller.submit(integration="acme-bank").json()
    assert (answer["status"], answer["decision"]["reasons"]) == (
        "blocked", ["integration_not_granted"],
    )  # fmt: skip
    assert "was not granted the integration acme-bank" in answer["decision"]["reason"]
    preview = caller.post(
        "/api/v1/action-requests/preview",
        {
            "category": "payments.transfer",
            "summary": "Pay",
            "payload": {"amount": "900.00"},
            "integration": "acme-bank",
        },
    ).json()
    assert preview["outcome"] == "deny"


def test_dates_end_an_integration_and_a_grant(move_clock: MoveClock) -> None:
    world = make_world(ALL_ALLOWED)
    with tenant_transaction(world.company.id):
        made = active_system(world.company)
        soon = made.created_at + timedelta(days=1)
        give(world.company, world.agent, made, expires_at=soon)
        later = made.created_at + timedelta(days=2)
        change_integration(actor=world.company.olivia, integration=made, expires_at=later)
    assert world.submit(integration="acme-bank").status == "allowed"
    move_clock(timedelta(hours=25))
    (refusal,) = refusals(world.submit(integration="acme-bank"))
    assert refusal["code"] == "integration_not_granted"
    assert "What it was granted has ended." in refusal["sentence"]
    move_clock(timedelta(hours=49))
    (refusal,) = refusals(world.submit(integration="acme-bank"))
    assert refusal["code"] == "integration_expired"


def test_a_category_can_need_an_integration() -> None:
    world = make_world(ALL_ALLOWED)
    with tenant_transaction(world.company.id):
        change_category(actor=world.company.carl, category=world.category, needs_integration=True)
    (refusal,) = refusals(world.submit())
    assert (refusal["code"], "name its integration" in refusal["sentence"]) == (
        "integration_unknown", True,
    )  # fmt: skip
    world.reach()
    assert world.submit(integration="acme-bank").status == "allowed"


def test_naming_an_integration_costs_no_statement_more() -> None:
    world = make_world(ALL_ALLOWED)
    world.reach()
    counts = []
    for named in ("", "acme-bank", "nowhere"):
        world.submit(integration=named)
        with CaptureQueriesContext(connection) as asked:
            world.submit(integration=named)
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert counts[2] <= counts[0]


AFTERWARDS: dict[str, tuple[Callable[[World, Integration, IntegrationGrant], Any], str]] = {
    "suspended": (
        lambda world, made, grant: suspend_integration(
            actor=world.company.carl, integration=made, reason="Odd."
        ),
        "integration_suspended",
    ),
    "revoked": (
        lambda world, made, grant: revoke_integration(
            actor=world.company.olivia, integration=made, reason="Sold."
        ),
        "integration_revoked",
    ),
    "withdrawn": (
        lambda world, made, grant: withdraw_grant(actor=world.company.olivia, grant=grant),
        "integration_not_granted",
    ),
    "unchecked": (
        lambda world, made, grant: change_integration(
            actor=world.company.olivia, integration=made, scopes=["other"]
        ),
        "integration_unverified",
    ),
}


def granted_request(world: World) -> tuple[ActionRequest, Integration, IntegrationGrant]:
    made = world.reach()
    with tenant_transaction(world.company.id):
        grant = IntegrationGrant.objects.select_related("integration", "agent").get()
    return world.submit(integration="acme-bank"), made, grant


@pytest.mark.parametrize("how", AFTERWARDS)
def test_what_is_cut_after_the_decision_gives_no_permission(how: str) -> None:
    world, (cut, code) = make_world(ALL_ALLOWED), AFTERWARDS[how]
    request, made, grant = granted_request(world)
    with tenant_transaction(world.company.id):
        cut(world, made, grant)
    with pytest.raises(Forbidden) as refused, tenant_transaction(world.company.id):
        issue_grant(agent=world.agent, request_id=request.pk)
    assert refused.value.code == code


@pytest.mark.parametrize("how", AFTERWARDS)
def test_what_is_cut_after_it_was_issued_is_dead_and_recorded(how: str) -> None:
    world, (cut, code) = make_world(ALL_ALLOWED), AFTERWARDS[how]
    request, made, grant = granted_request(world)
    with tenant_transaction(world.company.id):
        issued = issue_grant(agent=world.agent, request_id=request.pk)
        cut(world, made, grant)
    with pytest.raises(Conflict) as refused:
        redeem_grant(token=issued.token, redeemed_by="bank")
    assert refused.value.code == code
    with tenant_transaction(world.company.id):
        event = read(LedgerEvent.objects.get(type="grant.redeem_refused"))
    assert event["data"]["why"] == refused.value.detail


def test_an_integration_that_is_not_cut_lets_its_permission_be_used() -> None:
    world = make_world(ALL_ALLOWED)
    request, _, _ = granted_request(world)
    with tenant_transaction(world.company.id):
        issued = issue_grant(agent=world.agent, request_id=request.pk)
    assert redeem_grant(token=issued.token, redeemed_by="bank").request_id == request.pk


def test_over_http_the_refusals_are_the_same() -> None:
    world, caller = make_caller(ALL_ALLOWED)
    with tenant_transaction(world.company.id):
        agent = caller_agent(world)
        made = active_system(world.company)
        give(world.company, agent, made)
    asked = caller.submit(integration="acme-bank").json()
    url = f"/api/v1/action-requests/{asked['id']}/grant"
    with tenant_transaction(world.company.id):
        suspend_integration(actor=world.company.carl, integration=made, reason="Odd.")
    answer = caller.post(url)
    assert (answer.status_code, answer.json()["type"]) == (
        403, "urn:govapp:problem:integration_suspended",
    )  # fmt: skip


def caller_agent(world: World) -> Any:
    from tenants.models import Agent

    return Agent.objects.get(name="caller")
