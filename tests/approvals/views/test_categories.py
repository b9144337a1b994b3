"""Kinds of action, and who may approve them."""

import json
from typing import Any, Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.models import ActionCategory
from approvals.services.categories import create_category, give_right
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership
from tenants.services.groups import create_group
from tenants.services.people import add_member
from tests.approvals.views.office import (
    Codes,
    Office,
    log_in,
    make_office,
    who_changes,
    who_reads,
)
from tests.people import make_user

pytestmark = pytest.mark.django_db

MAIL: Final = {
    "key": "mail.send",
    "name": "Mail",
    "risk": "low",
    "is_reversible": "on",
    "kind": "email",
    "labels": "to = Receiver\nbody = What it says",
    "payload_schema": '{"type": "object"}',
    "cost_class": "low",
    "target_field": "to",
    "amount_field": "",
}
CHANGED: Final = {"name": "Transfer", "risk": "high", "kind": "money"}
# Pages that show:        owner, compliance, approver, auditor
GET: Final[dict[str, Codes]] = {
    "categories/": (200, 200, 200, 200),
    "categories/new": (403, 200, 403, 403),
    "categories/{category}/": (200, 200, 200, 200),
    "categories/{category}/change": (403, 200, 403, 403),
}
POST: Final[dict[str, tuple[dict[str, Any], Codes]]] = {
    "categories/new": (MAIL, (403, 302, 403, 403)),
    "categories/{category}/change": (CHANGED, (403, 302, 403, 403)),
    "categories/{category}/archive": ({"to": "archived"}, (403, 302, 403, 403)),
    "categories/{category}/give": ({"to": "member:{bob}"}, (302, 302, 403, 403)),
    "categories/{category}/take": ({"of": "group:risk"}, (302, 302, 403, 403)),
}


@pytest.fixture
def office(db: None) -> Office:
    return make_office()


def filled(office: Office, data: dict[str, Any]) -> dict[str, Any]:
    bob = office.company.bob.public_id
    return {key: str(value).replace("{bob}", bob) for key, value in data.items()}


@pytest.mark.parametrize("path", GET)
def test_who_may_read(office: Office, path: str) -> None:
    assert who_reads(office, path) == GET[path]


@pytest.mark.parametrize("path", POST)
def test_who_may_change(office: Office, path: str) -> None:
    data, codes = POST[path]
    assert who_changes(office, path, filled(office, data)) == codes


@pytest.mark.parametrize("path", [path for path in {**GET, **POST} if "{" in path])
def test_ids_of_another_tenant_are_404(office: Office, path: str) -> None:
    foreign = make_office("globex").url(path).replace("/globex/", "/acme/")
    data = filled(office, POST[path][0]) if path in POST else None
    for member in (office.company.olivia, office.company.carl):
        client = log_in(member)
        answer = client.get(foreign) if data is None else client.post(foreign, data)
        assert answer.status_code == 404


def test_rights_go_to_people_and_groups_of_the_tenant_only(office: Office) -> None:
    other = make_office("globex").company
    with tenant_transaction(other.id):
        create_group(actor=other.olivia, slug="theirs", name="Theirs")
    client = log_in(office.company.carl)
    give, take = office.url("categories/{category}/give"), office.url("categories/{category}/take")
    for of in (f"member:{other.bob.public_id}", "group:theirs"):
        assert client.post(give, {"to": of}).status_code == 422
        assert client.post(take, {"of": of}).status_code == 404


def test_a_new_category_has_everything_that_was_typed(office: Office) -> None:
    answer = log_in(office.company.carl).post(office.url("categories/new"), MAIL, follow=True)
    assert "Mail is there. Say who may approve it." in answer.content.decode()
    assert "Nobody may approve it" in answer.content.decode()
    with tenant_transaction(office.company.id):
        made = ActionCategory.objects.get(key="mail.send")
    assert (made.name, made.risk, made.is_reversible) == ("Mail", "low", True)
    assert made.payload_schema == {"type": "object"}
    assert (made.cost_class, made.target_field, made.amount_field) == ("low", "to", "")
    assert made.display == {
        "kind": "email",
        "fields": {"to": {"label": "Receiver"}, "body": {"label": "What it says"}},
    }


def test_changing_starts_from_what_is_there_and_keeps_unknown_hints(office: Office) -> None:
    hints = {"kind": "money", "order": ["b"], "fields": {"b": {"label": "B", "unit": "EUR"}}}
    with tenant_transaction(office.company.id):
        ActionCategory.objects.update(display=hints)
    client = log_in(office.company.carl)
    path = office.url("categories/{category}/change")
    form = client.get(path).context["form"]
    start = {name: form[name].value() for name in form.fields}
    assert json.loads(start["payload_schema"]) == office.world.category.payload_schema
    assert client.post(path, start | {"labels": "b = Bee", "is_reversible": ""}).status_code == 302
    with tenant_transaction(office.company.id):
        found = ActionCategory.objects.get()
    assert found.display == hints | {"fields": {"b": {"label": "Bee", "unit": "EUR"}}}
    assert found.payload_schema == office.world.category.payload_schema


def test_fields_that_an_approver_may_change_are_chosen_from_the_schema(office: Office) -> None:
    client, path = log_in(office.company.carl), office.url("categories/{category}/change")
    form = client.get(path).context["form"]
    assert form["editable_fields"].field.choices == [("amount", "amount")]
    start = {name: form[name].value() for name in form.fields} | {"is_reversible": ""}
    assert client.post(path, start | {"editable_fields": ["nothing"]}).status_code == 422
    assert client.post(path, start | {"editable_fields": ["amount"]}).status_code == 302
    with tenant_transaction(office.company.id):
        assert ActionCategory.objects.get().editable_fields == ["amount"]
    # What the schema no longer names can still be closed.
    again = start | {"payload_schema": '{"properties": {"to": {}}}', "editable_fields": ["to"]}
    assert client.post(path, again).status_code == 302
    with tenant_transaction(office.company.id):
        assert ActionCategory.objects.get().editable_fields == ["to"]


SCHEMA: Final = """{
  "type": "object",
  "properties": {
    "amount": {"type": "sting"}
  }
}"""
# What is wrong: the field, what is typed, where it is said to be, and a part of the sentence.
WRONG: Final[list[tuple[str, str, tuple[str, int | None] | None, str]]] = [
    ("payload_schema", '{"a": 1,\n "b"}', ("", 2), "This is not JSON:"),
    ("payload_schema", '{"a": {}, "a": {}}', ("", None), "The key a is written twice"),
    ("payload_schema", "[]", ("", 1), "Write a JSON object"),
    ("payload_schema", SCHEMA, ("/properties/amount/type", 4), "sting"),
    ("labels", "to = A\nnonsense", None, "Write nonsense = its name."),
    ("key", "Not A Key", None, "Write words of a-z"),
    ("key", "payments.transfer", None, "There is a category payments.transfer already."),
    ("name", "", None, "This field is required."),
    ("kind", "hologram", None, "Select a valid choice."),
]


@pytest.mark.parametrize(("field", "typed", "place", "said"), WRONG)
def test_bad_input_is_said_at_its_place_and_kept(
    office: Office, field: str, typed: str, place: tuple[str, int | None] | None, said: str
) -> None:
    client = log_in(office.company.carl)
    answer = client.post(office.url("categories/new"), MAIL | {"description": "Kept", field: typed})
    form = answer.context["form"]
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert (form[field].value(), form["description"].value()) == (typed, "Kept")
    found = [(each.pointer, each.line) for each in form.problems]
    assert found == ([place] if place else [])
    with tenant_transaction(office.company.id):
        assert ActionCategory.objects.count() == 1


def test_a_right_is_given_and_taken_by_name(office: Office) -> None:
    client = log_in(office.company.olivia)
    page = office.url("categories/{category}/")
    choices = client.get(page).context["form"].fields["to"].choices
    assert [label for label, _ in choices] == ["", "Groups", "People"]
    offered = [name for _, each in choices[1:] for _, name in each]
    assert offered == ["Alice", "Bob", "Charlie"]  # the groups have it already
    bob = f"member:{office.company.bob.public_id}"
    given = client.post(page + "give", {"to": bob}, follow=True)
    assert "Bob may approve Bank transfer now." in given.content.decode()
    assert [member.user.name for member in given.context["row"].members] == ["Bob"]
    taken = client.post(page + "take", {"of": "group:risk"}, follow=True)
    assert "Risk may no longer approve Bank transfer." in taken.content.decode()
    assert [group.slug for group in taken.context["row"].groups] == ["finance", "managers"]


def test_an_archived_category_is_marked_and_can_be_used_again(office: Office) -> None:
    client = log_in(office.company.carl)
    path = office.url("categories/{category}/archive")
    archived = client.post(path, {"to": "archived"}, follow=True).content.decode()
    assert "Bank transfer is archived. Its requests are blocked from now on." in archived
    assert "Archived" in client.get(office.url("categories/")).content.decode()
    back = client.post(path, {"to": "used"}, follow=True).content.decode()
    assert "Bank transfer is in use again." in back


def more_categories(office: Office, number: int) -> None:
    made = create_category(actor=office.company.carl, key=f"k{number}", name="More", risk="low")
    give_right(actor=office.company.carl, category=made, group=office.company.finance)
    give_right(actor=office.company.carl, category=made, member=office.company.bob)


def more_rights(office: Office, number: int) -> None:
    user = make_user(f"zoe{number}")
    member: Membership = add_member(actor=office.company.olivia, user=user, roles=["approver"])
    group = create_group(actor=office.company.olivia, slug=f"g{number}", name=f"G{number}")
    give_right(actor=office.company.carl, category=office.world.category, member=member)
    give_right(actor=office.company.carl, category=office.world.category, group=group)


@pytest.mark.parametrize(
    ("path", "more"), [("categories/", more_categories), ("categories/{category}/", more_rights)]
)
def test_more_rows_take_no_more_statements(office: Office, path: str, more: Any) -> None:
    client = log_in(office.company.carl)
    counts, sizes = [], []
    for rows in (range(1), range(1, 3)):
        with tenant_transaction(office.company.id):
            for number in rows:
                more(office, number)
        client.get(office.url(path))
        with CaptureQueriesContext(connection) as asked:
            sizes.append(len(client.get(office.url(path)).content))
        counts.append(len(asked))
    assert sizes[0] < sizes[1]
    assert counts[0] == counts[1]
