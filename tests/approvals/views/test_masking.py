"""Nobody reads personal data or a secret in passing: whoever wants to see it asks, on record."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals.models import ActionCategory, ActionRequest
from approvals.services.delivery import deliver_due
from audit.models import LedgerEvent
from govapp.common.ids import public_id
from govapp.common.tenancy import tenant_transaction
from tests.approvals.views.conftest import Login, Site, be_low_risk, link_for
from tests.support.recorded import read

pytestmark = pytest.mark.django_db

CARD = "4111 1111 1111 1111"
IBAN = "DE89370400440532013000"
PASSWORD = "hunter2-hunter2"
SECRETS = (CARD, IBAN, PASSWORD)
FIELDS: dict[str, Any] = {
    "summary": f"Refund card {CARD}",
    "reason": f"The customer wrote from {IBAN}.",
    "sources": [{"kind": "chat", "title": f"Card {CARD}"}],
    "payload": {"amount": "900.00", "account": IBAN, "login": {"password": PASSWORD}},
    "on_behalf_of": f"holder of {CARD}",
}


@pytest.fixture
def private(site: Site) -> ActionRequest:
    return site.world.submit(**FIELDS)


def shown(html: str) -> list[str]:
    return [secret for secret in SECRETS if secret in html]


def revealed(site: Site) -> list[dict[str, Any]]:
    with tenant_transaction(site.world.company.id):
        rows = LedgerEvent.objects.filter(type="request.revealed").order_by("occurred_at", "id")
        return [read(row) for row in rows]


def test_no_page_shows_it_in_passing(site: Site, login: Login, private: ActionRequest) -> None:
    company = site.world.company
    follower = site.world.submit(payload={"amount": "1.00", "account": IBAN})
    with tenant_transaction(company.id):
        event = LedgerEvent.objects.get(type="action_request.submitted", request_id=private.pk)
    ident = public_id("ev", event.pk)
    pages = {
        "alice": ["inbox/", "inbox/?tab=all", "requests/", f"requests/{private.public_id}/",
                  f"requests/{follower.public_id}/"],
        "audrey": ["audit/", f"audit/requests/{private.public_id}/",
                   f"audit/events/{ident}/"],
    }  # fmt: skip
    found = {}
    for who, paths in pages.items():
        client = login(getattr(company, who))
        for path in paths:
            answer = client.get(f"/t/acme/{path}")
            assert answer.status_code == 200, path
            found[path] = shown(answer.content.decode())
    assert found == {path: [] for paths in pages.values() for path in paths}


def test_no_message_shows_it(site: Site, private: ActionRequest) -> None:
    deliver_due(at_most=100, grace=timedelta(0))
    texts = [f"{each.subject} {each.body} {vars(each).get('alternatives')}" for each in mail.outbox]
    about = [text for text in texts if private.public_id in text]
    assert about
    assert [shown(text) for text in about] == [[] for _ in about]
    assert "[card number ••••1111]" in about[0]


def test_asking_shows_it_in_this_answer_only_and_is_recorded(
    site: Site, login: Login, private: ActionRequest
) -> None:
    client = login(site.world.company.alice)
    url = f"/t/acme/requests/{private.public_id}/"
    assert "Masked here: secret, IBAN, card number." in client.get(url).content.decode()
    answer = client.post(url + "reveal")
    assert (answer.status_code, shown(answer.content.decode())) == (200, list(SECRETS))
    assert answer["Cache-Control"] == "no-store"
    assert shown(client.get(url).content.decode()) == []
    (event,) = revealed(site)
    assert (event["actor"]["name"], event["data"]["kinds"]) == ("Alice", ["card", "iban", "secret"])
    # What was seen is named in the record by its kind only.
    assert IBAN not in json.dumps(event)
    assert PASSWORD not in json.dumps(event)


def test_opening_the_address_shows_and_records_nothing(
    site: Site, login: Login, private: ActionRequest
) -> None:
    client = login(site.world.company.alice)
    for verb in (client.get, client.head):
        assert verb(f"/t/acme/requests/{private.public_id}/reveal").status_code == 302
    assert revealed(site) == []


def test_nothing_is_recorded_where_nothing_is_masked(site: Site, login: Login) -> None:
    client = login(site.world.company.alice)
    assert client.post(site.url("requests/{asked}/reveal")).status_code == 200
    assert revealed(site) == []
    assert "Masked here" not in client.get(site.url("requests/{asked}/")).content.decode()


def test_a_link_shows_it_only_after_a_login(
    site: Site, login: Login, private: ActionRequest
) -> None:
    be_low_risk(site.world, link_voting=True)
    path = link_for(site.world, private, site.world.company.alice)
    html = login(site.world.company.alice).get(path).content.decode()
    assert shown(html) == []
    assert "Log in to see it." in html


def test_a_vote_counts_whether_it_was_shown_or_not(
    site: Site, login: Login, private: ActionRequest
) -> None:
    client = login(site.world.company.alice)
    html = client.post(f"/t/acme/requests/{private.public_id}/reveal").content.decode()
    seen = re.search(r'name="seen" value="([^"]+)"', html)
    assert seen is not None
    sent = {"seen": seen.group(1), "verdict": "approve"}
    answer = client.post(f"/t/acme/requests/{private.public_id}/vote", sent, follow=True)
    assert "Your approval is recorded." in answer.content.decode()
    assert shown(answer.content.decode()) == []


def test_a_row_masks_before_it_cuts(site: Site, login: Login) -> None:
    with tenant_transaction(site.world.company.id):
        ActionCategory.objects.update(display={"kind": "sql"})
    statement = f"{'moved from the old system to the new one; its number was once ':<70}{CARD}"
    assert len(statement) > 80
    site.world.submit(payload={"amount": "1.00", "sql": statement})
    html = login(site.world.company.alice).get("/t/acme/inbox/").content.decode()
    # As the beginning of a word: four digits in a row are found in a random id sooner or later.
    assert re.findall(r"\b4111", html) == []


def test_what_people_wrote_is_masked_and_shown_alike(site: Site, login: Login) -> None:
    client = login(site.world.company.alice)
    url = site.url("requests/{asked}/")
    client.post(url + "comments", {"text": f"Is it {CARD}?", "to": "people"})
    html = client.get(url).content.decode()
    assert (shown(html), "Masked here: card number." in html) == ([], True)
    assert shown(client.post(url + "reveal").content.decode()) == [CARD]
    assert [event["data"]["kinds"] for event in revealed(site)] == [["card"]]


def test_the_page_takes_as_many_statements_with_a_discussion(
    site: Site, login: Login, private: ActionRequest
) -> None:
    client = login(site.world.company.alice)
    url = f"/t/acme/requests/{private.public_id}/"
    counts = []
    for _ in range(3):
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        counts.append(len(queries))
        sent = {"text": "One more @Bob", "to": "people"}
        assert client.post(url + "comments", sent).status_code == 302
    assert counts == [counts[0]] * 3


# An agent's words by the names that templates know them by.
_WORDS = re.compile(
    r"\{\{\s*(?:(?:[\w.]+\.)?(?:summary|on_behalf_of|execution_note|decision_reason)|row\.sentence"
    r"|ar\.because|ar\.reason)(?:\|capfirst)?\|reveal\b"
)


def test_no_template_shows_an_agents_words_unmasked() -> None:
    root = Path(settings.BASE_DIR) / "templates"
    wrong = {
        str(path.relative_to(root)): found
        for path in sorted(root.rglob("*.html"))
        if (found := _WORDS.findall(path.read_text()))
    }
    assert wrong == {}
