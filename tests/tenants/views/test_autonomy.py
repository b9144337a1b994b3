"""The pages of autonomy, environments and trust: what is said, kept, and waits."""

import html
import re
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from govapp.common.tenancy import bind_tenant
from tenants.models import Agent, Autonomy, EnvironmentRule, Loosening
from tenants.services.trust import assess_conduct, hold_agent
from tenants.trust import Conduct
from tests.tenants.views.conftest import Login, Places

pytestmark = pytest.mark.django_db

SOLID = Conduct(age_days=120, approved=150, allowed=100)
ACT = {"pattern": "payments.*", "level": "act", "reason": "Proven"}
SENTENCE = "payer acts on its own below payments, where no rule of the policy says anything."


def text(client: Client, path: str) -> str:
    """Return what a page says, without its marks."""
    answer = client.get(path)
    assert answer.status_code == 200
    plain = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return " ".join(html.unescape(plain).split())


def post(client: Client, path: str, data: dict[str, Any]) -> str:
    """Post, follow, and return what the page then says."""
    answer = client.post(path, data, follow=True)
    assert answer.status_code == 200, answer.content
    plain = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return " ".join(html.unescape(plain).split())


def look(places: Places, conduct: Conduct) -> None:
    with bind_tenant(places.company.id), transaction.atomic():
        assess_conduct(agent=hold_agent(places.agent.pk), conduct=conduct)


def tier(places: Places) -> str:
    with bind_tenant(places.company.id):
        return Agent.objects.get(pk=places.agent.pk).trust_tier


def test_what_takes_something_is_on_the_agents_page_at_once(places: Places, login: Login) -> None:
    client = login(places.company.carl)
    page = post(
        client,
        places.url("agents/{agent}/autonomy"),
        {"pattern": "payments.*", "level": "ask", "reason": "New here"},
    )
    assert "It holds from the next request on." in page
    assert "payer always asks a person below payments. New here" in page


def test_what_gives_more_waits_and_a_second_person_confirms_it(
    places: Places, login: Login
) -> None:
    carl, olivia = login(places.company.carl), login(places.company.olivia)
    page = post(carl, places.url("agents/{agent}/autonomy"), ACT)
    assert "so it waits: somebody else has to confirm it." in page
    mine = text(carl, places.url("autonomy/"))
    assert SENTENCE in mine
    assert "Somebody else confirms it." in mine
    with bind_tenant(places.company.id):
        waits = Loosening.objects.get()
    confirm = places.url(f"autonomy/changes/{waits.public_id}/confirm")
    assert carl.post(confirm).status_code == 403
    assert f'action="{confirm}"' in olivia.get(places.url("autonomy/")).content.decode()
    page = post(olivia, confirm, {"back": places.url("autonomy/environments")})
    assert f"Confirmed, it holds from now on: {SENTENCE}" in page
    with bind_tenant(places.company.id):
        assert Autonomy.objects.get().level == "act"
    assert f"{SENTENCE} asked for by Carl, confirmed by Olivia" in text(
        olivia, places.url("autonomy/")
    )


@pytest.mark.parametrize("back", ["https://example.com/", "//example.com", "/t/other/inbox/"])
def test_nobody_is_led_elsewhere_after_a_confirmation(
    places: Places, login: Login, back: str
) -> None:
    login(places.company.carl).post(places.url("agents/{agent}/autonomy"), ACT)
    with bind_tenant(places.company.id):
        waits = Loosening.objects.get()
    client = login(places.company.olivia)
    answer = client.post(places.url(f"autonomy/changes/{waits.public_id}/withdraw"), {"back": back})
    assert answer["Location"] == places.url("autonomy/")


def test_what_is_overtaken_is_said_above_the_page(places: Places, login: Login) -> None:
    carl = login(places.company.carl)
    carl.post(places.url("agents/{agent}/autonomy"), ACT)
    carl.post(places.url("agents/{agent}/autonomy"), ACT | {"level": "ask"})
    with bind_tenant(places.company.id):
        waits = Loosening.objects.get()
    page = post(
        login(places.company.olivia),
        places.url(f"autonomy/changes/{waits.public_id}/confirm"),
        {},
    )
    assert "It was changed in the meantime" in page


def test_a_wrong_pattern_is_said_at_its_field(places: Places, login: Login) -> None:
    answer = login(places.company.carl).post(
        places.url("autonomy/"), {"pattern": "pay*", "level": "ask", "reason": "Odd"}
    )
    assert answer.status_code == 422
    assert "pay* is no category, and no pattern like pay.*." in answer.content.decode()


def test_an_environment_is_closed_and_opened_by_two(places: Places, login: Login) -> None:
    carl = login(places.company.carl)
    path = places.url("autonomy/environments")
    data = {"name": "production", "is_read_only": "read", "reason": "Freeze"}
    assert "production is read-only" in post(carl, path, data)
    page = post(carl, path, data | {"is_read_only": "all", "reason": "Over"})
    assert "somebody else has to confirm it" in page
    with bind_tenant(places.company.id):
        assert EnvironmentRule.objects.get().is_read_only is True


def test_a_tier_says_why_and_is_raised_by_a_person(places: Places, login: Login) -> None:
    client = login(places.company.carl)
    page = text(client, places.url("agents/{agent}/?tab=autonomy"))
    assert "Nobody has looked at its conduct yet" in page
    look(places, SOLID)
    assert "payer New now, high earned" in text(client, places.url("autonomy/trust"))
    page = text(client, places.url("agents/{agent}/?tab=autonomy"))
    assert "In the last 90 days 250 actions went well: people approved 150" in page
    data = {"to": "medium", "reason": "A good quarter"}
    page = post(client, places.url("agents/{agent}/trust/raise"), data)
    assert "payer has the tier medium from now on." in page
    assert tier(places) == "medium"
    page = post(client, places.url("agents/{agent}/trust/lower"), data | {"to": "low"})
    assert "payer has the tier low from now on." in page
    assert tier(places) == "low"


def test_nobody_can_choose_a_tier_that_was_not_earned(places: Places, login: Login) -> None:
    look(places, Conduct(age_days=8, approved=10))
    answer = login(places.company.carl).post(
        places.url("agents/{agent}/trust/raise"), {"to": "high", "reason": "Please"}
    )
    assert (answer.status_code, tier(places)) == (422, "new")


def test_whoever_owns_the_agent_may_lower_it_only(places: Places, login: Login) -> None:
    with bind_tenant(places.company.id):
        Agent.objects.filter(pk=places.agent.pk).update(
            owner=places.company.alice, trust_tier="low"
        )
    look(places, SOLID)
    client = login(places.company.alice)
    page = text(client, places.url("agents/{agent}/?tab=autonomy"))
    assert "Lower the tier" in page
    assert "Raise the tier" not in page
    assert "Set what it may do" not in page
    data = {"to": "new", "reason": "Odd"}
    assert client.post(places.url("agents/{agent}/trust/lower"), data).status_code == 302
    assert tier(places) == "new"


def test_what_tiers_ask_for_is_shown_and_changed(places: Places, login: Login) -> None:
    client = login(places.company.carl)
    page = text(client, places.url("autonomy/trust"))
    assert "Actions that went well at least 10 at least 50 at least 200" in page
    assert "Failed, in per cent at most 30 at most 15 at most 5" in page
    form = client.get(places.url("autonomy/trust/change")).content.decode()
    sent = dict(re.findall(r'name="([a-z_]+)" value="(\d+)"', form)) | {"reason": "Stricter"}
    wrong = client.post(places.url("autonomy/trust/change"), sent | {"high_failed": "16"})
    assert "High cannot take more than below." in wrong.content.decode()
    page = post(client, places.url("autonomy/trust/change"), sent | {"high_failed": "4"})
    assert "Failed, in per cent at most 30 at most 15 at most 4" in page
    page = post(client, places.url("autonomy/trust/change"), sent | {"high_failed": "9"})
    assert "Tiers of trust ask for less: high failed from 4 to 9." in page


def test_the_form_of_an_agent_changes_no_tier(places: Places, login: Login) -> None:
    client = login(places.company.olivia)
    form = client.get(places.url("agents/{agent}/change")).content.decode()
    assert 'name="trust_tier"' not in form
    data = {"name": "payer", "owner": str(places.company.olivia.pk), "trust_tier": "high"}
    client.post(places.url("agents/{agent}/change"), data)
    assert tier(places) == "new"
