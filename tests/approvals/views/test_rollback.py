"""Asking on a page that an action is taken back, and saying on a category's how that is done."""

import re
from typing import Any

import pytest
from django.test import Client

from approvals.models import ActionCategory, ActionRequest
from govapp.common.tenancy import tenant_transaction
from tests.approvals.services.test_undoing import UNDO, done, execute, undoable
from tests.approvals.views.office import log_in
from tests.approvals.world import World

pytestmark = pytest.mark.django_db

SAID = {
    "name": "Bank transfer",
    "risk": "high",
    "kind": "money",
    "payload_schema": '{"properties": {"amount": {}}, "additionalProperties": false}',
    "undo_category": "payments.refund",
    "undo_payload": 'amount = /amount\nreverses = request\ncurrency = "EUR"',
    "undo_hours": "48",
}


def text(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def path_of(request: ActionRequest) -> str:
    return f"/t/acme/requests/{request.public_id}/"


def ask(client: Client, request: ActionRequest, reason: str = "Paid to the wrong one.") -> Any:
    return client.post(f"{path_of(request)}undo", {"reason": reason})


def test_a_person_asks_and_both_pages_lead_to_one_another() -> None:
    world = undoable("require_approval")
    paid = done(world)
    client = log_in(world.company.carl)
    page = client.get(path_of(paid)).content.decode()
    assert "Ask to take it back" in page
    assert "under the rules for that kind" in page
    answer = ask(client, paid)
    with tenant_transaction(world.company.id):
        made = ActionRequest.objects.get(undoes=paid)
    assert (answer.status_code, answer["Location"]) == (302, path_of(made))
    after = client.get(path_of(paid)).content.decode()
    assert f'href="{path_of(made)}"' in after
    assert "Ask to take it back" not in after
    back = client.get(path_of(made)).content.decode()
    assert f'href="{path_of(paid)}"' in back
    assert "This takes another action back" in back


def test_what_was_taken_back_says_so() -> None:
    world = undoable()
    paid = done(world)
    client = log_in(world.company.alice)
    ask(client, paid)
    with tenant_transaction(world.company.id):
        made = ActionRequest.objects.select_related("agent").get(undoes=paid)
    execute(world, made)
    words = text(client.get(path_of(paid)).content.decode())
    assert "Permission Rolled back" in words
    assert "Taking it back Allowed by rule Undo: Pay Acme Ltd Done" in words


def test_who_may_not_or_cannot_is_offered_nothing_and_refused() -> None:
    world = undoable()
    paid, waiting = done(world), world.submit()
    audrey = log_in(world.company.audrey)
    assert "Ask to take it back" not in audrey.get(path_of(paid)).content.decode()
    assert ask(audrey, paid).status_code == 403
    carl = log_in(world.company.carl)
    assert "Ask to take it back" not in carl.get(path_of(waiting)).content.decode()
    refused = ask(carl, waiting)
    assert refused.status_code == 409
    assert (
        "Only what was reported as done can be taken back: report it first."
        in refused.content.decode()
    )
    assert ask(carl, paid, "").status_code == 422


def change(world: World, **said: str) -> Any:
    with tenant_transaction(world.company.id):
        ident = ActionCategory.objects.get(key="payments.transfer").public_id
    path = f"/t/acme/categories/{ident}/change"
    return log_in(world.company.carl).post(path, SAID | said)


def undo_of(world: World) -> Any:
    with tenant_transaction(world.company.id):
        return ActionCategory.objects.get(key="payments.transfer").undo


def test_a_category_says_how_it_is_taken_back() -> None:
    world = undoable()
    assert change(world, undo_hours="24").status_code == 302
    assert undo_of(world) == UNDO | {"within_hours": 24}
    with tenant_transaction(world.company.id):
        ident = ActionCategory.objects.get(key="payments.transfer").public_id
    client = log_in(world.company.alice)
    words = text(client.get(f"/t/acme/categories/{ident}/").content.decode())
    assert "Taken back by payments.refund within 24 hours amount = /amount" in words
    assert change(world, undo_category="", undo_payload="", undo_hours="").status_code == 302
    assert undo_of(world) == {}


@pytest.mark.parametrize(
    ("said", "field", "words"),
    [
        ({"undo_category": "no.such"}, "undo_category", "There is no category no.such in use."),
        ({"undo_category": ""}, "undo_category", "Name the category of the action"),
        ({"undo_hours": ""}, "undo_hours", "Write a number of hours from 1 to 8760."),
        ({"undo_payload": "amount"}, "undo_payload", "Line 1: write a field"),
        (
            {"undo_payload": "amount = /amount"},
            "undo_payload",
            "payments.refund needs reverses as well.",
        ),
        (
            {"undo_payload": "amount = /net\nreverses = request"},
            "undo_payload",
            "amount comes from net, which a payload of payments.transfer cannot have.",
        ),
    ],
)
def test_a_mistake_is_said_at_its_field(said: dict[str, str], field: str, words: str) -> None:
    world = undoable()
    answer = change(world, **said)
    assert answer.status_code == 422
    assert {name: len(found) for name, found in answer.context["form"].errors.items()} == {field: 1}
    assert words in text(answer.content.decode())
    assert undo_of(world) == UNDO
