"""What is said about a request: who may, who is told, and that it stays."""

from typing import Any

import pytest
from django.db import DatabaseError, transaction

from approvals.models import ActionRequest, Comment, Notification
from approvals.selectors.discussion import read_discussion
from approvals.services.discussion import CHARACTERS, add_comment, answer, ask_owner
from approvals.services.messages import compose
from audit.explain import explain_request
from audit.models import LedgerEvent
from govapp.common.errors import Conflict, Forbidden, Invalid, NotFound
from govapp.common.ids import new_id, public_id
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership
from tenants.services.people import suspend_member
from tests.approvals.world import FOUR_EYES, World, make_world
from tests.people import make_agent
from tests.support.recorded import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world(FOUR_EYES)


@pytest.fixture
def asked(world: World) -> ActionRequest:
    return world.submit()


def say(world: World, do: Any, actor: Any, asked: ActionRequest, **fields: Any) -> Comment:
    with tenant_transaction(world.company.id):
        made: Comment = do(actor=actor, request_id=asked.pk, **({"text": "Why now?"} | fields))
        return made


def told(world: World) -> list[tuple[str, str]]:
    """Who was told, and the subject of the message."""
    with tenant_transaction(world.company.id):
        rows = Notification.objects.filter(kind="commented").select_related("member__user")
        rows = rows.order_by("created_at", "id")
        return [(str(row.member), row.content["subject"]) for row in rows]


def events(world: World, *kinds: str) -> list[dict[str, Any]]:
    with tenant_transaction(world.company.id):
        rows = LedgerEvent.objects.filter(type__in=kinds).order_by("occurred_at", "pk")
        return [read(row) for row in rows]


def test_a_comment_is_kept_and_tells_whom_it_mentions(world: World, asked: ActionRequest) -> None:
    company = world.company
    made = say(world, add_comment, company.alice, asked, text="@Bob look. @bobby is nobody.")
    assert made.mentions == [company.bob.public_id]
    assert told(world) == [("Bob", "Alice wrote about: Pay Acme Ltd")]
    (event,) = events(world, "comment.added")
    assert event["summary"] == "Alice said (to Bob): @Bob look. @bobby is nobody."
    assert event["data"]["mentioned"] == [{"id": company.bob.public_id, "name": "Bob"}]


def test_without_a_mention_those_who_took_part_are_told(world: World, asked: ActionRequest) -> None:
    company = world.company
    say(world, add_comment, company.alice, asked)
    say(world, add_comment, company.bob, asked)
    assert told(world) == [("Alice", "Bob wrote about: Pay Acme Ltd")]


def test_whoever_is_chosen_is_told(world: World, asked: ActionRequest) -> None:
    company = world.company
    say(world, add_comment, company.alice, asked, mentions=[company.carl.public_id])
    assert told(world) == [("Carl", "Alice wrote about: Pay Acme Ltd")]
    with pytest.raises(Invalid) as refused:
        say(world, add_comment, company.alice, asked, mentions=[public_id("mem", new_id())])
    assert refused.value.errors[0].pointer == "/mentions"


def test_a_question_goes_to_the_agents_owner_and_the_answer_comes_back(
    world: World, asked: ActionRequest
) -> None:
    owner = _owner(world, asked)
    question = say(world, ask_owner, world.company.alice, asked)
    say(world, answer, owner, asked, question=question.public_id, text="The order is older.")
    assert told(world) == [
        (str(owner), "Alice asks about: Pay Acme Ltd"),
        ("Alice", f"{owner} answered about: Pay Acme Ltd"),
    ]
    said = [event["summary"] for event in events(world, "comment.asked", "comment.answered")]
    assert said == [f"Alice asked {owner}: Why now?", f"{owner} answered: The order is older."]


def test_an_agent_answers_once_and_a_repetition_gives_the_same(
    world: World, asked: ActionRequest
) -> None:
    question = say(world, ask_owner, world.company.alice, asked).public_id
    first = say(world, answer, world.agent, asked, question=question, text="By plan.")
    again = say(world, answer, world.agent, asked, question=question, text="By plan. ")
    assert (first.pk, first.author) == (again.pk, None)
    with pytest.raises(Conflict):
        say(world, answer, world.agent, asked, question=question, text="Otherwise.")
    assert len(events(world, "comment.answered")) == 1


def test_who_may_not_speak_is_refused(world: World, asked: ActionRequest) -> None:
    company = world.company
    with pytest.raises(Forbidden):
        say(world, add_comment, company.audrey, asked)
    question = say(world, ask_owner, company.alice, asked).public_id
    with pytest.raises(Forbidden):
        say(world, answer, company.bob, asked, question=question)
    with transaction.atomic():
        stranger, _ = make_agent(company, "stranger")
    with pytest.raises(NotFound):
        say(world, answer, stranger, asked, question=question)
    with tenant_transaction(company.id):
        suspend_member(actor=company.olivia, member=company.bob)
        company.bob.refresh_from_db()
    with pytest.raises(Forbidden):
        say(world, add_comment, company.bob, asked)
    assert told(world) == [(str(_owner(world, asked)), "Alice asks about: Pay Acme Ltd")]


def test_only_a_question_about_this_request_is_answered(world: World, asked: ActionRequest) -> None:
    other = world.submit()
    elsewhere = say(world, ask_owner, world.company.alice, other).public_id
    comment = say(world, add_comment, world.company.alice, asked).public_id
    for ident in (elsewhere, comment, "cm_odd", public_id("cm", new_id())):
        with pytest.raises(NotFound):
            say(world, answer, world.agent, asked, question=ident)


@pytest.mark.parametrize("text", ["", " \n", "\0", "x" * (CHARACTERS + 1)])
def test_a_text_has_to_say_something_and_to_end(
    world: World, asked: ActionRequest, text: str
) -> None:
    with pytest.raises(Invalid) as refused:
        say(world, add_comment, world.company.alice, asked, text=text)
    assert refused.value.errors[0].pointer == "/text"


def test_nothing_is_changed_or_taken_back(world: World, asked: ActionRequest) -> None:
    made = say(world, add_comment, world.company.alice, asked)
    for change in (
        lambda: Comment.objects.filter(pk=made.pk).update(text="Other"),
        lambda: Comment.objects.filter(pk=made.pk).delete(),
    ):
        with pytest.raises(DatabaseError), tenant_transaction(world.company.id):
            change()


def test_it_goes_on_after_the_decision_and_decides_nothing(
    world: World, asked: ActionRequest
) -> None:
    company = world.company
    version = asked.version
    say(world, add_comment, company.alice, asked)
    with tenant_transaction(company.id):
        asked.refresh_from_db()
    assert (asked.version, asked.status) == (version, "pending")
    world.vote(company.alice, asked)
    ended = world.vote(company.bob, asked)
    assert ended.status == "approved"
    say(world, add_comment, company.carl, asked, text="For the audit: fine.")
    with tenant_transaction(company.id):
        section = next(
            each for each in explain_request(asked.pk).sections if each.title == "What was said"
        )
    assert [each.text for each in section.sentences] == [
        "Alice said: Why now?",
        "Carl said: For the audit: fine.",
    ]


def test_the_page_has_questions_with_their_answers(world: World, asked: ActionRequest) -> None:
    company = world.company
    question = say(world, ask_owner, company.alice, asked).public_id
    say(world, add_comment, company.bob, asked, text="I wait.")
    say(world, answer, world.agent, asked, question=question, text="By plan.")
    with tenant_transaction(company.id):
        request = ActionRequest.objects.select_related("agent__owner__user").get(pk=asked.pk)
        shown = read_discussion(request, company.alice)
        for_owner = read_discussion(request, _owner(world, asked))
    first, second = shown.remarks
    assert [(each.by, each.is_agent) for each in first.answers] == [("payer", True)]
    assert (first.is_open, first.may_answer, second.text) == (False, False, "I wait.")
    assert for_owner.remarks[0].may_answer
    assert shown.total == 3


def test_a_message_of_it_is_masked(world: World, asked: ActionRequest) -> None:
    company = world.company
    say(world, add_comment, company.alice, asked, text="@Bob his card 4111 1111 1111 1111?")
    with tenant_transaction(company.id):
        row = Notification.objects.select_related("member__user", "request__agent").get(
            kind="commented"
        )
        message = compose(row)
    assert message.remark == "@Bob his card [card number ••••1111]?"


def _owner(world: World, asked: ActionRequest) -> Membership:
    with tenant_transaction(world.company.id):
        return Membership.objects.select_related("user").get(pk=world.agent.owner_id)
