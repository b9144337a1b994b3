"""The page of the kill switch, and what every page says while something is stopped."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from govapp.common.tenancy import tenant_transaction
from tenants.models import KillSwitch, Membership
from tenants.services.agents import change_agent
from tenants.services.kill import throw
from tests.tenants.views.conftest import Login, Places, make_places

pytestmark = pytest.mark.django_db

PAGE = "kill-switch/"
FILLED: dict[str, Any] = {
    "scope": "category", "agent": "", "ref": "payments.*", "pending": "hold",
    "reason": "It pays twice",
}  # fmt: skip


def sent(client: Client, places: Places, step: str, **fields: Any) -> Any:
    return client.post(places.url(PAGE), FILLED | {"step": step} | fields)


def thrown(places: Places, actor: Membership | None = None, **fields: Any) -> KillSwitch:
    company = places.company
    asked: dict[str, Any] = {"scope": "tenant", "reason": "It pays twice"} | fields
    with tenant_transaction(company.id):
        return throw(actor=actor or company.olivia, **asked)


def count(places: Places) -> int:
    with tenant_transaction(places.company.id):
        return KillSwitch.objects.count()


def text(response: Any) -> str:
    return str(response.content.decode())


def test_the_first_step_shows_what_it_stops_and_stops_nothing(places: Places, login: Login) -> None:
    answer = sent(login(places.company.olivia), places, "look")
    assert answer.status_code == 200
    shown = text(answer)
    assert "Stop the categories payments.*" in shown
    assert "Nothing is stopped yet." in shown
    assert "Somebody else resumes it: Carl." in shown
    for kept in ("payments.*", "It pays twice", "hold"):
        assert f'value="{kept}"' in shown
    assert count(places) == 0


def test_the_second_step_stops_it(places: Places, login: Login) -> None:
    client = login(places.company.olivia)
    answer = sent(client, places, "throw")
    assert (answer.status_code, answer.url) == (302, places.url(PAGE))
    shown = text(client.get(places.url(PAGE)))
    assert "Stopped: the categories payments.*." in shown
    assert "You threw it, so somebody else resumes it." in shown
    with tenant_transaction(places.company.id):
        made = KillSwitch.objects.get()
    assert (made.scope, made.ref, made.pending, made.is_drill) == (
        "category", "payments.*", "hold", False,
    )  # fmt: skip


def test_a_drill_leaves_a_report(places: Places, login: Login) -> None:
    client = login(places.company.olivia)
    assert sent(client, places, "drill", scope="tenant", ref="").status_code == 302
    shown = text(client.get(places.url(PAGE)))
    assert "That was a drill" in shown
    assert "would have been" in shown
    assert "0 requests, 0 permissions, 1 agent<br>" in shown
    assert "Nothing is stopped." in shown
    assert "Stopped:" not in shown


def test_who_is_alone_is_told_before(places: Places, login: Login) -> None:
    with tenant_transaction(places.company.id):
        Membership.objects.filter(pk=places.company.carl.pk).update(roles=["approver"])
    shown = text(sent(login(places.company.olivia), places, "look"))
    assert "Nobody else could resume it." in shown


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"ref": "Payments!"}, "Write a category like payments.transfer"),
        ({"scope": "agent"}, "Choose an agent."),
        ({"scope": "integration", "ref": ""}, "Fill this in."),
        ({"reason": ""}, "This field is required."),
    ],
)
@pytest.mark.parametrize("step", ["look", "throw", "drill"])
def test_what_is_wrong_is_said_on_the_page(
    places: Places, login: Login, wrong: dict[str, Any], words: str, step: str
) -> None:
    answer = sent(login(places.company.olivia), places, step, **wrong)
    assert answer.status_code == 422
    assert words in text(answer)
    assert count(places) == 0


def test_the_same_twice_is_refused(places: Places, login: Login) -> None:
    thrown(places, scope="category", ref="payments.*")
    answer = sent(login(places.company.carl), places, "throw")
    assert answer.status_code == 422
    assert "is thrown already" in text(answer)


def test_a_second_person_resumes_on_the_page(places: Places, login: Login) -> None:
    switch = thrown(places)
    where = places.url(f"{PAGE}{switch.public_id}/resume")
    first, second = login(places.company.olivia), login(places.company.carl)
    assert first.post(where, {"reason": "All is well"}).status_code == 403
    assert second.post(where, {"reason": ""}).status_code == 302
    assert "Say why it may go on." in text(second.get(places.url(PAGE)))
    assert second.post(where, {"reason": "The payee was corrected"}).status_code == 302
    shown = text(second.get(places.url(PAGE)))
    assert "It goes on: everything in this account." in shown
    assert "Resumed by Carl" in shown
    assert "The payee was corrected" in shown
    assert second.post(where, {"reason": "Again"}).status_code == 302
    assert "is not thrown" in text(second.get(places.url(PAGE)))


def test_who_governs_nothing_stops_nothing(places: Places, login: Login) -> None:
    for member in (places.company.alice, places.company.audrey):
        client = login(member)
        page = client.get(places.url(PAGE))
        assert page.status_code == 200
        assert "Show what it stops" not in text(page)
        assert sent(client, places, "throw").status_code in (403, 422)
    assert count(places) == 0


def test_an_agents_owner_stops_that_agent_only(places: Places, login: Login) -> None:
    company = places.company
    with tenant_transaction(company.id):
        change_agent(actor=company.olivia, agent=places.agent, owner=company.alice)
    client = login(company.alice)
    page = client.get(places.url(f"{PAGE}?agent={places.agent.public_id}"))
    assert "payer, owned by Alice" in text(page)
    assert 'value="tenant"' not in text(page)
    assert sent(client, places, "throw").status_code == 422
    chosen = {"scope": "agent", "agent": places.agent.public_id}
    assert sent(client, places, "throw", **chosen).status_code == 302
    with tenant_transaction(company.id):
        assert KillSwitch.objects.get().agent == places.agent


def test_every_page_says_what_is_stopped(places: Places, login: Login) -> None:
    client = login(places.company.audrey)
    paths = ("agents/", "people/", "inbox/", "policy/")
    for path in paths:
        assert "Stopped by a kill switch" not in text(client.get(places.url(path)))
    thrown(places)
    for path in paths:
        shown = text(client.get(places.url(path)))
        assert "Stopped: everything in this account" in shown
        assert "by Olivia on " in shown


def test_the_strip_costs_nothing_while_nothing_is_stopped(places: Places, login: Login) -> None:
    client = login(places.company.audrey)
    client.get(places.url("agents/"))
    with CaptureQueriesContext(connection) as quiet:
        client.get(places.url("agents/"))
    asked = [each["sql"] for each in quiet if "tenants_killswitch" in each["sql"]]
    assert len(asked) == 1  # with the membership
    assert "tenants_membership" in asked[0]


def test_another_companys_switch_is_not_shown(places: Places, login: Login) -> None:
    thrown(make_places("globex"))
    shown = text(login(places.company.olivia).get(places.url("agents/")))
    assert "Stopped by a kill switch" not in shown
