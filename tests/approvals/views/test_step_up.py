"""Deciding with a second factor, on the page and nowhere else; and what else a rule attaches."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from approvals.ballots import sign_seen
from approvals.models import ActionRequest, Vote
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership
from tests.approvals.documents import asks, rule, rules
from tests.approvals.views.conftest import Login, Site, be_low_risk, field, link_for, make_site
from tests.support.authenticator import App

ATTACHED = {
    "step_up": True,
    "delay": "10m",
    "attach_note": "Standard \u202e4.",
    "notify": [{"group": "risk"}, {"person": "carl@acme.example"}],
}
FIELD = 'name="code"'

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked() -> Iterator[Site]:
    cache.clear()
    site = make_site()
    site.world.publish(rules(asks("payments", obligations=ATTACHED)))
    site.world.reach()
    yield replace(site, asked=site.world.submit(integration="acme-bank", run="run-7"))
    cache.clear()


def page(client: Client, site: Site) -> str:
    return client.get(site.url("requests/{asked}/")).content.decode()


def post(client: Client, site: Site, member: Membership, **fields: str) -> Any:
    """Post a vote with a form as this member's page has it now."""
    with tenant_transaction(site.world.company.id):
        request = ActionRequest.objects.get(pk=site.asked.pk)
        seen = sign_seen(request, reader=member.public_id, now=clock.now())
    sent = {"seen": seen, "verdict": "approve"} | fields
    return client.post(site.url("requests/{asked}/vote"), sent)


def votes(site: Site) -> int:
    with tenant_transaction(site.world.company.id):
        return Vote.objects.count()


def test_the_form_asks_for_the_code_and_takes_it_once(asked: Site, login: Login) -> None:
    alice = asked.world.company.alice
    client, app = login(alice), App(alice)
    assert FIELD in page(client, asked)
    answer = post(client, asked, alice, code="", reason="Looks right.")
    assert (answer.status_code, votes(asked)) == (422, 0)
    text = answer.content.decode()
    assert "Enter the code that your authenticator app shows now." in text
    assert "Looks right." in text
    code = app.code()
    answer = post(client, asked, alice, code="000000" if code != "000000" else "000001")
    assert "This code is wrong or has been used." in answer.content.decode()
    assert re.findall(rf"\b{code}\b", answer.content.decode()) == []
    assert post(client, asked, alice, code=code).status_code == 302
    assert votes(asked) == 1


def test_without_an_app_the_page_shows_the_way_to_one(asked: Site, login: Login) -> None:
    alice = asked.world.company.alice
    text = page(login(alice), asked)
    assert FIELD not in text
    assert "Set up a second factor first" in text
    assert 'href="/accounts/2fa/"' in text
    answer = post(login(alice), asked, alice, code="123456")
    assert (answer.status_code, votes(asked)) == (403, 0)


def test_the_inbox_leads_to_the_page_instead_of_voting(asked: Site, login: Login) -> None:
    alice = asked.world.company.alice
    be_low_risk(asked.world)
    client = login(alice)
    App(alice)
    rows = client.get("/t/acme/inbox/").context["rows"]
    row = next(each for each in rows if each["id"] == asked.asked.public_id)
    assert (row["vote_url"], row["review_only"], row["needs_code"]) == ("", True, True)
    other = next(each for each in rows if each["id"] != asked.asked.public_id)
    assert (other["review_only"], other["needs_code"]) == (False, False)
    answer = post(client, asked, alice, then="inbox")
    assert (answer.status_code, votes(asked)) == (422, 0)
    assert FIELD in answer.content.decode()


def test_a_link_leads_to_the_login(asked: Site) -> None:
    be_low_risk(asked.world, link_voting=True)
    text = Client().get(link_for(asked.world, asked.asked, asked.world.company.alice))
    assert "a rule asks for a passkey or a code of your app" in text.content.decode()
    assert 'name="verdict"' not in text.content.decode()


def test_what_a_rule_attaches_stands_on_the_page(asked: Site, login: Login) -> None:
    alice = asked.world.company.alice
    text = page(login(alice), asked)
    assert "Attached by a rule" in text
    assert "\u202e" not in text
    assert "is held back for 10 minutes" in text
    assert "Told of it: Risk and carl@acme.example." in text
    assert "acme-bank" in text
    assert "run-7" in text
    App(alice)
    app = App(asked.world.company.bob)
    assert app.secret not in text


def test_the_page_says_until_when_the_permission_is_held_back(site: Site, login: Login) -> None:
    site.world.publish(rules(rule("held", "allow", obligations={"delay": "10m"})))
    held = replace(site, asked=site.world.submit())
    text = page(login(site.world.company.alice), held)
    assert "Held back" in text
    assert "until then it can be withdrawn" in text


def test_other_requests_ask_for_no_code(site: Site, login: Login) -> None:
    text = page(login(site.world.company.alice), site)
    assert FIELD not in text
    assert field(text, "seen")
