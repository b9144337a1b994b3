"""Sessions and logins: nothing to steal, to fix or to guess at leisure."""

import json
import subprocess
from typing import Any

import pytest
import redis
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from pytest_django.fixtures import Settings

from tests.people import PASSWORD, Company, make_company
from tests.security.test_production import start

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"
COOKIES = (
    "SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_SAMESITE", "SESSION_COOKIE_DOMAIN", "SESSION_COOKIE_PATH", "CSRF_COOKIE_NAME",
    "CSRF_COOKIE_SECURE", "CSRF_COOKIE_SAMESITE", "CSRF_COOKIE_DOMAIN", "CSRF_COOKIE_PATH",
    "SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_HSTS_PRELOAD",
    "SECURE_SSL_REDIRECT",
)  # fmt: skip


@pytest.fixture
def acme(db: None) -> Company:
    cache.clear()  # what was counted for the limit on logins
    return make_company()


def log_in(client: Client, email: str, password: str = PASSWORD, **more: Any) -> Any:
    return client.post(LOGIN, {"login": email, "password": password}, **more)


def test_a_login_gets_a_session_of_its_own(acme: Company) -> None:
    """Whoever planted a session's key before the login has nothing after it."""
    client, victim = Client(), acme.alice.user.email
    client.get(LOGIN)
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key or ""
    client.cookies["sessionid"] = planted
    log_in(client, victim)
    assert client.cookies["sessionid"].value != planted
    attacker = Client()
    attacker.cookies["sessionid"] = planted
    assert attacker.get("/t/acme/inbox/").status_code == 302
    assert not Session.objects.filter(session_key=planted).exists()


def test_a_made_up_session_key_is_not_taken_over(acme: Company) -> None:
    client = Client()
    client.cookies["sessionid"] = "a" * 32
    log_in(client, acme.alice.user.email)
    assert client.cookies["sessionid"].value != "a" * 32


def test_a_logout_ends_the_session_at_the_server(acme: Company) -> None:
    client = Client()
    log_in(client, acme.alice.user.email)
    stolen = Client()
    stolen.cookies["sessionid"] = client.cookies["sessionid"].value
    assert stolen.get("/t/acme/inbox/").status_code == 200
    assert client.get("/accounts/logout/").status_code == 200
    assert stolen.get("/t/acme/inbox/").status_code == 200
    client.post("/accounts/logout/")
    assert stolen.get("/t/acme/inbox/").status_code == 302


def test_a_new_password_ends_the_other_sessions(acme: Company) -> None:
    mine, stolen = Client(), Client()
    log_in(mine, acme.alice.user.email)
    log_in(stolen, acme.alice.user.email)
    new = "another horse, another battery"
    sent = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert mine.post("/accounts/password/change/", sent).status_code == 302
    assert mine.get("/t/acme/inbox/").status_code == 200
    assert stolen.get("/t/acme/inbox/").status_code == 302


@pytest.fixture(scope="module")
def production() -> dict[str, Any]:
    """What production says about cookies and transport."""
    code = (
        "import json; from django.conf import settings;"
        f"print(json.dumps({{name: getattr(settings, name) for name in {COOKIES}}}))"
    )
    done: subprocess.CompletedProcess[str] = start(code)
    assert done.returncode == 0, done.stderr
    values: dict[str, Any] = json.loads(done.stdout)
    return values


def test_production_cookies_belong_to_this_host_over_https_only(
    acme: Company, settings: Settings, production: dict[str, Any]
) -> None:
    for name, value in production.items():
        setattr(settings, name, value)
    client = Client(headers={"Referer": "https://testserver/"})
    log_in(client, acme.alice.user.email, secure=True)
    client.get("/t/acme/groups/new", secure=True)
    kept = {name: cookie for name, cookie in client.cookies.items() if cookie.value}
    assert sorted(kept) == ["__Host-csrf", "__Host-session"]
    for name, cookie in kept.items():
        assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")
        assert cookie["samesite"] == "Lax"
        assert bool(cookie["httponly"]) == (name != "__Host-csrf")


def test_production_answers_plain_http_with_a_redirect_only(
    acme: Company, settings: Settings, production: dict[str, Any]
) -> None:
    for name, value in production.items():
        setattr(settings, name, value)
    answer = log_in(Client(), acme.alice.user.email)
    assert (answer.status_code, answer["Location"]) == (301, f"https://testserver{LOGIN}")
    assert not answer.cookies
    told = Client().get(LOGIN, secure=True)["Strict-Transport-Security"]
    assert told == "max-age=31536000; includeSubDomains; preload"


# Guessing


def test_passwords_cannot_be_guessed_at_leisure(acme: Company) -> None:
    """Five for an address in five minutes, wherever they come from; then the right one fails."""
    email = acme.alice.user.email
    for number in range(5):
        log_in(Client(), email, "wrong", REMOTE_ADDR=f"192.0.2.{number}")
    shut = Client()
    answer = log_in(shut, email, REMOTE_ADDR="192.0.2.99")
    assert answer.status_code in (200, 429)
    assert "_auth_user_id" not in shut.session
    free = Client()
    log_in(free, acme.bob.user.email, REMOTE_ADDR="192.0.2.99")
    assert "_auth_user_id" in free.session


def test_guesses_are_counted_for_all_processes_together(acme: Company) -> None:
    """Five that another process has counted are five here."""
    email = acme.alice.user.email
    for number in range(5):
        log_in(Client(), email, "wrong", REMOTE_ADDR=f"192.0.2.{number}")
    kept = redis.Redis.from_url(settings.REDIS_URL)
    mine = [key for key in kept.keys("govapp:*") if b"login_failed" in key]
    assert len(mine) == 6, mine  # one for the address, one for each place
    kept.delete(*mine)
    free = Client()
    log_in(free, email, REMOTE_ADDR="192.0.2.0")
    assert "_auth_user_id" in free.session


def test_a_header_does_not_change_whose_guesses_are_counted(acme: Company) -> None:
    for number in range(10):
        log_in(Client(), f"nobody{number}@acme.example", "wrong", headers={
            "X-Forwarded-For": f"198.51.100.{number}"
        })  # fmt: skip
    shut = Client(headers={"X-Forwarded-For": "198.51.100.77"})
    log_in(shut, acme.alice.user.email)
    assert "_auth_user_id" not in shut.session


@pytest.mark.parametrize("path", [LOGIN, "/accounts/password/reset/"])
def test_answers_do_not_tell_who_has_a_login(acme: Company, path: str) -> None:
    seen = set()
    for email in (acme.alice.user.email, "nobody@acme.example"):
        sent = {"login": email, "email": email, "password": "wrong"}
        answer = Client().post(path, sent)
        body = answer.content.decode().replace(email, "")
        seen.add((answer.status_code, answer.get("Location"), len(body)))
    assert len(seen) == 1


@pytest.mark.parametrize("password", [PASSWORD, "wrong"])
def test_while_nothing_can_be_counted_nobody_logs_in_and_is_told_so(
    acme: Company, settings: Settings, password: str
) -> None:
    away = settings.CACHES["default"] | {"LOCATION": ["redis://127.0.0.1:1/0"]}
    settings.CACHES = {"default": away}
    client = Client()
    answer = log_in(client, acme.alice.user.email, password)
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    page = answer.content.decode()
    assert "nobody can sign in" in page
    assert "Traceback" not in page
    assert "_auth_user_id" not in client.session
    assert client.get("/t/acme/inbox/").status_code == 302


def test_nobody_signs_up_alone(acme: Company) -> None:
    sent = {"email": "mallory@evil.example", "password1": PASSWORD, "password2": PASSWORD}
    before = Client().get("/accounts/signup/").content
    answer = Client().post("/accounts/signup/", sent)
    from tenants.models import User

    assert not User.objects.filter(email="mallory@evil.example").exists()
    assert (answer.status_code, bool(before)) == (200, True)
