"""Who gets which page: a table of view and role."""

import re
from typing import Any, Final

import pytest
from django.db import transaction
from django.test import Client

from tests.tenants.views.conftest import OFFICE, Login, Places, make_places

pytestmark = pytest.mark.django_db

PEOPLE: Final = ("olivia", "carl", "alice", "audrey")
# Pages that show:          owner, compliance, approver, auditor
GET: Final = {
    "people/": (200, 200, 200, 200),
    "people/{alice}/": (200, 200, 200, 200),
    "people/invite": (200, 403, 403, 403),
    "groups/": (200, 200, 200, 200),
    "groups/finance/": (200, 200, 200, 200),
    "groups/new": (200, 403, 403, 403),
    "agents/": (200, 200, 200, 200),
    "agents/{agent}/": (200, 200, 200, 200),
    "agents/new": (200, 403, 403, 403),
    "agents/{agent}/change": (200, 403, 403, 403),
    "agents/{agent}/retire": (200, 403, 403, 403),
    "agents/{agent}/keys/{key}/": (200, 200, 403, 403),
    "agents/{agent}/keys/{key}/leak": (200, 200, 403, 403),
    "autonomy/": (200, 200, 403, 200),
    "autonomy/environments": (200, 200, 403, 200),
    "autonomy/trust": (200, 200, 403, 200),
    "autonomy/trust/change": (200, 200, 403, 403),
    "settings/": (200, 200, 403, 200),
}
# Pages that change:        what is sent, then owner, compliance, approver, auditor
POST: Final[dict[str, tuple[dict[str, Any], tuple[int, int, int, int]]]] = {
    "people/invite": (
        {"email": "eve@acme.example", "roles": ["auditor"]},
        (302, 403, 403, 403),
    ),
    "people/invitations/{invitation}/resend": ({}, (302, 403, 403, 403)),
    "people/invitations/{invitation}/revoke": ({}, (302, 403, 403, 403)),
    "people/{alice}/roles": ({"roles": ["auditor"]}, (302, 403, 403, 403)),
    "people/{alice}/manager": ({"manager": "{olivia_pk}"}, (302, 403, 403, 403)),
    "people/{alice}/suspend": ({}, (302, 403, 403, 403)),
    "people/{alice}/resume": ({}, (302, 403, 403, 403)),
    "groups/new": ({"name": "Legal", "slug": "legal"}, (302, 403, 403, 403)),
    "groups/finance/add": ({"member": "{bob_pk}"}, (302, 403, 403, 403)),
    "groups/finance/remove/{alice}": ({}, (302, 403, 403, 403)),
    "agents/new": (
        {"name": "buyer", "owner": "{olivia_pk}", "trust_tier": "new"},
        (302, 403, 403, 403),
    ),
    "agents/{agent}/change": (
        {"name": "payer 2", "owner": "{olivia_pk}", "trust_tier": "low"},
        (302, 403, 403, 403),
    ),
    "agents/{agent}/pause": ({"reason": "Odd."}, (302, 302, 403, 403)),
    "agents/{agent}/resume": ({}, (302, 403, 403, 403)),
    "agents/{agent}/retire": ({"reason": "Done.", "is_sure": "on"}, (302, 403, 403, 403)),
    "agents/{agent}/keys": (
        {"label": "second", "days": "7", "scopes": ["read"]},
        (200, 403, 403, 403),
    ),
    "agents/{agent}/keys/{key}/leak": ({"since": "2020-01-01T00:00"}, (302, 302, 403, 403)),
    "agents/{agent}/keys/{key}/rotate": ({"hours": "1"}, (200, 403, 403, 403)),
    "agents/{agent}/keys/{key}/revoke": ({}, (302, 403, 403, 403)),
    "agents/{agent}/autonomy": (
        {"pattern": "payments.*", "level": "ask", "reason": "As agreed."},
        (302, 302, 403, 403),
    ),
    "agents/{agent}/trust/raise": ({"to": "high", "reason": "Please."}, (422, 422, 403, 403)),
    "agents/{agent}/trust/lower": ({"to": "high", "reason": "Odd."}, (422, 422, 403, 403)),
    "autonomy/": (
        {"pattern": "*", "level": "ask", "reason": "As agreed."},
        (302, 302, 403, 403),
    ),
    "autonomy/environments": (
        {"name": "production", "is_read_only": "read", "reason": "Freeze."},
        (302, 302, 403, 403),
    ),
    "autonomy/trust/change": ({}, (422, 422, 403, 403)),
    "settings/contest": ({"contest_text": "Write to us."}, (302, 302, 403, 403)),
    "settings/retention": ({"retention_days": "366"}, (302, 302, 403, 403)),
    "settings/retention/daily": ({"is_on": "1"}, (302, 302, 403, 403)),
    "settings/retention/lock": ({}, (302, 403, 403, 403)),
    "settings/": (
        {"name": "Acme", "time_zone": "Europe/Berlin", **OFFICE},
        (302, 403, 403, 403),
    ),
}


def without_time(page: bytes) -> bytes:
    return re.sub(rb'data-now="[^"]*"', b"", page)


def filled(places: Places, data: dict[str, Any]) -> dict[str, Any]:
    pks = {"{bob_pk}": places.company.bob.pk, "{olivia_pk}": places.company.olivia.pk}
    return {key: pks.get(str(value), value) for key, value in data.items()}


@pytest.mark.parametrize("path", GET)
def test_who_may_read_a_page(places: Places, login: Login, path: str) -> None:
    got = tuple(
        login(getattr(places.company, name)).get(places.url(path)).status_code for name in PEOPLE
    )
    assert got == GET[path]


@pytest.mark.parametrize("path", POST)
def test_who_may_change_something(places: Places, login: Login, path: str) -> None:
    data, wanted = POST[path]
    got = []
    for name in PEOPLE:
        client = login(getattr(places.company, name))
        with transaction.atomic():  # undone, so that each person finds the same place
            answer = client.post(places.url(path), filled(places, data))
            transaction.set_rollback(True)
        got.append(answer.status_code)
    assert tuple(got) == wanted


@pytest.mark.parametrize("path", sorted({*GET, *POST}))
def test_strangers_get_the_same_404_as_for_a_tenant_that_does_not_exist(
    places: Places, login: Login, path: str
) -> None:
    stranger = login(make_places("globex").company.olivia)
    there = stranger.get(places.url(path))
    nowhere = stranger.get(places.url(path).replace("/acme/", "/nowhere/"))
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert without_time(there.content) == without_time(nowhere.content)
    assert stranger.post(places.url(path)).status_code == 404


@pytest.mark.parametrize("path", [path for path in sorted({*GET, *POST}) if "{" in path])
def test_ids_of_another_tenant_are_404(places: Places, login: Login, path: str) -> None:
    other = make_places("globex")
    foreign = other.url(path).replace("/globex/", "/acme/")
    owner = login(places.company.olivia)
    data = filled(places, POST[path][0]) if path in POST else {}
    answers = [owner.get(foreign).status_code] if path in GET else []
    answers += [owner.post(foreign, data).status_code] if path in POST else []
    assert set(answers) == {404}


@pytest.mark.parametrize("path", sorted({*GET, *POST}))
def test_a_suspended_member_is_a_stranger(places: Places, login: Login, path: str) -> None:
    client = login(places.company.carl)
    login(places.company.olivia).post(places.url(f"people/{places.company.carl.public_id}/suspend"))
    assert client.get(places.url(path)).status_code == 404


def test_nobody_is_sent_to_the_login(places: Places) -> None:
    answer = Client().get(places.url("people/"))
    assert (answer.status_code, answer["Location"]) == (
        302,
        "/accounts/login/?next=/t/acme/people/",
    )


@pytest.mark.parametrize("path", POST)
def test_changing_needs_a_csrf_token(places: Places, path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(places.company.olivia.user)
    data = filled(places, POST[path][0])
    assert client.post(places.url(path), data).status_code == 403
