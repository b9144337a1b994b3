"""What the pages say, keep and ask the database for."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from govapp.common.tenancy import bind_tenant
from tenants.models import Agent, Credential
from tenants.selectors.autonomy import waiting_loosenings
from tenants.services.access import Shown, authenticate_key
from tenants.services.agents import register_agent
from tenants.services.autonomy import set_autonomy, set_environment
from tenants.services.credentials import issue_credential, revoke_credential
from tenants.services.groups import add_to_group, create_group
from tenants.services.loosenings import confirm_loosening
from tenants.services.people import add_member, invite_member
from tenants.services.tenants import resume_tenant, suspend_tenant
from tenants.services.trust import assess_conduct
from tenants.trust import Conduct
from tests.people import Company, make_agent, make_company, make_user
from tests.tenants.views.conftest import OFFICE, Login, Places

pytestmark = pytest.mark.django_db


def more_people(company: Company, agent: Agent, number: int) -> None:
    user = make_user(f"zoe{number}", company.slug)
    member = add_member(actor=company.olivia, user=user, roles=["approver"])
    add_to_group(actor=company.olivia, group=company.finance, member=member)
    add_to_group(actor=company.olivia, group=company.risk, member=member)


def more_invitations(company: Company, agent: Agent, number: int) -> None:
    email = f"new{number}@acme.example"
    invite_member(actor=company.olivia, email=email, name="", roles=["auditor"])


def more_groups(company: Company, agent: Agent, number: int) -> None:
    group = create_group(actor=company.olivia, slug=f"g{number}", name=f"G{number}")
    add_to_group(actor=company.olivia, group=group, member=company.alice)


def more_agents(company: Company, agent: Agent, number: int) -> None:
    made = register_agent(
        actor=company.olivia, name=f"bot{number}", description="", owner=company.alice
    )
    issue_credential(actor=company.olivia, agent=made, label="key", lifetime=timedelta(days=1))


def more_autonomy(company: Company, agent: Agent, number: int) -> None:
    for whose in (agent, None):
        set_autonomy(
            actor=company.carl, agent=whose, pattern=f"a.b{number}", level="ask", reason="As agreed"
        )
        set_autonomy(
            actor=company.carl, agent=whose, pattern=f"b.b{number}", level="act", reason="As agreed"
        )
    for waits in waiting_loosenings()[:-1]:
        confirm_loosening(actor=company.olivia, loosening_id=waits.pk)


def more_environments(company: Company, agent: Agent, number: int) -> None:
    set_environment(actor=company.carl, name=f"lab{number}", is_read_only=True, reason="Freeze")


def more_looks(company: Company, agent: Agent, number: int) -> None:
    made = register_agent(
        actor=company.olivia, name=f"bot{number}", description="", owner=company.alice
    )
    assess_conduct(agent=made, conduct=Conduct(age_days=400, approved=400))


def more_keys(company: Company, agent: Agent, number: int) -> None:
    credential, _ = issue_credential(
        actor=company.olivia, agent=agent, label="key", lifetime=timedelta(days=1)
    )
    revoke_credential(actor=company.olivia, credential=credential)


More = Callable[[Company, Agent, int], None]
# The path, and what makes another row on it.
COUNTED: Final[dict[str, More]] = {
    "people/": more_people,
    "people/?invitations": more_invitations,
    "people/{alice}/": more_groups,
    "groups/": more_groups,
    "groups/finance/": more_people,
    "agents/": more_agents,
    "agents/{agent}/?tab=keys": more_keys,
    "agents/{agent}/?tab=autonomy": more_autonomy,
    "agents/{agent}/": more_autonomy,
    "autonomy/": more_autonomy,
    "autonomy/environments": more_environments,
    "autonomy/trust": more_looks,
    "settings/": more_groups,
}


@pytest.mark.parametrize("path", COUNTED)
def test_a_page_asks_as_often_for_three_rows_as_for_one(
    places: Places, login: Login, path: str
) -> None:
    client, company = login(places.company.olivia), places.company
    counts, sizes = [], []
    for rows in (1, 2):  # one row more, then three
        with bind_tenant(company.id):
            for number in range(rows):
                COUNTED[path](company, places.agent, 10 * rows + number)
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(places.url(path))
        counts.append(len(asked))
        sizes.append(len(answer.content))
    assert sizes[0] < sizes[1]
    assert counts[0] == counts[1]


def test_the_start_page_leads_into_the_only_tenant(places: Places, login: Login) -> None:
    answer = login(places.company.alice).get("/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/t/acme/")


def test_the_start_page_lets_a_person_of_two_tenants_choose(places: Places, login: Login) -> None:
    globex = make_company("globex")
    make_company("initech")
    with bind_tenant(globex.id):
        add_member(actor=globex.olivia, user=places.company.alice.user, roles=["auditor"])
    client = login(places.company.alice)
    text = client.get("/").content.decode()
    assert ("/t/acme/" in text, "/t/globex/" in text, "/t/initech/" in text) == (True, True, False)
    inside = client.get(places.url("people/")).content.decode()
    assert ("Globex" in inside, "Initech" in inside) == (True, False)


def test_the_start_page_wants_a_login(db: None) -> None:
    answer = Client().get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=/")


def test_a_suspended_tenant_says_so_to_its_people_and_to_nobody_else(
    places: Places, login: Login
) -> None:
    inside, outside = login(places.company.olivia), login(make_company("globex").olivia)
    suspend_tenant(operator="Root Admin", slug="acme", reason="Unpaid.")
    for answer in (inside.get("/", follow=True), inside.post(places.url("groups/new"))):
        assert answer.status_code == 403
        assert "This account is suspended" in answer.content.decode()
    assert outside.get(places.url("people/")).status_code == 404
    resume_tenant(operator="Root Admin", slug="acme", reason="Paid.")
    assert inside.get(places.url("people/")).status_code == 200


def test_an_agent_is_retired_after_being_asked_once_more(places: Places, login: Login) -> None:
    client, path = login(places.company.olivia), places.url("agents/{agent}/retire")
    assert client.post(path, {"reason": "Replaced."}).status_code == 422
    assert client.post(path, {"reason": "Replaced.", "is_sure": "on"}).status_code == 302
    page = client.get(places.url("agents/{agent}/")).content.decode()
    assert "never acts again" in page
    assert "/retire" not in page
    assert "retired already" in client.get(path).content.decode()
    assert client.post(path, {"reason": "Again.", "is_sure": "on"}).status_code == 422


def test_a_new_key_is_shown_once_and_works(places: Places, login: Login) -> None:
    client = login(places.company.olivia)
    answer = client.post(
        places.url("agents/{agent}/keys"), {"label": "vault", "days": "30", "scopes": ["read"]}
    )
    text = answer.content.decode()
    key = text.partition('<code id="new-key">')[2].partition("</code>")[0]
    assert "no-store" in answer["Cache-Control"]
    principal = authenticate_key(Shown(key))
    assert principal is not None
    assert principal.agent_id == places.agent.pk
    assert key not in client.get(places.url("agents/{agent}/?tab=keys")).content.decode()


def test_rotating_shows_the_successor_and_revoking_ends_it(places: Places, login: Login) -> None:
    client = login(places.company.olivia)
    answer = client.post(places.url("agents/{agent}/keys/{key}/rotate"), {"hours": "0"})
    key = answer.content.decode().partition('<code id="new-key">')[2].partition("</code>")[0]
    assert authenticate_key(Shown(key)) is not None
    with bind_tenant(places.company.id):
        successor = Credential.objects.get(revoked_at=None)
    client.post(places.url(f"agents/{{agent}}/keys/{successor.public_id}/revoke"))
    assert authenticate_key(Shown(key)) is None


WRONG: Final[dict[str, tuple[dict[str, Any], str, str]]] = {
    # path: what is sent, what comes back in the field, and what the page says about it
    "people/invite": (
        {"email": "alice@acme.example", "roles": ["owner"]},
        'value="alice@acme.example"',
        "alice@acme.example is a member already.",
    ),
    "people/{alice}/roles": ({}, "Save the roles", "This field is required."),
    "groups/new": (
        {"name": "Money", "slug": "Not A Slug"},
        'value="Not A Slug"',
        "Use lower-case letters, digits and single hyphens, at most 60.",
    ),
    "groups/finance/add": ({"member": "nobody"}, "Add a member", "is not a valid UUID"),
    "agents/new": (
        {"name": "payer", "trust_tier": "new", "owner": "{olivia_pk}", "labels": "b, a"},
        'value="b, a"',
        "There is an agent payer already.",
    ),
    "agents/{agent}/change": (
        {"name": "", "trust_tier": "low", "description": "Kept"},
        'value="Kept"',
        "This field is required.",
    ),
    "agents/{agent}/pause": ({"reason": ""}, "Pause the agent", "This field is required."),
    "agents/{agent}/keys": (
        {"label": "kept", "days": "9999", "scopes": ["read"]},
        'value="kept"',
        "Select a valid choice.",
    ),
    "agents/{agent}/keys/{key}/rotate": ({"hours": "9999"}, "Rotate", "Select a valid choice."),
    "settings/": (
        {"name": "Kept name", "time_zone": "Mars/Olympus"},
        'value="Kept name"',
        "Select a valid choice.",
    ),
}


@pytest.mark.parametrize("path", WRONG)
def test_bad_input_comes_back_with_what_was_typed(places: Places, login: Login, path: str) -> None:
    data, kept, said = WRONG[path]
    sent = {k: places.company.olivia.pk if v == "{olivia_pk}" else v for k, v in data.items()}
    answer = login(places.company.olivia).post(places.url(path), sent)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert (kept in text, said in text) == (True, True)


def test_a_success_is_said_on_the_next_page(places: Places, login: Login) -> None:
    client = login(places.company.olivia)
    answer = client.post(places.url("agents/{agent}/pause"), {"reason": "Odd."}, follow=True)
    assert "payer is paused. Its keys are refused." in answer.content.decode()


def test_a_refused_button_is_said_on_the_next_page(places: Places, login: Login) -> None:
    client = login(places.company.olivia)
    answer = client.post(places.url("agents/{agent}/resume"), follow=True)
    assert "payer is not paused." in answer.content.decode()


def test_hidden_characters_in_names_never_reach_a_page_unmarked(
    places: Places, login: Login
) -> None:
    with bind_tenant(places.company.id):
        Agent.objects.update(name="pay\u202eer")  # as if it had come around the services
    text = login(places.company.olivia).get(places.url("agents/")).content.decode()
    assert "\u202e" not in text


def test_times_are_shown_in_the_time_zone_of_the_tenant(places: Places, login: Login) -> None:
    client = login(places.company.olivia)
    data = {"name": "Acme", "time_zone": "Asia/Tokyo", **OFFICE}
    assert client.post(places.url("settings/"), data).status_code == 302
    agent, _ = make_agent(places.company, "buyer")
    with bind_tenant(places.company.id):
        Agent.objects.filter(pk=agent.pk).update(created_at="2026-01-01T20:30:00Z")
    text = client.get(places.url(f"agents/{agent.public_id}/")).content.decode()
    assert "2 January 2026, 05:30" in text
