"""A member makes and revokes tokens on their own page."""

import pytest
from django.test import Client

from govapp.common.tenancy import tenant_transaction
from tenants.models import MemberToken
from tenants.services.tokens import authenticate_token
from tests.people import Company, make_company

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Company:
    return make_company()


def test_a_token_is_shown_once_works_and_is_revoked(acme: Company) -> None:
    client = Client()
    client.force_login(acme.carl.user)
    shown = client.post("/t/acme/tokens/", {"label": "Terminal", "days": "7"})
    text = shown.context["text"]
    assert text in shown.content.decode()
    assert authenticate_token(text) is not None
    page = client.get("/t/acme/tokens/").content.decode()
    assert ("Terminal" in page, text.rpartition("_")[2] in page) == (True, False)
    with tenant_transaction(acme.id):
        token = MemberToken.objects.get()
    answer = client.post(f"/t/acme/tokens/{token.public_id}/revoke", follow=True)
    assert "is refused from now on" in answer.content.decode()
    assert authenticate_token(text) is None


def test_nobody_sees_or_revokes_the_tokens_of_another(acme: Company) -> None:
    carl, alice = Client(), Client()
    carl.force_login(acme.carl.user)
    alice.force_login(acme.alice.user)
    carl.post("/t/acme/tokens/", {"label": "Terminal", "days": "7"})
    with tenant_transaction(acme.id):
        token = MemberToken.objects.get()
    assert "Terminal" not in alice.get("/t/acme/tokens/").content.decode()
    assert alice.post(f"/t/acme/tokens/{token.public_id}/revoke").status_code == 404


def test_a_bad_form_says_what_to_do_and_keeps_what_was_typed(acme: Company) -> None:
    client = Client()
    client.force_login(acme.carl.user)
    answer = client.post("/t/acme/tokens/", {"label": "Terminal", "days": "365"})
    assert answer.status_code == 422
    assert 'value="Terminal"' in answer.content.decode()
