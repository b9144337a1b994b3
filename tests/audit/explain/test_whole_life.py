"""Explanations of what really happened: through the services, the pages, and the interface."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from approvals.models import ActionRequest
from audit.explain import Audience, Explanation, explain_request
from audit.models import Report
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership
from tenants.services.tenants import set_contest_text
from tenants.services.tokens import issue_token
from tests.approvals.world import World
from tests.audit.explain.rows import texts
from tests.audit.explain.stories import MoveClock, ask, make_bank, play_whole_life
from tests.people import make_agent

pytestmark = pytest.mark.django_db

CONTACT = "Write to objections@acme.example. You get an answer within 10 days."
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def bank() -> World:
    return make_bank()


def explain(world: World, request: ActionRequest, audience: Audience) -> Explanation:
    with tenant_transaction(world.company.id):
        return explain_request(request.pk, audience, tenant="Acme Bank")


def page(member: Membership, path: str, **query: str) -> Any:
    client = Client()
    client.force_login(member.user, backend=BACKEND)
    return client.get(f"/t/acme/audit/requests/{path}/", query)


def call(key: str, request: ActionRequest, query: str = "") -> Any:
    return Client().get(
        f"/api/v1/action-requests/{request.public_id}/explanation{query}",
        headers={"Authorization": f"Bearer {key}"},
    )


def token_of(member: Membership) -> str:
    with tenant_transaction(member.tenant_id):
        _, text = issue_token(actor=member, label="tests", lifetime=timedelta(days=1))
    return text


def test_a_whole_life_is_told_to_the_officer(bank: World, move_clock: MoveClock) -> None:
    told = explain(bank, play_whole_life(bank, move_clock), Audience.OFFICER)
    assert texts(told, "Which rules applied")[1:3] == [
        (
            "Rule large-payments wants the approval of people, because amount 48200.00 is at least"
            " 10000."
        ),
        (
            "Rule small-payments would have allowed it without a person, and did not match: amount"
            " 48200.00 is not under 10000."
        ),
    ]
    where = "stage “review” of rule large-payments"
    assert texts(told, "Who was asked, and when")[1:] == [
        (
            f"Nobody had answered for all seats of {where}: a reminder went out."
            " Still missing: 1 from Finance, 1 from Risk."
        ),
        (
            f"A timeout passed for {where}: 1 person from Managers was asked as well."
            " Still missing: 1 from Finance, 1 from Risk."
        ),
        "Stage “review” of rule large-payments has all its approvals (Alice, Bob)",
    ]
    assert texts(told, "What was said") == ["Alice said: Bob, is the account right?"]
    (done,) = (each for each in told.sections if each.title == "What was done")
    assert done.sentences[-1].details == ("It cost EUR 1.20.",)


def test_a_whole_life_is_told_to_the_person_affected(bank: World, move_clock: MoveClock) -> None:
    with tenant_transaction(bank.company.id):
        set_contest_text(actor=bank.company.carl, text=CONTACT)
    told = explain(bank, play_whole_life(bank, move_clock), Audience.AFFECTED)
    assert told.contest[1] == CONTACT
    assert texts(told, "What happened then") == ["The software reported that it has done it."]
    (people,) = (each for each in told.sections if each.title == "What people did")
    assert people.sentences[0].details == (
        "The reason given was: “a person from Risk has checked the account.”",
        "They had the page open for 74 seconds.",
    )


def test_few_questions_are_asked_of_the_record_however_long_the_life(
    bank: World, move_clock: MoveClock, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    short, long = ask(bank), play_whole_life(bank, move_clock)
    with tenant_transaction(bank.company.id):
        # One more of what waits: whether a kill switch holds it.
        for request, more in ((short, 1), (long, 0)):
            with django_assert_num_queries(5 + more):
                explain_request(request.pk, Audience.AFFECTED)
            with django_assert_num_queries(2 + more):
                explain_request(request.pk, Audience.OFFICER)


def test_the_page_speaks_to_three_audiences(bank: World) -> None:
    request = ask(bank)
    bank.vote(bank.company.alice, request)
    audrey, name = bank.company.audrey, request.public_id
    officer, affected = page(audrey, name), page(audrey, name, **{"for": "affected"})
    engineer = page(audrey, name, **{"for": "engineer"})
    assert [each.context["explanation"].audience for each in (officer, affected, engineer)] == [
        "officer", "affected", "engineer",
    ]  # fmt: skip
    assert "If you do not agree" in affected.content.decode()
    letter = affected.content.decode().partition('<div class="told">')[2].partition("</main>")[0]
    assert [name in letter for name in ("Alice", "Ines", "DE89370400440532013000")] == [False] * 3
    assert "action_request.submitted by agent ag_" in engineer.content.decode()
    assert "DE89370400440532013000" not in engineer.content.decode()
    asked = page(audrey, name, person="Charlie").content.decode()
    assert "No event of this request names Charlie" in asked
    assert page(bank.company.alice, name).status_code == 403


def test_whoever_reads_the_record_finds_the_way_from_the_request(bank: World) -> None:
    request, found = ask(bank), []
    for member in (bank.company.audrey, bank.company.alice):
        client = Client()
        client.force_login(member.user, backend=BACKEND)
        answer = client.get(f"/t/acme/requests/{request.public_id}/")
        assert answer.status_code == 200
        found.append(f"/audit/requests/{request.public_id}/" in answer.content.decode())
    assert found == [True, False]


def test_a_file_of_each_is_asked_for_on_the_page(bank: World) -> None:
    request = ask(bank)
    client = Client()
    client.force_login(bank.company.audrey.user, backend=BACKEND)
    path = f"/t/acme/audit/requests/{request.public_id}/file"
    kinds = ["dossier", "explanation", "explanation-officer", "explanation-engineer"]
    for kind in kinds:
        assert client.post(path, {"kind": kind})["Location"] == "/t/acme/reports/"
    assert client.post(path, {"kind": "oversight"}).status_code == 400
    with tenant_transaction(bank.company.id):
        made = Report.objects.order_by("requested_at", "id").values_list("kind", "request_id")
        assert sorted(made) == sorted((kind, request.pk) for kind in kinds)


def test_an_agent_reads_of_its_own_what_a_person_affected_reads(bank: World) -> None:
    request = ask(bank)
    bank.vote(bank.company.alice, request, reason="Fine.")
    _, own = make_agent_key(bank)
    answer = call(own, request)
    body = answer.json()
    assert (answer.status_code, body["audience"], body["status"]) == (200, "affected", "pending")
    assert "Alice" not in answer.content.decode()
    assert call(own, request, "?audience=officer").status_code == 403
    _, other = make_agent(bank.company, "other")
    assert call(other, request).status_code == 404


def test_a_member_reads_every_audience_with_a_token(bank: World) -> None:
    request = ask(bank)
    bank.vote(bank.company.alice, request)
    auditor, approver = token_of(bank.company.audrey), token_of(bank.company.alice)
    for audience in Audience:
        answer = call(auditor, request, f"?audience={audience}")
        assert (answer.status_code, answer.json()["audience"]) == (200, audience)
        assert "DE89370400440532013000" not in answer.content.decode()
    asked = call(auditor, request, "?audience=officer&person=Zoe").json()
    assert asked["why_not"][-1]["title"] == "Why was it not decided by Zoe?"
    assert call(approver, request).status_code == 403


@pytest.mark.parametrize("query", ["?audience=all", "?person=Zoe", "?audience=officer&person=%00"])
def test_what_cannot_be_asked_is_refused(bank: World, query: str) -> None:
    assert call(token_of(bank.company.audrey), ask(bank), query).status_code == 400


def make_agent_key(world: World) -> tuple[Any, str]:
    """Issue a second key of the agent that asked."""
    from tenants.services.credentials import issue_credential

    with tenant_transaction(world.company.id):
        return issue_credential(
            actor=world.company.olivia, agent=world.agent, label="t", lifetime=timedelta(days=1)
        )
