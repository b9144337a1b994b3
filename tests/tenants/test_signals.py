"""A login is an event in each tenant that the person belongs to, and in no other."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core.cache import cache
from django.test import Client

from govapp.common.tenancy import bind_tenant
from tenants.models import User
from tenants.services.people import add_member, suspend_member
from tests.people import PASSWORD, Company, make_company
from tests.tenants.ledger import events, summaries

pytestmark = pytest.mark.django_db
TYPES = ("session.logged_in", "session.logged_out", "session.login_failed")


@pytest.fixture(autouse=True)
def no_attempts_so_far() -> None:
    cache.clear()  # allauth counts failed logins there


@pytest.fixture
def acme() -> Company:
    return make_company()


def log_in(client: Client, user: User, password: str = PASSWORD) -> int:
    answer = client.post("/accounts/login/", {"login": user.email, "password": password})
    return answer.status_code


def told(company: Company, *types: str) -> list[str]:
    with bind_tenant(company.id):
        return summaries(*(types or TYPES))


def test_a_login_and_a_logout_are_recorded(acme: Company) -> None:
    client = Client()
    assert log_in(client, acme.alice.user) == 302
    client.post("/accounts/logout/")
    assert told(acme) == ["Alice logged in with password.", "Alice logged out."]


def test_a_person_of_two_tenants_is_recorded_in_both(acme: Company) -> None:
    globex, initech = make_company("globex"), make_company("initech")
    with bind_tenant(globex.id):
        add_member(actor=globex.olivia, user=acme.alice.user, roles=["auditor"])
    assert log_in(Client(), acme.alice.user) == 302
    assert [told(company) for company in (acme, globex, initech)] == [
        ["Alice logged in with password."],
        ["Alice logged in with password."],
        [],
    ]


def test_a_failed_login_is_recorded_without_what_was_typed(acme: Company) -> None:
    assert log_in(Client(), acme.alice.user, "wrong horse") == 200
    assert told(acme) == ["A login as Alice failed: the password was wrong."]
    with bind_tenant(acme.id):
        assert "wrong horse" not in str(events(*TYPES))


def test_an_unknown_address_is_recorded_nowhere(acme: Company) -> None:
    answer = Client().post(
        "/accounts/login/", {"login": "nobody@acme.example", "password": "wrong horse"}
    )
    assert answer.status_code == 200
    assert told(acme) == []


def test_a_suspended_member_logs_in_to_nothing(acme: Company) -> None:
    with bind_tenant(acme.id):
        suspend_member(actor=acme.olivia, member=acme.alice)
    client = Client()
    assert log_in(client, acme.alice.user) == 302
    assert told(acme) == []
    assert "You belong to no tenant" in client.get("/").content.decode()


def test_a_second_factor_is_part_of_the_event(acme: Company) -> None:
    secret = generate_totp_secret()
    TOTP.activate(acme.alice.user, secret)
    client = Client()
    log_in(client, acme.alice.user)
    assert told(acme) == []
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    counter = next(iter(yield_hotp_counters_from_time()))
    code = format_hotp_value(hotp_value(secret, counter))
    assert client.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 302
    assert told(acme) == [
        "A login as Alice failed: the one-time code was wrong.",
        "Alice logged in with password and one-time code.",
    ]


def test_a_second_factor_that_goes_is_recorded(acme: Company) -> None:
    TOTP.activate(acme.alice.user, generate_totp_secret())
    authenticator = Authenticator.objects.get(user=acme.alice.user)
    from allauth.mfa import signals

    signals.authenticator_removed.send(
        sender=Authenticator, request=None, user=acme.alice.user, authenticator=authenticator
    )
    assert told(acme, "member.second_factor_removed") == ["Alice removed a one-time code."]


def test_ending_the_other_sessions_is_recorded(acme: Company) -> None:
    here, *others = Client(), Client(), Client()
    for client in (here, *others):
        log_in(client, acme.alice.user)
    assert here.post("/accounts/sessions/").status_code == 302
    assert here.post("/accounts/sessions/").status_code == 302  # nothing is left to end
    assert told(acme, "session.logged_out") == ["Alice logged out 2 other sessions."]
    assert [client.get("/t/acme/inbox/").status_code for client in (here, *others)] == [
        200,
        302,
        302,
    ]


def test_a_new_password_is_recorded(acme: Company) -> None:
    client = Client()
    log_in(client, acme.alice.user)
    new = "another horse battery"
    answer = client.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": new, "password2": new},
    )
    assert answer.status_code == 302
    assert told(acme, "member.password_changed") == ["Alice set a new password."]


def test_nobody_signs_up_alone_or_changes_their_address(acme: Company) -> None:
    client = Client()
    sign_up = {"email": "eve@acme.example", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/accounts/signup/", sign_up)
    assert not User.objects.filter(email="eve@acme.example").exists()
    log_in(client, acme.alice.user)
    answer = client.post("/accounts/email/", {"email": "bob2@acme.example", "action_add": ""})
    assert answer.status_code == 404
    assert told(acme, "session.logged_in") == ["Alice logged in with password."]


def test_a_logged_in_person_can_start_a_second_factor(acme: Company) -> None:
    client = Client()
    log_in(client, acme.alice.user)
    assert client.get("/accounts/2fa/").status_code == 200
    assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302
    assert client.get("/accounts/2fa/totp/activate/").status_code == 200
