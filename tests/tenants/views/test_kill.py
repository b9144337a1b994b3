"""The pages of the kill switch, and what every page says while something is stopped."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.services.categories import create_category
from govapp.common.tenancy import tenant_transaction
from tenants.models import KillSwitch, Membership
from tenants.services.agents import change_agent, register_agent
from tenants.services.kill import drill, throw
from tests.tenants.systems import active_system
from tests.tenants.views.conftest import Login, Places, make_places

pytestmark = pytest.mark.django_db

PAGE = "kill-switch/"
STOP = "kill-switch/stop"
FILLED: dict[str, Any] = {
    "scope": "category", "ref": "payments.*", "pending": "hold", "reason": "It pays twice",
}  # fmt: skip


def sent(client: Client, places: Places, step: str, **fields: Any) -> Any:
    return client.post(places.url(STOP), FILLED | {"step": step} | fields)


def thrown(places: Places, actor: Membership | None = None, **fields: Any) -> KillSwitch:
    company = places.company
    asked: dict[str, Any] = {"scope": "tenant", "reason": "It pays twice"} | fields
    with tenant_transaction(company.id):
        return throw(actor=actor or company.olivia, **asked)


def of_switch(places: Places, switch: KillSwitch, act: str = "") -> str:
    return places.url(f"{PAGE}{switch.public_id}/{act}")


def count(places: Places) -> int:
    with tenant_transaction(places.company.id):
        return KillSwitch.objects.count()


def category(places: Places, key: str) -> None:
    with tenant_transaction(places.company.id):
        create_category(actor=places.company.carl, key=key, name=key.title(), risk="low")


def text(response: Any) -> str:
    return str(response.content.decode())


def test_what_exists_is_there_to_choose_from(places: Places, login: Login) -> None:
    category(places, "payments.transfer")
    category(places, "payments.refund")
    with tenant_transaction(places.company.id):
        active_system(places.company, "acme-bank")
    shown = text(login(places.company.carl).get(places.url(PAGE)))
    for scope, ref in (
        ("agent", places.agent.public_id),
        ("category", "payments.%2A"),
        ("category", "payments.transfer"),
        ("integration", "acme-bank"),
    ):
        assert f'?scope={scope}&amp;ref={ref}"' in shown
    assert "Every category under payments" in shown
    assert '?scope=tenant"' in shown


@pytest.mark.parametrize(
    ("words", "found"),
    [("pay", True), ("OLIVIA payer", True), ("nobody", False), ("pay\0er", True)],
)
def test_what_exists_is_searched(places: Places, login: Login, words: str, found: bool) -> None:
    shown = text(login(places.company.carl).get(places.url(PAGE), {"q": words}))
    assert (f"ref={places.agent.public_id}" in shown) is found
    assert ("in its name" in shown) is not found


def test_another_companys_things_are_not_offered(places: Places, login: Login) -> None:
    other = make_places("globex")
    shown = text(login(places.company.carl).get(places.url(PAGE)))
    assert (places.agent.public_id in shown, other.agent.public_id in shown) == (True, False)


def test_the_first_step_shows_what_it_stops_and_stops_nothing(places: Places, login: Login) -> None:
    answer = login(places.company.olivia).get(
        places.url(STOP), {"scope": "category", "ref": "payments.*"}
    )
    assert answer.status_code == 200
    shown = text(answer)
    assert "Stop every category under payments" in shown
    assert "Nothing is stopped yet." in shown
    assert "Somebody else resumes it: Carl." in shown
    assert "What still runs" in shown
    assert count(places) == 0


def test_the_second_step_stops_it(places: Places, login: Login) -> None:
    client = login(places.company.olivia)
    answer = sent(client, places, "throw")
    with tenant_transaction(places.company.id):
        made = KillSwitch.objects.get()
    assert (answer.status_code, answer.url) == (302, of_switch(places, made))
    assert (made.scope, made.ref, made.pending, made.is_drill) == (
        "category", "payments.*", "hold", False,
    )  # fmt: skip
    shown = text(client.get(answer.url))
    assert "Stopped: every category under payments" in shown
    assert "Olivia stopped it on" in shown
    assert "You stopped it, so somebody else resumes it: Carl." in shown
    home = text(client.get(places.url(PAGE)))
    assert "Stopped now" in home
    assert of_switch(places, made) in home


def test_a_drill_leaves_a_report(places: Places, login: Login) -> None:
    client = login(places.company.olivia)
    answer = sent(client, places, "drill", scope="tenant", ref="")
    assert answer.status_code == 302
    report = text(client.get(answer.url))
    assert "That was a drill" in report
    assert "1 agent would have been concerned." in report
    assert ("Resume</button>" in report, "What still runs" in report) == (False, False)
    shown = text(client.get(places.url(PAGE)))
    assert "0 requests, 0 permissions, 1 agent<span" in shown
    assert "Nothing is stopped." in shown
    assert "Stopped:" not in shown


def test_who_is_alone_is_told_before(places: Places, login: Login) -> None:
    with tenant_transaction(places.company.id):
        Membership.objects.filter(pk=places.company.carl.pk).update(roles=["approver"])
    chosen = {"scope": "tenant"}
    shown = text(login(places.company.olivia).get(places.url(STOP), chosen))
    assert "Nobody else could resume it." in shown


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"ref": "Payments!"}, "Write a category like payments.transfer"),
        ({"scope": "agent"}, "Choose an agent."),
        ({"scope": "integration", "ref": ""}, "Fill this in."),
        ({"scope": "nothing"}, "Select a valid choice."),
        ({"reason": ""}, "This field is required."),
        ({"pending": "sold"}, "Select a valid choice."),
    ],
)
@pytest.mark.parametrize("step", ["throw", "drill"])
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    places: Places, login: Login, wrong: dict[str, Any], words: str, step: str
) -> None:
    answer = sent(login(places.company.olivia), places, step, **wrong)
    assert answer.status_code == 422
    shown = text(answer)
    assert words in shown
    kept = (FILLED | wrong)["ref"]
    assert f'value="{kept}"' in shown or not kept
    assert count(places) == 0


def test_the_same_twice_is_refused_and_said_before(places: Places, login: Login) -> None:
    switch = thrown(places, scope="category", ref="payments.*")
    client = login(places.company.carl)
    shown = text(client.get(places.url(STOP), {"scope": "category", "ref": "payments.*"}))
    assert "It is stopped already" in shown
    assert of_switch(places, switch) in shown
    answer = sent(client, places, "throw")
    assert answer.status_code == 422
    assert "is thrown already" in text(answer)


def test_a_second_person_resumes_on_the_page(places: Places, login: Login) -> None:
    switch = thrown(places)
    here, where = of_switch(places, switch), of_switch(places, switch, "resume")
    first, second = login(places.company.olivia), login(places.company.carl)
    assert first.post(where, {"reason": "All is well"}).status_code == 403
    wrong = second.post(where, {"reason": ""})
    assert (wrong.status_code, "This field is required." in text(wrong)) == (422, True)
    done = second.post(where, {"reason": "The payee was corrected"}, follow=True)
    shown = text(done)
    assert "Resumed: everything in this account." in shown
    assert "Resumed by Carl" in shown
    assert "The payee was corrected" in shown
    again = second.post(where, {"reason": "Once more"})
    assert (again.status_code, "is not thrown" in text(again)) == (422, True)
    assert "Carl resumed it on" in text(second.get(here))


WAITED = "Nothing of it is accepted from then on; that took 7 ms."
HUNG = "what had begun before was not waited for, and may have been accepted still."
UNKNOWN = "whether what had begun before was waited for is in the record."
TRIED = "what had begun before would not have been waited for."


@pytest.mark.parametrize(
    ("is_complete", "is_drill", "said"),
    [
        (True, False, [WAITED]),
        (False, False, [HUNG]),
        (None, False, [UNKNOWN]),
        (True, True, []),
        (False, True, [TRIED]),
        (None, True, []),
    ],
)
def test_the_page_claims_no_more_than_was_waited_for(
    places: Places, login: Login, is_complete: bool | None, is_drill: bool, said: list[str]
) -> None:
    at = datetime(2031, 1, 15, 12, tzinfo=UTC)
    with tenant_transaction(places.company.id):
        kept = KillSwitch(
            scope="tenant", reason="It pays twice", thrown_by=places.company.olivia, thrown_at=at,
            is_drill=is_drill, ended_at=at if is_drill else None, took_ms=7,
            stopped={"pending": 0, "grants": 0, "agents": 1}, is_complete=is_complete,
        )  # fmt: skip
        kept.save(force_insert=True)
    shown = text(login(places.company.carl).get(of_switch(places, kept)))
    assert [each for each in (WAITED, HUNG, UNKNOWN, TRIED) if each in shown] == said


@pytest.mark.parametrize(
    ("is_resumed", "said"),
    [
        (False, "2 requests waited for people: held. Nobody can decide them meanwhile;"),
        (True, "2 requests waited for people: held until it was resumed. Deadlines went on:"),
    ],
)
def test_what_was_held_is_held_until_it_is_resumed(
    places: Places, login: Login, is_resumed: bool, said: str
) -> None:
    company, at = places.company, datetime(2031, 1, 15, 12, tzinfo=UTC)
    by = {"resumed_by": company.carl, "resumed_at": at + timedelta(hours=1)}
    with tenant_transaction(company.id):
        kept = KillSwitch(
            scope="tenant", reason="It pays twice", thrown_by=company.olivia, thrown_at=at,
            stopped={"pending": 2, "grants": 0, "agents": 1}, **by if is_resumed else {},
        )  # fmt: skip
        kept.save(force_insert=True)
    shown = text(login(company.carl).get(of_switch(places, kept)))
    assert said in shown
    assert ("Nobody can decide" in shown) is not is_resumed


def test_names_are_escaped_once(places: Places, login: Login) -> None:
    carl = places.company.carl.user
    carl.name = "Conor O'Brien"
    carl.save(update_fields=["name"])
    client = login(places.company.olivia)
    first = text(client.get(places.url(STOP), {"scope": "tenant"}))
    assert "Somebody else resumes it: Conor O&#x27;Brien." in first
    shown = text(client.get(of_switch(places, thrown(places))))
    assert "so somebody else resumes it: Conor O&#x27;Brien." in shown


def test_who_governs_nothing_stops_nothing(places: Places, login: Login) -> None:
    for member in (places.company.alice, places.company.audrey):
        client = login(member)
        page = client.get(places.url(PAGE))
        assert page.status_code == 200
        assert ("Stop…" in text(page), "Who stops something" in text(page)) == (False, True)
        for chosen in ({"scope": "tenant"}, {"scope": "agent", "ref": places.agent.public_id}):
            assert client.get(places.url(STOP), chosen).status_code == 403
        assert sent(client, places, "throw").status_code == 403
    assert count(places) == 0


def test_an_agents_owner_stops_that_agent_only(places: Places, login: Login) -> None:
    company = places.company
    with tenant_transaction(company.id):
        change_agent(actor=company.olivia, agent=places.agent, owner=company.alice)
        other = register_agent(
            actor=company.olivia, name="clerk", description="", owner=company.bob
        )
    client = login(company.alice)
    page = text(client.get(places.url(PAGE)))
    assert (places.agent.public_id in page, other.public_id in page) == (True, False)
    assert "?scope=tenant" not in page
    assert sent(client, places, "throw").status_code == 403
    chosen = {"scope": "agent", "ref": places.agent.public_id}
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


def test_the_agents_page_says_what_holds_it(places: Places, login: Login) -> None:
    client, page = login(places.company.carl), places.url("agents/{agent}/")
    chosen = f"?scope=agent&amp;ref={places.agent.public_id}"
    shown = text(client.get(page))
    assert (chosen in shown, "A kill switch holds it" in shown) == (True, False)
    assert chosen in text(client.get(places.url("agents/")))
    thrown(places, scope="category", ref="payments.*")
    assert "A kill switch holds it" not in text(client.get(page))
    switch = thrown(places, scope="agent", ref=places.agent.public_id)
    shown = text(client.get(page))
    assert "the agent payer was stopped on" in shown
    assert of_switch(places, switch) in shown


def more(places: Places, number: int) -> None:
    category(places, f"area{number}.things")
    company = places.company
    with tenant_transaction(company.id):
        active_system(company, f"system-{number}")
        register_agent(actor=company.olivia, name=f"bot{number}", description="", owner=company.bob)
        throw(actor=company.olivia, scope="category", ref=f"area{number}.things", reason="Odd")
        drill(actor=company.olivia, scope="category", ref=f"area{number}.*", reason="To see")


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}?q=a"])
def test_the_page_asks_as_often_for_three_of_each_as_for_one(
    places: Places, login: Login, path: str
) -> None:
    client, counts, sizes = login(places.company.olivia), [], []
    for rows in (1, 2):
        for number in range(rows):
            more(places, 10 * rows + number)
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(places.url(path))
        counts.append(len(asked))
        sizes.append(len(answer.content))
    assert sizes[0] < sizes[1]
    assert counts[0] == counts[1]


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
