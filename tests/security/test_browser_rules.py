"""What every answer tells a browser, and what a browser may be made to do."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from pytest_django.fixtures import Settings

from tests.isolation.addresses import ACCOUNTS, Route, all_routes
from tests.isolation.asking import Marks, marks  # noqa: F401 - a fixture
from tests.isolation.conftest import acme, globex, lives  # noqa: F401 - fixtures
from tests.isolation.lives import Life
from tests.people import PASSWORD

ROUTES = all_routes()
CSP = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:",
    "font-src 'self'", "connect-src 'self'", "form-action 'self'", "base-uri 'none'",
    "frame-ancestors 'none'", "manifest-src 'self'", "require-trusted-types-for 'script'",
    "trusted-types 'none'",
}  # fmt: skip
# The page of the API's description draws itself with a library that writes markup.
WITHOUT_TRUSTED_TYPES = {"api/v1/docs"}
_MESSAGES = "t/<slug:slug>/settings/messages/<str:kind>/"
# What a page has instead: where it differs → what it says there.
INSTEAD: dict[str, set[str]] = {
    # It shows a made-up mail in a frame, which may hold a mail's own styles and nothing else.
    _MESSAGES: {"frame-src 'self'"},
    f"{_MESSAGES}preview": {
        "script-src 'none'", "style-src 'unsafe-inline'", "form-action 'none'",
        "frame-ancestors 'self'", "sandbox",
    },
    # Its script registers one worker, whose address is the one that may be made.
    "t/<slug:slug>/me/devices/": {"trusted-types govapp-worker"},
}  # fmt: skip


def policy_of(pattern: str) -> set[str]:
    """Return what a page at this address has to say."""
    instead = INSTEAD.get(pattern, set())
    names = {each.partition(" ")[0] for each in instead}
    return {each for each in CSP if each.partition(" ")[0] not in names} | instead


def path_of(route: Route, life: Life) -> str:
    """Fill every gap, those of public addresses too."""
    tokens = {
        "l": life.review_token, "invitations": life.invitation_token, "stop": "no-such-token",
    }  # fmt: skip
    if "<str:token>" in route.pattern and not route.is_tenants:
        return "/" + route.pattern.replace("<str:token>", tokens[route.pattern.split("/")[0]])
    if route.pattern.startswith("integrations/"):
        return "/" + route.pattern.replace("<str:ident>", life.chat.public_id)
    if route.pattern.startswith("accounts/"):
        plain = route.pattern.replace("<int:pk>", "1").replace("^", "").replace("$", "")
        return "/" + re.sub(r"\(\?P<\w+>[^)]*\)", "1", plain)
    return route.fill(life)


def logged_in(life: Life, **options: Any) -> Client:
    client = Client(**options)
    client.force_login(life.dora.user)
    return client


def headers_of(client: Client, path: str) -> dict[str, str]:
    response = client.get(path)
    return {name.lower(): value for name, value in response.headers.items()}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.pattern or "/")
def test_every_answer_is_under_the_strict_policy(acme: Life, route: Route) -> None:  # noqa: F811
    for client in (logged_in(acme), Client()):
        found = headers_of(client, path_of(route, acme))
        policy = set(found["content-security-policy"].split("; "))
        if route.pattern in WITHOUT_TRUSTED_TYPES:
            policy |= {each for each in CSP if "trusted-types" in each}
        assert policy in (policy_of(route.pattern), CSP)  # a refusal is a page like any other
        assert "content-security-policy-report-only" not in found
        framed = "frame-ancestors 'self'" in policy
        assert found["x-frame-options"] == ("SAMEORIGIN" if framed else "DENY")
        assert found["x-content-type-options"] == "nosniff"
        assert found["cross-origin-opener-policy"] == "same-origin"
        assert found["referrer-policy"] in ("same-origin", "no-referrer")
        assert "server" not in found
        assert "access-control-allow-origin" not in found


@pytest.mark.parametrize("path", ["/nowhere/", "/t/nobody/inbox/", "/api/v1/nowhere"])
def test_errors_are_under_it_too(acme: Life, path: str) -> None:  # noqa: F811
    found = headers_of(logged_in(acme), path)
    assert set(found["content-security-policy"].split("; ")) == CSP


def test_pages_with_data_are_kept_in_no_cache(acme: Life) -> None:  # noqa: F811
    client = logged_in(acme)
    kept = [
        route.pattern
        for route in ROUTES
        if route.is_tenants
        and (response := client.get(route.fill(acme))).status_code == 200
        and "no-store" not in response.get("Cache-Control", "")
    ]
    assert kept == []


def test_every_form_needs_its_token(acme: Life, marks: Marks) -> None:  # noqa: F811
    client = logged_in(acme, enforce_csrf_checks=True)
    before = marks()
    for route in ROUTES:
        is_page = route.is_tenants or route.pattern.startswith(("l/", "invitations/", "accounts/"))
        if not is_page or route.pattern.endswith("live/"):
            continue
        path = path_of(route, acme)
        for sent in ({}, {"csrfmiddlewaretoken": "a" * 64}):
            status = client.post(path, sent).status_code
            # 404: django-allauth's pages that are closed here
            assert (path, status in (403, 404, 405)) == (path, True)
            assert route.pattern.removeprefix("accounts/") in ACCOUNTS or status == 403
    assert marks() == before


def test_a_form_from_another_site_is_refused(acme: Life) -> None:  # noqa: F811
    client = logged_in(acme, enforce_csrf_checks=True)
    token = client.get("/accounts/login/") and client.get("/t/acme/groups/new")
    value = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', token.content.decode())
    assert value is not None
    sent = {"csrfmiddlewaretoken": value[1]}
    own = client.post("/t/acme/groups/new", sent).status_code
    for origin in ("https://evil.example", "null", "http://testserver.evil.example"):
        answer = client.post("/t/acme/groups/new", sent, headers={"Origin": origin})
        assert answer.status_code == 403
    assert own == 422


# Where a login leads


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/", "//evil.example/", "///evil.example", "/\\evil.example",
        "\\\\evil.example", "javascript:alert(1)", "https:evil.example", "http:///evil.example",
        "/%09/evil.example", "\thttps://evil.example", "data:text/html,x", "https://testserver@evil.example",
    ],
)  # fmt: skip
def test_a_login_leads_to_no_other_site(acme: Life, target: str) -> None:  # noqa: F811
    client = Client()
    sent = {"login": acme.company.alice.user.email, "password": PASSWORD, "next": target}
    answer = client.post("/accounts/login/", sent, REMOTE_ADDR="192.0.2.1")
    assert (answer.status_code, answer["Location"]) in [(302, "/"), (302, "/%09/evil.example")]


def test_a_login_leads_to_the_page_that_was_asked_for(acme: Life) -> None:  # noqa: F811
    sent = {"login": acme.company.alice.user.email, "password": PASSWORD}
    answer = Client().post("/accounts/login/?next=/t/acme/requests/", sent)
    assert (answer.status_code, answer["Location"]) == (302, "/t/acme/requests/")


# Whose site this is


@pytest.mark.parametrize(
    "host", ["evil.example", "govapp.example.evil.example", "govapp.example@evil.example", ""]
)
def test_another_host_is_not_served(acme: Life, settings: Settings, host: str) -> None:  # noqa: F811
    settings.ALLOWED_HOSTS = ["govapp.example"]
    client = Client(HTTP_HOST=host)
    assert client.get("/accounts/login/").status_code == 400
    assert client.get("/api/v1/action-requests").status_code == 400
    sent = {"email": acme.company.alice.user.email}
    assert client.post("/accounts/password/reset/", sent).status_code == 400
    assert mail.outbox == []


def test_a_forwarded_host_is_not_believed(acme: Life, settings: Settings) -> None:  # noqa: F811
    settings.ALLOWED_HOSTS = ["govapp.example"]
    client = Client(HTTP_HOST="govapp.example", headers={"X-Forwarded-Host": "evil.example"})
    mail.outbox.clear()
    client.post("/accounts/password/reset/", {"email": acme.company.bob.user.email})
    (message,) = mail.outbox
    assert "evil.example" not in str(message.message())
