"""The pages about one's own login speak as the rest does."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client

from tests.people import PASSWORD, make_company

pytestmark = pytest.mark.django_db

TITLES = {
    "/accounts/reauthenticate/": "Is it still you?",
    "/accounts/password/change/": "Password",
    "/accounts/2fa/": "Passkeys and codes",
    "/accounts/2fa/webauthn/": "Passkeys and security keys",
    "/accounts/sessions/": "Where you are signed in",
}


def title_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    found = re.search(r"<h1>(.*?)</h1>", answer.content.decode())
    return found.group(1) if found else ""


def test_titles_are_ours() -> None:
    company = make_company()
    client = Client()
    client.post("/accounts/login/", {"login": company.alice.user.email, "password": PASSWORD})
    assert {path: title_of(client, path) for path in TITLES} == TITLES
    assert title_of(Client(), "/accounts/signup/") == "By invitation"


def test_titles_about_a_second_factor_are_ours() -> None:
    user = make_company().alice.user
    client = Client()
    client.force_login(user)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert title_of(client, "/accounts/2fa/webauthn/add/") == "Add a passkey or security key"
    key = Authenticator.objects.create(
        user=user, type="webauthn", data={"name": "Blue key", "credential": {}}
    )
    TOTP.activate(user, "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(user)
    titles = {
        f"/accounts/2fa/webauthn/keys/{key.pk}/edit/": "Rename it",
        f"/accounts/2fa/webauthn/keys/{key.pk}/remove/": "Remove it",
        "/accounts/2fa/recovery-codes/": "Recovery codes",
        "/accounts/2fa/recovery-codes/generate/": "Make new recovery codes",
        "/accounts/2fa/totp/deactivate/": "Disconnect the app",
    }
    assert {path: title_of(client, path) for path in titles} == titles
    assert "Blue key" in client.get("/accounts/2fa/webauthn/").content.decode()


def test_who_shows_the_password_again_goes_on() -> None:
    company = make_company()
    client = Client()
    client.force_login(company.alice.user)
    asked = client.get("/accounts/2fa/totp/activate/")
    assert asked["Location"].startswith("/accounts/reauthenticate/?next=")
    page = client.get(asked["Location"]).content.decode()
    assert 'name="next" value="/accounts/2fa/totp/activate/"' in page
    sent = {"password": PASSWORD, "next": "/accounts/2fa/totp/activate/"}
    answer = client.post("/accounts/reauthenticate/", sent)
    assert answer["Location"] == "/accounts/2fa/totp/activate/"
    assert title_of(client, "/accounts/2fa/totp/activate/") == "Connect an app"
