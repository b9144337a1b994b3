"""Agents read the questions about their requests and answer them; nothing else of what is said."""

from datetime import timedelta
from typing import Any

import pytest

from approvals.models import ActionRequest
from approvals.selectors.changes import changes_since
from approvals.services.discussion import add_comment, ask_owner
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tests.approvals.api.agents import URL, Caller, make_caller, new_caller
from tests.approvals.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked() -> tuple[World, Caller, str, str]:
    """A request with a comment and a question: its address and the question's id."""
    world, caller = make_caller()
    ident = caller.submit().json()["id"]
    with tenant_transaction(world.company.id):
        request = ActionRequest.objects.get()
        alice = world.company.alice
        add_comment(actor=alice, request_id=request.pk, text="I do not trust this agent.")
        question = ask_owner(actor=alice, request_id=request.pk, text="Why now?")
    return world, caller, f"{URL}/{ident}/comments", question.public_id


def texts(answer: Any) -> list[tuple[str, str, str]]:
    return [(each["kind"], each["by"], each["text"]) for each in answer.json()["data"]]


def test_an_agent_reads_questions_and_not_what_people_say(asked: Any) -> None:
    _, caller, url, question = asked
    answer = caller.get(url)
    assert (answer.status_code, texts(answer)) == (200, [("question", "Alice", "Why now?")])
    assert answer.json()["data"][0]["id"] == question


def test_an_agent_answers_and_a_repetition_is_the_same(asked: Any) -> None:
    _, caller, url, question = asked
    sent = {"question": question, "text": "The order is due today."}
    first, again = caller.post(url, sent), caller.post(url, sent)
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert first.json()["answers"] == question
    assert texts(caller.get(url))[1] == ("answer", "caller", "The order is due today.")
    other = caller.post(url, sent | {"text": "Something else."})
    assert (other.status_code, other.json()["type"].rsplit(":", 1)[1]) == (409, "already_answered")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"question": "cm_" + "0" * 26, "text": "x"}, 404),
        ({"question": "odd", "text": "x"}, 422),
        ({"text": "x"}, 422),
        ({"question": "cm_" + "0" * 26, "text": " "}, 422),
        ({"question": "cm_" + "0" * 26, "text": "x" * 4001}, 422),
        ({"question": "cm_" + "0" * 26, "text": "x", "to": "all"}, 400),
        ([], 400),
    ],
)
def test_what_is_no_answer_is_refused(asked: Any, body: Any, status: int) -> None:
    _, caller, url, _ = asked
    assert caller.post(url, body).status_code == status


def test_another_agent_finds_nothing(asked: Any) -> None:
    world, _, url, question = asked
    other = new_caller(world, "other")
    assert other.get(url).status_code == 404
    assert other.post(url, {"question": question, "text": "Me."}).status_code == 404


def test_the_agents_stream_names_the_question(asked: Any) -> None:
    world, _, _, _ = asked
    with tenant_transaction(world.company.id):
        request = ActionRequest.objects.get()
        found = changes_since(clock.now() - timedelta(minutes=1), agent_id=request.agent_id)
    assert [each.type for each in found] == ["action_request.submitted", "comment.asked"]
