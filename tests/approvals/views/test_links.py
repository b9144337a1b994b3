"""The page behind a link: opening never decides, a press of a button does."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from approvals.enums import RequestStatus, Verdict, VoteChannel
from approvals.models import ActionRequest, Vote
from govapp.common.tenancy import tenant_transaction
from tenants.services.people import suspend_member
from tests.approvals.views.conftest import Site, be_low_risk, field, link_for

pytestmark = pytest.mark.django_db


def status(site: Site) -> tuple[str, int]:
    with tenant_transaction(site.world.company.id):
        votes = Vote.objects.filter(request=site.asked).count()
        return ActionRequest.objects.get(pk=site.asked.pk).status, votes


@pytest.fixture
def link(site: Site) -> str:
    """Alice's link to a request that may be decided without a login."""
    be_low_risk(site.world, link_voting=True)
    return link_for(site.world, site.asked, site.world.company.alice)


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("choice", ["", "?choice=approve", "?choice=deny&verdict=deny"])
def test_opening_never_decides(site: Site, link: str, method: str, choice: str) -> None:
    answer = getattr(Client(), method)(link + choice)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert status(site) == (RequestStatus.PENDING, 0)


def test_a_press_of_the_button_decides_once(site: Site, link: str) -> None:
    client = Client()
    sent = {"seen": field(client.get(link).content.decode(), "seen"), "verdict": "approve"}
    answer = client.post(link, sent)
    assert "Your approval is recorded." in answer.content.decode()
    with tenant_transaction(site.world.company.id):
        assert Vote.objects.get().channel == VoteChannel.LINK
    again = client.post(link, sent)
    assert (again.status_code, status(site)) == (403, (RequestStatus.PENDING, 1))
    assert "This link has been used" in again.content.decode()


def test_it_needs_the_token_of_the_form(site: Site, link: str) -> None:
    client = Client(enforce_csrf_checks=True)
    html = client.get(link).content.decode()
    sent = {"seen": field(html, "seen"), "verdict": "approve"}
    assert client.post(link, sent).status_code == 403
    assert status(site) == (RequestStatus.PENDING, 0)
    sent["csrfmiddlewaretoken"] = field(html, "csrfmiddlewaretoken")
    assert client.post(link, sent).status_code == 200
    assert status(site) == (RequestStatus.PENDING, 1)


def test_a_denial_without_a_reason_keeps_the_link(site: Site, link: str) -> None:
    client = Client()
    sent = {"seen": field(client.get(link).content.decode(), "seen"), "verdict": "deny"}
    answer = client.post(link, sent)
    assert (answer.status_code, "Say why" in answer.content.decode()) == (422, True)
    assert client.post(link, sent | {"reason": "No."}).status_code == 200
    assert status(site) == (RequestStatus.DENIED, 1)


def test_high_risk_asks_for_a_login_and_shows_no_payload(site: Site) -> None:
    link = link_for(site.world, site.asked, site.world.company.alice)
    html = Client().get(f"{link}?choice=deny").content.decode()
    assert "Log in to decide" in html
    assert "900.00" not in html
    assert "choice%3Ddeny" in html
    assert "Log in to deny</a>" in html
    assert "Deny is chosen already. This link decides nothing by itself." in html
    answer = Client().post(link, {"seen": "x", "verdict": "approve"})
    assert answer.status_code == 412
    assert status(site) == (RequestStatus.PENDING, 0)


@pytest.mark.parametrize("is_decided", [False, True])
def test_an_expired_link_says_only_that(
    site: Site, link: str, move_clock: Any, is_decided: bool
) -> None:
    if is_decided:
        site.world.vote(site.world.company.bob, site.asked, Verdict.DENY, reason="Not ours.")
    move_clock(timedelta(hours=5))
    html = Client().get(link).content.decode()
    assert "This link has expired" in html
    told = ("Pay Acme Ltd", "900.00", "Not ours.", "Alice", "Bob", site.world.agent.name)
    assert [word for word in told if word in html] == []


def test_the_link_of_a_suspended_person_is_not_found(site: Site, link: str) -> None:
    company = site.world.company
    html = Client().get(link).content.decode()
    with tenant_transaction(company.id):
        suspend_member(actor=company.olivia, member=company.alice)
    assert Client().get(link).status_code == 404
    sent = {"seen": field(html, "seen"), "verdict": "approve"}
    assert Client().post(link, sent).status_code == 404
    assert status(site) == (RequestStatus.PENDING, 0)


def test_a_finished_request_says_how_it_ended(site: Site, link: str) -> None:
    site.world.vote(site.world.company.bob, site.asked, Verdict.DENY, reason="Not ours.")
    html = Client().get(link).content.decode()
    assert "Decided by Bob" in html
    assert "Not ours." in html
    assert 'name="verdict"' not in html


def test_an_unknown_link_is_not_found(site: Site) -> None:
    for token in ("nonsense", "x" * 5000):
        assert Client().get(f"/l/{token}").status_code == 404
