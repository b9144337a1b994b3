"""A second factor and a passkey, by the hands of a person at a real browser."""

from collections.abc import Callable, Iterator

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from playwright.sync_api import Browser, Page, expect

from govapp.common.tenancy import tenant_transaction
from tests.people import PASSWORD, Company, make_company
from tests.support.authenticator import code_of
from tests.support.committed import CommittedDatabase

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("async_unsafe")]
EMAIL = "alice@acme.example"
Faults = list[str]


@pytest.fixture
def acme(committed_db: CommittedDatabase) -> Company:
    from django.db import transaction

    cache.clear()
    with transaction.atomic():
        return make_company()


@pytest.fixture
def faults() -> Faults:
    return []


@pytest.fixture
def page(browser: Browser, server: str, acme: Company, faults: Faults) -> Iterator[Page]:
    """A window on `localhost`: a passkey needs a name and not a number."""
    context = browser.new_context(base_url=server.replace("127.0.0.1", "localhost"))
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()


def log_in(page: Page) -> None:
    page.goto("/accounts/login/")
    page.locator("input[name=login]").fill(EMAIL)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/accounts/login/" not in url)


def open_own(page: Page, path: str) -> None:
    """Open a page about one's own login, which asks for the password once more."""
    page.goto(path)
    if "/reauthenticate/" in page.url:
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("input[name=password]").press("Enter")
    expect(page).to_have_url(path)


def log_out(page: Page) -> None:
    page.goto("/accounts/logout/")
    page.locator("main form button[type=submit]").click()
    expect(page).not_to_have_url("/accounts/logout/")


def enrol(page: Page) -> Callable[[], str]:
    """Activate one-time codes; return the person's app."""
    open_own(page, "/accounts/2fa/totp/activate/")
    secret = page.locator("#authenticator_secret").input_value()

    def code() -> str:
        return code_of(secret)

    page.locator("input[name=code]").fill(code())
    page.locator("main form button[type=submit]").first.click()
    expect(page).to_have_url("/accounts/2fa/recovery-codes/")
    return code


def test_a_one_time_code_is_asked_for_and_works_once(page: Page, faults: Faults) -> None:
    log_in(page)
    expect(page).to_have_url("/t/acme/inbox/")
    code = enrol(page)
    log_out(page)
    log_in(page)
    expect(page).to_have_url("/accounts/2fa/authenticate/")
    page.goto("/t/acme/inbox/")
    expect(page).to_have_url("/accounts/2fa/authenticate/")
    used = code()
    page.locator("input[name=code]").fill(used)
    page.locator("input[name=code]").press("Enter")
    expect(page).to_have_url("/t/acme/inbox/")
    log_out(page)
    log_in(page)
    page.locator("input[name=code]").fill(used)
    page.locator("input[name=code]").press("Enter")
    expect(page).to_have_url("/accounts/2fa/authenticate/")
    assert faults == []


def test_the_seed_is_sealed_in_the_database(page: Page, acme: Company) -> None:
    log_in(page)
    open_own(page, "/accounts/2fa/totp/activate/")
    secret = page.locator("#authenticator_secret").input_value()
    page.locator("input[name=code]").fill(code_of(secret))
    page.locator("main form button[type=submit]").first.click()
    expect(page).to_have_url("/accounts/2fa/recovery-codes/")
    rows = list(Authenticator.objects.filter(user=acme.alice.user))
    assert {row.type for row in rows} == {"totp", "recovery_codes"}
    assert secret not in str([row.data for row in rows])
    for row in rows:
        sealed = row.data.get("secret") or row.data.get("seed")
        assert sealed.startswith("gAAAA")


def test_a_passkey_is_added_and_logs_in_alone(page: Page, acme: Company, faults: Faults) -> None:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    log_in(page)
    open_own(page, "/accounts/2fa/webauthn/add/")
    page.locator("input[name=name]").fill("Laptop")
    passwordless = page.locator("input[name=passwordless]")
    if passwordless.count():
        passwordless.check()
    page.locator("main form button").first.click()
    expect(page).not_to_have_url("/accounts/2fa/webauthn/add/")
    open_own(page, "/accounts/2fa/webauthn/")
    expect(page.get_by_text("Laptop")).to_be_visible()
    log_out(page)
    page.goto("/accounts/login/?next=/t/acme/requests/")
    page.locator("#passkey_login").click()
    expect(page).to_have_url("/t/acme/requests/")
    assert faults == []
    from audit.models import LedgerEvent

    with tenant_transaction(acme.id):
        last = LedgerEvent.objects.filter(type="session.logged_in").latest("id")
    assert b"passkey" in bytes(last.body)
