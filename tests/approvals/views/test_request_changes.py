"""Approving with changes, taking an approval back and undoing it: the pages."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from approvals.models import ActionRequest, RequestRevision, Vote
from govapp.common.tenancy import tenant_transaction
from tests.approvals.documents import asks, rule, rules, where
from tests.approvals.views.conftest import Login, Site
from tests.support.authenticator import App

pytestmark = pytest.mark.django_db
PAYLOAD: dict[str, Any] = {
    "amount": "900.00",
    "days": 3,
    "urgent": True,
    "kind": "sepa",
    "to": {"iban": "DE1"},
    "lines": [1],
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "amount": {"type": "string", "pattern": r"^\d+\.\d\d$"},
        "days": {"type": "integer"},
        "urgent": {"type": "boolean"},
        "kind": {"enum": ["sepa", "swift"]},
        "to": {"type": "object", "properties": {"iban": {"type": "string"}}},
        "lines": {"type": "array"},
    },
}
FIELDS = ["amount", "days", "urgent", "kind", "to.iban", "lines"]
AMOUNT, DAYS, URGENT, KIND, IBAN, LINES = (f"field_{n}" for n in range(6))


@pytest.fixture
def open_site(site: Site) -> Site:
    with tenant_transaction(site.world.company.id):
        site.world.category.payload_schema = SCHEMA
        site.world.category.editable_fields = FIELDS
        site.world.category.display = {"fields": {"to.iban": {"label": "Account"}}}
        site.world.category.save()
    return replace(site, asked=site.world.submit(payload=PAYLOAD))


def start(client: Client, site: Site) -> dict[str, str]:
    """What the form holds when it is opened."""
    answer = client.get(site.url("requests/{asked}/change"))
    assert answer.status_code == 200
    form = answer.context["form"]
    return {each.name: str(each.value()) for each in form.written}


def post(client: Client, site: Site, step: str, **changes: str) -> Any:
    sent = start(client, site) | {"step": step} | changes
    return client.post(site.url("requests/{asked}/change"), sent)


def now(site: Site) -> ActionRequest:
    with tenant_transaction(site.world.company.id):
        return ActionRequest.objects.get(pk=site.asked.pk)


def test_the_form_has_an_input_for_each_field(open_site: Site, login: Login) -> None:
    client = login(open_site.world.company.alice)
    answer = client.get(open_site.url("requests/{asked}/change"))
    form = answer.context["form"]
    assert [(each.label, each.value()) for each in form.inputs] == [
        ("amount", "900.00"),
        ("days", "3"),
        ("urgent", "true"),
        ("kind", '"sepa"'),
        ("Account", "DE1"),
        ("lines", "[\n  1\n]"),
    ]


def test_the_difference_is_shown_before_anything_is_decided(open_site: Site, login: Login) -> None:
    client = login(open_site.world.company.alice)
    answer = post(client, open_site, "review", **{AMOUNT: "800.00", DAYS: "5", URGENT: "false"})
    assert answer.status_code == 200
    shown = [(each.field, each.before, each.after) for each in answer.context["changes"]]
    assert shown == [
        ("amount", "900.00", "800.00"),
        ("days", "3", "5"),
        ("urgent", "true", "false"),
    ]
    assert now(open_site).version == 1
    assert "1 from Finance and 1 from Risk" in answer.content.decode()


def test_what_was_looked_at_is_approved(open_site: Site, login: Login) -> None:
    company = open_site.world.company
    client = login(company.alice)
    wanted = {AMOUNT: "800.00", KIND: '"swift"', IBAN: "DE2", LINES: "[1, 2]"}
    answer = post(
        client, open_site, "confirm", **wanted, summary="Pay less", reason="The invoice says 800."
    )
    assert answer.status_code == 302
    changed = now(open_site)
    assert (changed.summary, changed.version, changed.status) == ("Pay less", 2, "pending")
    assert changed.payload == PAYLOAD | {
        "amount": "800.00",
        "kind": "swift",
        "to": {"iban": "DE2"},
        "lines": [1, 2],
    }
    html = client.get(open_site.url("requests/{asked}/")).content.decode()
    for words in (
        "Changed while it was approved",
        "900.00</del>",
        "800.00</ins>",
        "Alice changed it",
        "The invoice says 800.",
        open_site.asked.payload_digest,
    ):
        assert words in html


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Nothing is changed"),
        ({AMOUNT: "lots"}, "amount: "),
        ({DAYS: "soon"}, "this is not JSON"),
        ({DAYS: "true"}, "Write a number"),
        ({DAYS: ""}, "Write a number"),
        ({KIND: '"cash"'}, "Select a valid choice"),
        ({LINES: "[1"}, "this is not JSON"),
        ({AMOUNT: "1.00", "summary": ""}, "This field is required"),
        ({AMOUNT: "1.00", "summary": "two\nlines"}, "Write one line."),
    ],
)
@pytest.mark.parametrize("step", ["review", "confirm"])
def test_what_cannot_be_is_said(
    open_site: Site, login: Login, changes: dict[str, str], words: str, step: str
) -> None:
    client = login(open_site.world.company.alice)
    answer = post(client, open_site, step, **changes)
    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    assert now(open_site).version == 1


def test_what_the_rules_block_is_said_and_kept(open_site: Site, login: Login) -> None:
    world = open_site.world
    large = rule("never", "deny", where("payload.amount", "gt", "1000.00"))
    world.publish(rules(asks("payments", flow="two"), large))
    client = login(world.company.alice)
    answer = post(client, open_site, "review", **{AMOUNT: "5000.00"})
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "the rules block it" in html
    assert 'value="5000.00"' in html


def test_whoever_may_not_vote_may_not_change(open_site: Site, login: Login) -> None:
    company = open_site.world.company
    for member in (company.charlie, company.carl, company.audrey):
        client = login(member)
        answer = client.get(open_site.url("requests/{asked}/change"))
        assert answer.status_code == 403
        assert "Approve with changes" not in detail(client, open_site)
    assert "Approve with changes" in detail(login(company.alice), open_site)


def detail(client: Client, site: Site) -> str:
    return client.get(site.url("requests/{asked}/")).content.decode()


def test_without_a_field_to_change_there_is_no_form(site: Site, login: Login) -> None:
    client = login(site.world.company.alice)
    assert client.get(site.url("requests/{asked}/change")).status_code == 403
    assert "Approve with changes" not in detail(client, site)


def test_a_form_of_a_former_action_changes_nothing(open_site: Site, login: Login) -> None:
    company = open_site.world.company
    alice, bob = login(company.alice), login(company.bob)
    old = start(bob, open_site)
    post(alice, open_site, "confirm", **{AMOUNT: "800.00"})
    sent = old | {AMOUNT: "700.00"}
    for step in ("review", "confirm"):
        answer = bob.post(open_site.url("requests/{asked}/change"), sent | {"step": step})
        assert answer.status_code == 412
        assert 'value="800.00"' in answer.content.decode()
    assert now(open_site).payload["amount"] == "800.00"


def test_a_form_of_somebody_else_is_refused(open_site: Site, login: Login) -> None:
    company = open_site.world.company
    stolen = start(login(company.alice), open_site)["seen"]
    answer = post(login(company.bob), open_site, "confirm", seen=stolen, **{AMOUNT: "1.00"})
    assert answer.status_code == 412
    assert now(open_site).version == 1


def test_changing_more_keeps_what_was_written(open_site: Site, login: Login) -> None:
    client = login(open_site.world.company.alice)
    answer = post(client, open_site, "edit", **{AMOUNT: "800.00"}, reason="Because")
    html = answer.content.decode()
    assert (answer.status_code, 'value="800.00"' in html, 'value="Because"' in html) == (
        200,
        True,
        True,
    )


@pytest.fixture
def guarded(open_site: Site) -> Iterator[Site]:
    cache.clear()
    open_site.world.publish(rules(asks("payments", flow="two", obligations={"step_up": True})))
    yield replace(open_site, asked=open_site.world.submit(payload=PAYLOAD))
    cache.clear()


def test_a_code_is_asked_for_where_a_rule_does(guarded: Site, login: Login) -> None:
    alice = guarded.world.company.alice
    client = login(alice)
    review = post(client, guarded, "review", **{AMOUNT: "800.00"}).content.decode()
    assert ("Set up a second factor first" in review, 'value="confirm"' in review) == (
        True,
        False,
    )
    app = App(alice)
    assert 'name="code"' in post(client, guarded, "review", **{AMOUNT: "800.00"}).content.decode()
    wrong = post(client, guarded, "confirm", **{AMOUNT: "800.00"}, code="000000")
    assert (wrong.status_code, 'name="code"' in wrong.content.decode()) == (422, True)
    assert now(guarded).version == 1
    right = post(client, guarded, "confirm", **{AMOUNT: "800.00"}, code=app.code())
    assert (right.status_code, now(guarded).version) == (302, 2)


def test_an_approval_is_taken_back_on_the_page(site: Site, login: Login) -> None:
    alice = site.world.company.alice
    client = login(alice)
    assert "Take it back" not in detail(client, site)
    site.world.vote(alice, site.asked)
    assert "Take it back" in detail(client, site)
    assert "Take it back" not in detail(login(site.world.company.bob), site)
    answer = client.post(site.url("requests/{asked}/take-back"), {"reason": "Wrong one"})
    assert answer.status_code == 302
    html = detail(client, site)
    assert ('name="verdict"' in html, "Alice took their approval back" in html) == (True, True)
    again = client.post(site.url("requests/{asked}/take-back"), {"reason": ""})
    assert again.status_code == 422
    with tenant_transaction(site.world.company.id):
        assert Vote.objects.get().voided_because == "withdrawn"


def test_undo_stands_there_while_a_rule_holds_the_permission_back(site: Site, login: Login) -> None:
    world = site.world
    world.publish(rules(asks("payments", flow="one", obligations={"delay": "10m"})))
    asked = replace(site, asked=world.submit())
    world.vote(world.company.alice, asked.asked)
    assert "Undo the approval" not in detail(login(world.company.bob), asked)
    client = login(world.company.alice)
    assert "Undo the approval" in detail(client, asked)
    client.post(asked.url("requests/{asked}/withdraw"), {"reason": "Approved by mistake."})
    assert "Undo the approval" not in detail(client, asked)
    assert now(asked).execution_state == "revoked"


def test_a_request_shows_what_it_replaced(site: Site, login: Login) -> None:
    world = site.world
    client = login(world.company.alice)
    assert "Asked before and after" not in detail(client, site)
    world.vote(world.company.alice, site.asked, "return")  # type: ignore[arg-type]
    later = world.submit(summary="Pay it again", supersedes=site.asked.pk)
    html = detail(client, site)
    assert ("Asked before and after" in html, later.public_id in html) == (True, True)


def test_hidden_characters_of_a_change_are_shown(open_site: Site, login: Login) -> None:
    client = login(open_site.world.company.alice)
    html = post(client, open_site, "review", **{IBAN: "DE\u202e1"}).content.decode()
    assert "RIGHT-TO-LEFT OVERRIDE" in html
    with tenant_transaction(open_site.world.company.id):
        assert RequestRevision.objects.count() == 0
