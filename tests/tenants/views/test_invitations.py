"""Opening an invitation's link shows it; only the button accepts."""

import pytest
from django.test import Client

from govapp.common.tenancy import bind_tenant
from tenants.models import Membership
from tenants.services.people import invite_member, revoke_invitation
from tests.people import PASSWORD, make_user
from tests.tenants.views.conftest import Places

pytestmark = pytest.mark.django_db
FILLED = {"name": "Dora Diaz", "password": PASSWORD}


@pytest.fixture
def address(places: Places) -> str:
    with bind_tenant(places.company.id):
        _, token = invite_member(
            actor=places.company.olivia, email="eve@acme.example", name="Eve", roles=["auditor"]
        )
    return f"/invitations/{token}/"


def members(places: Places) -> int:
    with bind_tenant(places.company.id):
        return Membership.objects.count()


def test_opening_the_link_changes_nothing(places: Places, address: str) -> None:
    answer = Client().get(address)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Olivia invites eve@acme.example to Acme as Auditor." in text
    assert 'value="Eve"' in text
    assert "no-store" in answer["Cache-Control"]
    assert members(places) == 6


def test_a_new_person_joins_and_can_sign_in(places: Places, address: str) -> None:
    client = Client()
    answer = client.post(address, {"name": "Eve", "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/")
    login = {"login": "eve@acme.example", "password": PASSWORD}
    assert client.post("/accounts/login/", login)["Location"] == "/"
    assert client.get("/")["Location"].startswith("/t/acme/")
    assert Client().get(address).status_code == 410


def test_bad_input_comes_back_with_what_was_typed_but_no_password(
    places: Places, address: str
) -> None:
    answer = Client().post(address, {"name": "Evelyn", "password": "short"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="Evelyn"' in text
    assert "at least 12 characters" in text
    assert "short" not in text.replace("shortcut", "").replace("too short", "")
    assert members(places) == 6


def test_somebody_with_a_login_signs_in_first(places: Places, address: str) -> None:
    eve = make_user("eve")
    client = Client()
    assert f"/accounts/login/?next={address}" in client.get(address).content.decode()
    assert client.post(address, FILLED).status_code == 422
    assert members(places) == 6
    client.force_login(eve)
    assert "Accept as Eve" in client.get(address).content.decode()
    assert client.post(address)["Location"] == "/"
    assert members(places) == 7


def test_somebody_else_has_to_sign_out(places: Places, address: str) -> None:
    client = Client()
    client.force_login(make_user("mallory"))
    assert "You are signed in as mallory@acme.example" in client.get(address).content.decode()
    assert client.post(address, FILLED).status_code == 422
    assert members(places) == 6


def test_a_withdrawn_link_says_so(places: Places) -> None:
    with bind_tenant(places.company.id):
        offer, token = invite_member(
            actor=places.company.olivia, email="eve@acme.example", name="", roles=["auditor"]
        )
        revoke_invitation(actor=places.company.olivia, invitation=offer)
    answer = Client().get(f"/invitations/{token}/")
    assert answer.status_code == 410
    assert "answered or withdrawn" in answer.content.decode()


@pytest.mark.parametrize("token", ["x", "x" * 43, "%00", "%ED%A0%80"])
def test_an_unknown_link_is_404(places: Places, token: str) -> None:
    assert Client().get(f"/invitations/{token}/").status_code == 404
    assert Client().post(f"/invitations/{token}/", FILLED).status_code == 404
