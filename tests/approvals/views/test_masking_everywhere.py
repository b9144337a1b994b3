"""Pages and replies that repeat a request's sentence: none gives away what it holds."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from approvals.enums import Verdict
from approvals.models import BreakGlassReview, Finding
from approvals.services.categories import change_category
from audit.models import LedgerEvent
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tenants.models import Tenant
from tests.approvals.chatting import ALICE, Chat, connected
from tests.approvals.emergencies import approve_alone, may_act_alone
from tests.approvals.views.conftest import Login, Site, be_low_risk, field
from tests.support.authenticator import App
from tests.support.slack import deliver, pressed

pytestmark = pytest.mark.django_db

CARD = "4111 1111 1111 1111"
MASK = "[card number ••••1111]"
SUMMARY = f"Refund card {CARD}"


def test_no_page_about_what_was_done_shows_it(site: Site, login: Login) -> None:
    company = site.world.company
    may_act_alone(site.world, company.bob)
    request = site.world.submit(summary=SUMMARY)
    approve_alone(site.world, company.bob, request, App(company.bob), reason=f"Call about {CARD}")
    with tenant_transaction(company.id):
        now = clock.now()
        Finding.objects.create(
            kind="timer_overdue", key="x", text=f"“{SUMMARY}”", found_at=now, last_seen_at=now
        )
        review = BreakGlassReview.objects.get(request=request)
    client = login(company.carl)
    pages = ["settings/messages/sent/", "reviews/", f"reviews/{review.public_id}/", "health/"]
    found = {page: client.get(f"/t/acme/{page}").content.decode() for page in pages}
    assert [page for page, html in found.items() if CARD in html] == []
    assert [page for page, html in found.items() if MASK not in html] == []


def test_a_chain_of_requests_shows_it_nowhere(site: Site, login: Login) -> None:
    company = site.world.company
    first = site.world.submit(summary=SUMMARY)
    site.world.vote(company.alice, first, Verdict.RETURN)
    second = site.world.submit(summary="Refund the card", supersedes=first.pk)
    html = login(company.alice).get(f"/t/acme/requests/{second.public_id}/").content.decode()
    assert CARD not in html
    assert MASK in html


def test_a_refusal_of_one_of_several_does_not_say_it(site: Site, login: Login) -> None:
    be_low_risk(site.world)
    chosen = [site.world.submit(summary=f"{SUMMARY}, {n}").public_id for n in (1, 2)]
    with tenant_transaction(site.world.company.id):
        Tenant.objects.update(approvals_per_hour=1)
    client = login(site.world.company.alice)
    body: dict[str, Any] = {"id": chosen, "verdict": "approve"}
    page = client.post("/t/acme/inbox/decide", body).content.decode()
    seen = {f"seen_{each}": field(page, f"seen_{each}") for each in chosen}
    client.post("/t/acme/inbox/decide", body | seen | {"confirm": "1"})
    said = " ".join(str(each) for each in client.get("/t/acme/inbox/").context["messages"])
    assert CARD not in said
    assert f"Refund card {MASK}, 2: " in said


def test_fields_that_may_change_are_shown_when_somebody_asks(site: Site, login: Login) -> None:
    company = site.world.company
    with tenant_transaction(company.id):
        change_category(
            actor=company.carl, category=site.world.category, editable_fields=["amount"]
        )
    request = site.world.submit(summary=SUMMARY)
    client, url = login(company.alice), f"/t/acme/requests/{request.public_id}/change"
    assert CARD not in client.get(url).content.decode()
    with tenant_transaction(company.id):
        assert not LedgerEvent.objects.filter(type="request.revealed").exists()
    answer = client.post(url, {"step": "open"})
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert CARD in answer.content.decode()
    with tenant_transaction(company.id):
        assert LedgerEvent.objects.filter(type="request.revealed").count() == 1


@pytest.fixture
def chat(settings: Settings) -> Iterator[Chat]:
    with connected(settings) as made:
        yield made


def test_nothing_that_slack_is_answered_says_it(chat: Chat) -> None:
    chat.request(summary=SUMMARY)
    buttons = chat.buttons(ALICE)
    for button in ("Deny…", "Approve"):
        deliver(chat.path, pressed(buttons[button], user=ALICE))
    sent = str([*chat.workspace.of("views.open"), *chat.workspace.of("chat.update")])
    assert CARD not in sent
    assert sent.count(MASK) >= 2
