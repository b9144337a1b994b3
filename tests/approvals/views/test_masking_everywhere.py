"""Pages and replies that repeat a request's sentence: none gives away what it holds."""

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from approvals.enums import Verdict
from approvals.models import BreakGlassReview, Finding
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
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
    company = site.world.company
    be_low_risk(site.world)
    request = site.world.submit(summary=SUMMARY)
    client = login(company.alice)
    body = {"id": [request.public_id], "verdict": "approve"}
    page = client.post("/t/acme/inbox/decide", body).content.decode()
    name = f"seen_{request.public_id}"
    seen = {name: field(page, name), "confirm": "1"}
    site.world.vote(company.alice, request)
    client.post("/t/acme/inbox/decide", body | seen)
    said = " ".join(str(each) for each in client.get("/t/acme/inbox/").context["messages"])
    assert CARD not in said


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
