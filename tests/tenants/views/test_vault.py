"""The page of the vault's key, and its addresses for programs of members."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from govapp.common.tenancy import bind_tenant
from tenants.models import Membership, TenantKey
from tenants.services.integration_secrets import set_secret
from tenants.services.tokens import issue_token
from tenants.services.vault_rotation import renew_vault, rotate_data_key
from tests.people import Company
from tests.tenants.ledger import summaries
from tests.tenants.systems import active_system
from tests.tenants.views.conftest import Login, Places

pytestmark = pytest.mark.django_db

PAGE, API = "/t/acme/integrations/vault", "/api/v1/vault/key"
PEOPLE = ("olivia", "carl", "alice", "audrey")


def fill(company: Company, count: int = 1) -> None:
    with bind_tenant(company.id):
        for number in range(count):
            made = active_system(company, f"signer-{number}", kind="injected")
            set_secret(actor=company.olivia, integration=made, secret=f"sk-{number}-9c2e")


def api(member: Membership) -> Client:
    with bind_tenant(member.tenant_id):
        _, text = issue_token(actor=member, label="tests", lifetime=timedelta(days=1))
    return Client(headers={"Authorization": f"Bearer {text}"})


def test_who_may_look_and_who_may_replace_it(places: Places, login: Login) -> None:
    fill(places.company)
    looked, replaced = [], []
    for who in PEOPLE:
        client = login(getattr(places.company, who))
        looked.append(client.get(PAGE).status_code)
        with transaction.atomic():
            replaced.append(client.post(PAGE, {"reason": "Odd."}).status_code)
            transaction.set_rollback(True)
    assert (looked, replaced) == ([200, 200, 403, 200], [302, 403, 403, 403])


def test_an_owner_replaces_it_and_sees_how_far_it_is(places: Places, login: Login) -> None:
    client = login(places.company.olivia)
    assert "The vault is empty" in client.get(PAGE).content.decode()
    fill(places.company, 2)
    assert client.post(PAGE, {"reason": ""}).status_code == 422
    text = client.post(PAGE, {"reason": "Once a year."}, follow=True).content.decode()
    assert "Version 2 of the key seals from now on." in text
    assert "2 secrets are still to be sealed anew" in text
    again = client.post(PAGE, {"reason": "Once more."})
    assert (again.status_code, "wait for that" in again.content.decode()) == (422, True)
    renew_vault(tenant_id=places.company.id)
    text = client.get(PAGE).content.decode()
    assert ("Replace the key" in text, "still to be sealed anew" in text) == (True, False)
    with bind_tenant(places.company.id):
        assert len(summaries("vault.key_rotated", "vault.key_destroyed")) == 2
        for key in TenantKey.objects.exclude(key_sealed=None):
            assert bytes(key.key_sealed or b"").decode() not in text


def test_who_only_reads_has_no_button(places: Places, login: Login) -> None:
    fill(places.company)
    text = login(places.company.audrey).get(PAGE).content.decode()
    assert ("Versions" in text, "Replace the key" in text) == (True, False)


def test_the_number_of_statements_does_not_grow(places: Places, login: Login) -> None:
    client, counts = login(places.company.carl), []
    client.get(PAGE)
    fill(places.company)
    for is_more in (False, True):
        if is_more:
            with bind_tenant(places.company.id):
                for number in (3, 4, 5):
                    made = active_system(places.company, f"more-{number}", kind="injected")
                    set_secret(actor=places.company.olivia, integration=made, secret="sk-more-1")
                rotate_data_key(actor=places.company.olivia, reason="Once a year.")
        with CaptureQueriesContext(connection) as found:
            assert client.get(PAGE).status_code == 200
        counts.append(len(found))
    assert counts[0] == counts[1]


def post(client: Client, body: dict[str, Any], path: str = f"{API}/rotate") -> Any:
    return client.post(path, body, content_type="application/json")


def test_a_program_of_an_owner_replaces_it(places: Places) -> None:
    company = places.company
    fill(company)
    client = api(company.olivia)
    answer = post(client, {"reason": "Once a year."})
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert (body["waiting"], body["is_settled"]) == (1, False)
    assert [(each["version"], each["secrets"]) for each in body["versions"]] == [(2, 0), (1, 1)]
    refused = post(client, {"reason": "Once more."})
    assert (refused.status_code, refused.json()["type"]) == (
        409, "urn:govapp:problem:rotation_under_way",
    )  # fmt: skip
    renew_vault(tenant_id=company.id)
    body = client.get(API).json()
    assert (body["waiting"], body["is_settled"], len(body["versions"])) == (0, True, 2)
    assert body["versions"][1]["destroyed_at"] is not None
    assert sorted(body["versions"][0]) == [
        "created_at", "destroyed_at", "replaced_at", "secrets", "version",
    ]  # fmt: skip


def test_others_are_refused(places: Places) -> None:
    company = places.company
    fill(company)
    read = [api(getattr(company, who)).get(API).status_code for who in PEOPLE]
    assert read == [200, 200, 403, 200]
    for who in PEOPLE[1:]:
        assert post(api(getattr(company, who)), {"reason": "Odd."}).status_code == 403
    olivia = api(company.olivia)
    assert post(olivia, {"reason": " "}).status_code == 422
    assert post(olivia, {"reason": "Odd.", "more": 1}).status_code == 400
    assert olivia.get(f"{API}?a=1").status_code == 400
    assert Client().get(API).status_code == 401
