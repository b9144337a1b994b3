"""The pages of integrations: who may do what, and what they say."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import localdate, localtime

from approvals.services.categories import create_category
from govapp.common import clock
from govapp.common.tenancy import bind_tenant
from tenants.models import (
    Integration,
    IntegrationAlert,
    IntegrationGrant,
    IntegrationUse,
    VaultSecret,
)
from tenants.selectors.integrations import grantable, grants_of_agent
from tenants.services.agents import register_agent
from tests.tenants.systems import active_system, give, pass_check, register_system
from tests.tenants.views.conftest import Login, Places

pytestmark = pytest.mark.django_db

PEOPLE: Final = ("olivia", "carl", "alice", "audrey")
NEW: Final[dict[str, Any]] = {
    "name": "The bank", "slug": "the-bank", "kind": "bank", "address": "https://bank.example/api",
    "scopes": "payments:write", "labels_cleared": "", "expires_at": "",
}  # fmt: skip
GET: Final = {
    "integrations/": (200, 200, 403, 200),
    "integrations/new": (200, 403, 403, 403),
    "integrations/{system}/": (200, 200, 403, 200),
    "integrations/{system}/change": (200, 403, 403, 403),
}
POST: Final[dict[str, tuple[dict[str, Any], tuple[int, int, int, int]]]] = {
    "integrations/new": (NEW | {"owner": "{olivia_pk}"}, (302, 403, 403, 403)),
    "integrations/{system}/change": (
        NEW | {"owner": "{olivia_pk}", "name": "Another"}, (302, 403, 403, 403),
    ),
    "integrations/{system}/check": ({}, (302, 403, 403, 403)),
    "integrations/{draft}/activate": ({}, (302, 403, 403, 403)),
    "integrations/{system}/suspend": ({"reason": "Odd."}, (302, 302, 403, 403)),
    "integrations/{stopped}/resume": ({}, (302, 403, 403, 403)),
    "integrations/{system}/revoke": (
        {"reason": "Sold.", "is_sure": "on"}, (302, 403, 403, 403),
    ),
    "integrations/{system}/grants": (
        {"agent": "{agent_pk}", "categories": "crm.*"}, (302, 403, 403, 403),
    ),
    "integrations/{system}/grants/{grant}/withdraw": ({}, (302, 403, 403, 403)),
    "integrations/{system}/secret": ({"secret": "sk-1a2b3c"}, (302, 403, 403, 403)),
}  # fmt: skip


@pytest.fixture
def systems(places: Places) -> dict[str, str]:
    """Systems in every state, by the gap that they fill."""
    company = places.company
    with bind_tenant(company.id):
        system = active_system(company, "signer", kind="injected")
        draft = pass_check(register_system(company, "draft"))
        stopped = active_system(company, "stopped")
        Integration.objects.filter(pk=stopped.pk).update(status="suspended")
        grant = give(company, places.agent, system)
    return {
        "system": system.public_id, "draft": draft.public_id, "stopped": stopped.public_id,
        "grant": grant.public_id, "agent_pk": str(places.agent.pk),
        "olivia_pk": str(company.olivia.pk),
    }  # fmt: skip


def url(systems: dict[str, str], path: str) -> str:
    return f"/t/acme/{path.format(**systems)}"


@pytest.mark.parametrize("path", GET)
def test_who_may_look(places: Places, login: Login, systems: dict[str, str], path: str) -> None:
    got = [
        login(getattr(places.company, who)).get(url(systems, path)).status_code for who in PEOPLE
    ]
    assert tuple(got) == GET[path]


@pytest.mark.parametrize("path", POST)
def test_who_may_change(places: Places, login: Login, systems: dict[str, str], path: str) -> None:
    data, expected = POST[path]
    sent = {name: value.format(**systems) for name, value in data.items()}
    got = []
    for who in PEOPLE:
        with transaction.atomic():
            answer = login(getattr(places.company, who)).post(url(systems, path), sent)
            got.append(answer.status_code)
            transaction.set_rollback(True)
    assert tuple(got) == expected


def test_a_system_is_registered_granted_and_given_its_secret(places: Places, login: Login) -> None:
    client, company = login(places.company.olivia), places.company
    sent = NEW | {"owner": company.olivia.pk, "kind": "injected"}
    made = client.post("/t/acme/integrations/new", sent)
    assert made.status_code == 302
    where = made["Location"]
    page = client.get(where).content.decode()
    assert "It is being checked" in page
    assert ("Grant it to an agent" in page, "Activate the integration" in page) == (False, False)
    with bind_tenant(company.id):
        Integration.objects.update(check_asked_at=None)
        pass_check(Integration.objects.get())
    assert "Activate the integration" in client.get(where).content.decode()
    client.post(f"{where}activate")
    given = client.post(
        f"{where}grants", {"agent": places.agent.pk, "categories": "payments.*", "until": ""}
    )
    assert given.status_code == 302
    put = client.post(f"{where}secret", {"secret": "sk-on-no-page-4e5f"}, follow=True)
    text = put.content.decode()
    with bind_tenant(company.id):
        secret, grant = VaultSecret.objects.get(), IntegrationGrant.objects.get()
    assert (f"<code>{secret.fingerprint}</code>" in text, "sk-on-no-page-4e5f" in text) == (
        True, False,
    )  # fmt: skip
    assert ("no end" in text, "payments.*" in text, grant.expires_at) == (True, True, None)
    client.post(f"{where}secret", {"secret": "sk-the-next-6a7b", "hours": "24"})
    text = client.get(where).content.decode()
    assert (f"<code>{secret.fingerprint}</code>" in text, "Works beside it until" in text) == (
        True, True,
    )  # fmt: skip
    client.post(f"{where}secret/revoke")
    assert "nothing<span" in client.get(where).content.decode()


def test_what_is_refused_is_said_where_it_was_typed(
    places: Places, login: Login, systems: dict[str, str]
) -> None:
    client, company = login(places.company.olivia), places.company
    bad = NEW | {"owner": company.olivia.pk, "address": "http://10.0.0.1/", "slug": "A B"}
    answer = client.post("/t/acme/integrations/new", bad)
    assert answer.status_code == 422
    assert "begin with a letter or digit" in answer.content.decode()
    answer = client.post("/t/acme/integrations/new", bad | {"slug": "fine"})
    assert "This address is not on the public Internet." in answer.content.decode()
    answer = client.post("/t/acme/integrations/new", bad | NEW | {"slug": "signer"})
    assert "There is an integration signer already." in answer.content.decode()
    page = url(systems, "integrations/{system}/")
    grants = {"agent": places.agent.pk, "categories": "Payments"}
    answer = client.post(f"{page}grants", grants)
    assert (answer.status_code, "not Payments" in answer.content.decode()) == (422, True)
    answer = client.post(f"{page}revoke", {"reason": "Sold."})
    assert answer.status_code == 422


def test_the_page_shows_use_and_what_is_unusual(
    places: Places, login: Login, systems: dict[str, str]
) -> None:
    now = clock.now()
    with bind_tenant(places.company.id):
        system = Integration.objects.get(slug="signer")
        shared: dict[str, Any] = {
            "agent": places.agent, "integration": system, "hour": now.replace(minute=0),
        }  # fmt: skip
        IntegrationUse.objects.create(**shared, requests=1234, refused=5)
        IntegrationAlert.objects.create(
            **shared, kind="volume", text="payer on Signer: 1234 uses in one hour.", found_at=now
        )
    text = login(places.company.carl).get(url(systems, "integrations/{system}/")).content.decode()
    assert ("Much more than usual" in text, "1234 uses in one hour" in text) == (True, True)
    assert '<td data-label="Requests" class="num">1234</td>' in text
    agent = login(places.company.carl).get(places.url("agents/{agent}/")).content.decode()
    assert ("Signer" in agent, "payments.*" in agent) == (True, True)


def more_systems(places: Places, number: int) -> None:
    made = active_system(places.company, f"more-{number}")
    give(places.company, places.agent, made)


def more_on_it(places: Places, number: int) -> None:
    system = Integration.objects.get(slug="signer")
    agent = register_agent(
        actor=places.company.olivia, name=f"bot{number}", description="",
        owner=places.company.alice,
    )  # fmt: skip
    give(places.company, agent, system)
    now = clock.now()
    row: dict[str, Any] = {"agent": agent, "integration": system, "hour": now}
    IntegrationUse.objects.create(**row, requests=1)
    IntegrationAlert.objects.create(**row, kind="hour", text="Odd.", found_at=now)


COUNTED: Final[dict[str, Callable[[Places, int], None]]] = {
    "integrations/": more_systems,
    "integrations/{system}/": more_on_it,
}


@pytest.mark.parametrize("path", COUNTED)
def test_a_page_asks_as_often_for_three_rows_as_for_one(
    places: Places, login: Login, systems: dict[str, str], path: str
) -> None:
    client, counts, sizes = login(places.company.olivia), [], []
    for rows in (1, 2):
        with bind_tenant(places.company.id):
            for number in range(rows):
                COUNTED[path](places, 10 * rows + number)
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(url(systems, path))
        counts.append(len(asked))
        sizes.append(len(answer.content))
    assert sizes[0] < sizes[1]
    assert counts[0] == counts[1]


def test_an_expired_one_and_one_that_ends_soon_say_so(
    places: Places, login: Login, systems: dict[str, str]
) -> None:
    client, page = login(places.company.carl), url(systems, "integrations/{system}/")
    with bind_tenant(places.company.id):
        signer = Integration.objects.filter(slug="signer")
        signer.update(expires_at=clock.now() + timedelta(days=3))
        assert "It ends soon" in client.get(page).content.decode()
        signer.update(expires_at=clock.now())
    text = client.get(page).content.decode()
    assert ("until it has another date" in text, "Expired" in text) == (True, True)


NOW_OUT_OF_REACH: Final[list[tuple[dict[str, Any], str]]] = [
    ({"status": "suspended"}, "Suspended"),
    ({"status": "revoked", "check_passed": False}, "Revoked"),
    ({"check_passed": False}, "Check not passed"),
    ({"expires_at": datetime(2026, 1, 1, tzinfo=UTC), "check_passed": False}, "Expired"),
    ({}, ""),
]


@pytest.mark.parametrize(("state", "word"), NOW_OUT_OF_REACH)
@pytest.mark.parametrize("tab", ["overview", "reach"])
def test_what_an_agent_cannot_reach_at_present_says_so_beside_it(
    places: Places,
    login: Login,
    systems: dict[str, str],
    state: dict[str, Any],
    word: str,
    tab: str,
) -> None:
    with bind_tenant(places.company.id):
        Integration.objects.filter(slug="signer").update(**state)
        (granted,) = grants_of_agent(places.agent.pk)
        offered = [each.slug for each in grantable()]
    page = login(places.company.olivia).get(places.url(f"agents/{{agent}}/?tab={tab}"))
    beside = page.content.decode().partition(">Signer</a>")[2].partition("payments.*")[0]
    words = ("Suspended", "Revoked", "Check not passed", "Expired", "Active")
    assert [each for each in words if f"</svg>{each}</span>" in beside] == ([word] if word else [])
    assert offered == ([] if word else ["signer"])
    assert (granted.integration_state == "active") is (word == "")  # type: ignore[attr-defined]


def test_a_grant_is_chosen_from_the_agents_page_and_ends_with_a_day(
    places: Places, login: Login, systems: dict[str, str]
) -> None:
    client, company = login(places.company.olivia), places.company
    with bind_tenant(company.id):
        for key, name in (("refunds.card", "Card refund"), ("refunds.sepa", "Transfer back")):
            create_category(actor=company.carl, key=key, name=name, risk="low")
    reach = client.get(places.url("agents/{agent}/?tab=reach")).content.decode()
    page = url(systems, "integrations/{system}/")
    assert f'href="{page}?agent={places.agent.public_id}#grant"' in reach
    shown = client.get(f"{page}?agent={places.agent.public_id}").content.decode()
    assert f'<option value="{places.agent.pk}" selected>' in shown
    assert "Card refund (refunds.card)" in shown
    assert "Every category under refunds (refunds.*)" in shown
    friday = localdate(clock.now()) + timedelta(days=4)
    sent = {"agent": places.agent.pk, "known": ["refunds.card"], "categories": "crm.note crm.note"}
    given = client.post(f"{page}grants", sent | {"until": friday.isoformat()}, follow=True)
    assert f"{friday.day} {friday:%b %Y}, 23:59" in given.content.decode()
    with bind_tenant(company.id):
        grant = IntegrationGrant.objects.get(categories=["crm.note", "refunds.card"])
    ends = localtime(grant.expires_at, ZoneInfo(company.tenant.time_zone))
    assert (ends.date(), ends.hour, ends.minute) == (friday, 23, 59)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"known": [], "categories": " "}, "Tick at least one, or write one below."),
        ({"known": ["nothing.known"]}, "Select a valid choice."),
        ({"until": "2020-02-03"}, "This day is over"),
        ({"until": "Friday"}, "Enter a valid date."),
    ],
)
def test_a_grant_that_cannot_be_keeps_what_was_typed(
    places: Places, login: Login, systems: dict[str, str], wrong: dict[str, Any], said: str
) -> None:
    sent: dict[str, Any] = {
        "agent": places.agent.pk,
        "categories": "crm.kept",
        "until": "2020-02-03",
    } | wrong
    answer = login(places.company.olivia).post(url(systems, "integrations/{system}/grants"), sent)
    text = answer.content.decode()
    assert (answer.status_code, said in text) == (422, True)
    assert sent["categories"].strip() in text
    assert f'value="{sent["until"]}"' in text


def test_who_cannot_grant_is_told_who_can(
    places: Places, login: Login, systems: dict[str, str]
) -> None:
    text = login(places.company.carl).get(url(systems, "integrations/{system}/")).content.decode()
    assert "Owners grant it: Olivia." in text
    assert "Grant it to an agent" not in text
