"""The page of an integration says which kind of credential it gives out, and takes a client."""

import pytest

from govapp.common import clock
from govapp.common.tenancy import bind_tenant
from tenants.models import Integration, VaultSecret
from tenants.models.integration import CLIENT_REFUSED
from tenants.services.integration_secrets import set_secret
from tests.tenants.systems import active_system, pass_check
from tests.tenants.views.conftest import Login, Places

pytestmark = pytest.mark.django_db

TOKENS = "https://login.bank.example/token"


def test_a_system_with_a_token_endpoint_is_registered_and_given_its_client(
    places: Places, login: Login
) -> None:
    client, company = login(places.company.olivia), places.company
    sent = {
        "name": "The bank", "slug": "the-bank", "kind": "injected",
        "address": "https://bank.example/api", "scopes": "payments:write",
        "owner": company.olivia.pk, "token_url": TOKENS, "token_auth": "post",
        "token_with_scopes": "on", "token_audience": "bank", "token_seconds": "120",
    }  # fmt: skip
    where = client.post("/t/acme/integrations/new", sent)["Location"]
    with bind_tenant(company.id):
        made = pass_check(Integration.objects.get())
    assert (made.token_url, made.token_auth, made.token_with_scopes, made.token_audience) == (
        TOKENS, "post", True, "bank",
    )  # fmt: skip
    assert (made.token_resource, made.token_seconds) == ("", 120)
    text = client.get(where).content.decode()
    assert ("Short-lived tokens" in text, "Client id" in text, TOKENS in text) == (True, True, True)
    refused = client.post(f"{where}secret", {"client_id": "", "secret": "sk-no-page-1"})
    assert (refused.status_code, b"sk-no-page-1" in refused.content) == (422, False)
    text = client.post(
        f"{where}secret", {"client_id": "govapp", "secret": "sk-no-page-4e5f"}, follow=True
    ).content.decode()
    assert ("A check tries it." in text, "sk-no-page-4e5f" in text) == (True, False)
    with bind_tenant(company.id):
        made.refresh_from_db()
        row = VaultSecret.objects.get()
    assert (made.check_passed, made.check_asked_at is None, row.version) == (False, False, 1)
    # It did not work there: it is replaced, though the check was not passed.
    assert "Replace the client" in client.get(where).content.decode()
    again = {"client_id": "govapp", "secret": "sk-no-page-77aa", "hours": "0"}
    assert client.post(f"{where}secret", again).status_code == 302
    with bind_tenant(company.id):
        assert VaultSecret.objects.get().version == 2


@pytest.mark.parametrize("is_tried", [False, True])
def test_a_new_client_that_is_refused_cannot_be_overlooked(
    places: Places, login: Login, is_tried: bool
) -> None:
    company = places.company
    said = f"{CLIENT_REFUSED}; the former one works until then."
    with bind_tenant(company.id):
        made = active_system(company, "signer", kind="injected", token_url=TOKENS)
        set_secret(actor=company.olivia, integration=made, client_id="c", secret="sk-no-page-1")
        Integration.objects.update(
            check_passed=True, check_result=said, check_asked_at=clock.now() if is_tried else None
        )
    client = login(company.olivia)
    page = client.get(f"/t/acme/integrations/{made.public_id}/").content.decode()
    every = client.get("/t/acme/integrations/").content.decode()
    assert ("Its new client does not work" in page, "new client refused" in every) == (
        not is_tried, not is_tried,
    )  # fmt: skip
    assert ("It is being checked" in page) is is_tried


def test_a_static_secret_is_called_a_sealed_value(places: Places, login: Login) -> None:
    with bind_tenant(places.company.id):
        made = active_system(places.company, "signer", kind="injected")
    text = login(places.company.olivia).get(f"/t/acme/integrations/{made.public_id}/").content
    assert (b"Sealed value" in text, b"Short-lived" in text, b"Client id" in text) == (
        True, False, False,
    )  # fmt: skip


def test_only_what_a_secret_is_given_out_of_is_asked_for_a_token_endpoint(
    places: Places, login: Login
) -> None:
    with bind_tenant(places.company.id):
        bank = active_system(places.company, "bank")
        signer = active_system(places.company, "signer", kind="injected")
    client = login(places.company.olivia)
    pages = [
        client.get(f"/t/acme/integrations/{each.public_id}/change").content
        for each in (bank, signer)
    ]
    assert [b"Token endpoint" in each for each in pages] == [False, True]
    assert [b"With another token endpoint" in each for each in pages] == [False, True]
    new = {
        "name": "B", "slug": "b", "kind": "bank", "address": "https://b.example/", "scopes": "x",
        "owner": places.company.olivia.pk, "token_url": TOKENS,
    }  # fmt: skip
    answer = client.post("/t/acme/integrations/new", new)
    assert answer.status_code == 422
    assert b"Only a system whose secret is given out has a token endpoint." in answer.content
