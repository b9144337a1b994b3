"""The pages of templates: who gets them, what they show, and what a form makes."""

import html
import re
from typing import Any, Final

import pytest

from approvals.models import ActionCategory, PolicyDraft
from approvals.policy_templates import TEMPLATES
from audit.models import LedgerEvent
from govapp.common.tenancy import tenant_transaction
from tenants.services.groups import create_group
from tests.approvals.views.office import (
    Codes,
    Office,
    log_in,
    make_office,
    who_changes,
    who_reads,
)
from tests.people import make_company

pytestmark = pytest.mark.django_db

PAYMENTS: Final = "policy/templates/payments/"
FILLED: Final = {
    "first_group": "finance", "second_group": "risk", "currency": "EUR", "free_until": "100",
    "threshold": "10000", "multiple": "4", "per_day": "50", "closed_outside_hours": "no",
    "deadline": "4h",
}  # fmt: skip
MAKE: Final = FILLED | {"do": "make"}
# Pages:                  owner, compliance, approver, auditor
GET: Final[dict[str, Codes]] = {
    "policy/templates/": (403, 200, 403, 403),
    PAYMENTS: (403, 200, 403, 403),
    "policy/templates/astrology/": (403, 404, 403, 403),
}


@pytest.fixture
def office(db: None) -> Office:
    return make_office()


def text_of(page: Any) -> str:
    """The words of a page, with single spaces."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode())))


@pytest.mark.parametrize("path", GET)
def test_who_may_read(office: Office, path: str) -> None:
    assert who_reads(office, path) == GET[path]


def test_who_may_make_a_draft(office: Office) -> None:
    assert who_changes(office, PAYMENTS, MAKE) == (403, 302, 403, 403)


def test_the_list_has_every_template(office: Office) -> None:
    page = text_of(log_in(office.dora).get(office.url("policy/templates/")))
    for template in TEMPLATES.values():
        assert template.title in page
        assert template.lead in page
    assert "not legal advice" in page
    assert "Records kept 2192 days" in page


@pytest.mark.parametrize("key", TEMPLATES)
def test_a_form_begins_with_its_defaults_and_says_what_is_missing(office: Office, key: str) -> None:
    page = text_of(log_in(office.dora).get(office.url(f"policy/templates/{key}/")))
    for blank in TEMPLATES[key].blanks:
        assert blank.label in page
    # The company of the tests has no group operations, which all but payments begin with.
    assert ("Not filled in yet" in page) == (key != "payments")


def test_the_sentences_are_beside_the_form_with_what_they_serve(office: Office) -> None:
    page = text_of(log_in(office.dora).get(office.url(PAYMENTS)))
    assert "When payments.* has amount of at least 10000: 1 from Finance and 1 from Risk" in page
    assert "SOX section 404 Controls over what reaches the books" in page
    assert "The category payments.transfer is left as it is" in page
    assert "The oversight report comes every month." in page


def test_showing_the_sentences_changes_nothing(office: Office) -> None:
    with tenant_transaction(office.company.id):
        before = LedgerEvent.objects.count()
    sent = FILLED | {"threshold": "25000", "do": "show"}
    page = log_in(office.dora).post(office.url(PAYMENTS), sent)
    assert page.status_code == 200
    assert "amount of at least 25000" in text_of(page)
    assert 'value="25000"' in page.content.decode()
    with tenant_transaction(office.company.id):
        assert LedgerEvent.objects.count() == before
        assert not PolicyDraft.objects.exists()


def test_what_keeps_a_flow_from_being_completed_is_said_at_once(office: Office) -> None:
    sent = FILLED | {"second_group": "finance", "do": "show"}
    page = text_of(log_in(office.dora).post(office.url(PAYMENTS), sent))
    assert "The people there are could not complete a flow" in page


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"threshold": "50"}, "Write more than 100, up to which nobody is asked."),
        ({"deadline": "soon"}, "Write a time such as 30m, 4h or 2d"),
        ({"first_group": ""}, "This field is required."),
        ({"first_group": "board"}, "board is not one of the available choices."),
    ],
)
def test_what_cannot_be_used_is_said_and_kept(
    office: Office, changed: dict[str, str], said: str
) -> None:
    page = log_in(office.dora).post(office.url(PAYMENTS), MAKE | changed)
    assert page.status_code == 422
    assert said in text_of(page)
    assert 'value="10000"' in page.content.decode() or "threshold" in changed
    with tenant_transaction(office.company.id):
        assert not PolicyDraft.objects.exists()


@pytest.mark.parametrize(("sent", "is_beside"), [({"into_live": "on"}, True), ({}, False)])
def test_the_draft_stands_beside_what_is_live_or_alone(
    office: Office, sent: dict[str, str], is_beside: bool
) -> None:
    answer = log_in(office.dora).post(office.url(PAYMENTS), MAKE | sent, follow=True)
    assert answer.status_code == 200
    assert "The draft “Payments by four eyes” is made. It decides nothing yet." in text_of(answer)
    with tenant_transaction(office.company.id):
        draft = PolicyDraft.objects.get()
        assert ("# who lets money go" in draft.source) == is_beside
        assert draft.created_by == office.dora


def test_a_company_without_rules_is_led_to_the_templates(db: None) -> None:
    company = make_company("fresh")
    client = log_in(company.carl)
    page = client.get("/t/fresh/policy/").content.decode()
    assert page.count('href="/t/fresh/policy/templates/"') == 2
    assert "templates" not in log_in(company.audrey).get("/t/fresh/policy/").content.decode()
    form = client.get("/t/fresh/policy/templates/payments/")
    assert "Add these rules to the ones that are live" not in text_of(form)
    client.post("/t/fresh/policy/templates/payments/", MAKE | {"into_live": "on"})
    with tenant_transaction(company.id):
        assert ActionCategory.objects.get().key == "payments.transfer"
        assert PolicyDraft.objects.get().source.startswith("# From the template “Payments by")


def test_groups_of_another_company_cannot_be_named(office: Office) -> None:
    globex = make_company("globex")
    with tenant_transaction(globex.id):
        create_group(actor=globex.olivia, slug="board", name="Board")
    sent = MAKE | {"first_group": "board"}
    page = log_in(office.dora).post(office.url(PAYMENTS), sent)
    assert page.status_code == 422
    assert 'value="board"' not in page.content.decode()
