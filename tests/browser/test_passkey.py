"""Deciding with a passkey, by Chromium's own authenticator: added, asked for, refused."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from playwright.sync_api import Page, expect

from approvals.models import ActionRequest, BreakGlassReview, Vote
from approvals.services.submission import Submission, submit_action
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership
from tests.approvals.documents import asks, rules
from tests.approvals.emergencies import WHY, may_act_alone
from tests.browser.conftest import WIDTHS, Visit, Visitor, follow
from tests.browser.demo import Demo
from tests.browser.test_pages import examine
from tests.people import PASSWORD
from tests.support.authenticator import App

pytestmark = [pytest.mark.browser]

KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def asked(demo: Demo) -> Iterator[ActionRequest]:
    cache.clear()
    world = demo.world
    world.publish(rules(asks("large-payments", flow="two", obligations={"step_up": True})))
    submission = Submission(
        "payments.transfer", "Pay EUR 88,000 to Northwind", {"amount": "88000.00"}
    )
    with tenant_transaction(world.company.id):
        made = submit_action(agent=world.agent, submission=submission)
    yield made
    cache.clear()


class Device:
    """What Chromium takes for the person's own device, with its sensor."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("WebAuthn.enable")
        made = self._session.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
        self._ident = made["authenticatorId"]

    def set_verified(self, is_verified: bool) -> None:
        """Say whether the sensor knows the person."""
        sent = {"authenticatorId": self._ident, "isUserVerified": is_verified}
        self._session.send("WebAuthn.setUserVerified", sent)


# A browser gives passkeys to `localhost`, and to no bare number, without a certificate.
@pytest.fixture
def person(visit: Visit) -> Callable[..., tuple[Visitor, Device]]:
    def sit_down(member: Membership, **how: Any) -> tuple[Visitor, Device]:
        window = visit(None, **how)
        window.server = window.server.replace("127.0.0.1", "localhost")
        page = window.go("/accounts/login/")
        page.locator("input[name=login]").fill(member.user.email)
        page.locator("input[name=password]").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url(lambda url: "/login" not in url)
        device = Device(page)
        page = window.go("/accounts/2fa/webauthn/add/")
        # What comes next changes how one signs in: who it is, is asked once more.
        page.locator("input[name=password]").fill(PASSWORD)
        page.get_by_role("button", name="Continue").click()
        page.locator("input[name=name]").fill("This computer")
        page.get_by_role("button", name="Add it").click()
        page.wait_for_url(lambda url: "/add" not in url)
        assert Authenticator.objects.filter(user=member.user, type="webauthn").count() == 1
        window.faults.clear()
        return window, device

    return sit_down


def votes(demo: Demo) -> list[str]:
    with tenant_transaction(demo.world.company.id):
        cast = Vote.objects.filter(request__summary="Pay EUR 88,000 to Northwind")
        return [f"{vote.verdict} {vote.right['second_factor']}" for vote in cast]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_passkey_is_asked_for_when_the_button_is_pressed(
    demo: Demo,
    asked: ActionRequest,
    person: Callable[..., tuple[Visitor, Device]],
    width: int,
) -> None:
    window, device = person(demo.world.company.alice, width=width)
    page = window.go(demo.url(f"requests/{asked.public_id}/"))
    wrong = examine(page, f"passkey-{width}", None)
    device.set_verified(False)
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Your passkey was not used")
    wrong += examine(page, f"passkey-refused-{width}", None)
    assert votes(demo) == []
    device.set_verified(True)
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.locator(".messages")).to_contain_text("Your approval is recorded")
    assert votes(demo) == ["approve passkey"]
    assert (wrong, window.faults) == ([], [])


def test_each_button_asks_for_its_own_decision(
    demo: Demo, asked: ActionRequest, person: Callable[..., tuple[Visitor, Device]]
) -> None:
    window, _ = person(demo.world.company.alice)
    page = window.go(demo.url(f"requests/{asked.public_id}/"))
    page.get_by_role("button", name="Deny", exact=True).click()
    expect(page.get_by_text("Say why, so that the agent's people can act on it.")).to_be_visible()
    page.get_by_label("Reason").first.fill("No purchase order.")
    page.get_by_role("button", name="Deny", exact=True).click()
    expect(page.locator(".messages")).to_contain_text("Your denial is recorded")
    assert votes(demo) == ["deny passkey"]


def test_a_code_serves_instead(
    demo: Demo, asked: ActionRequest, person: Callable[..., tuple[Visitor, Device]]
) -> None:
    alice = demo.world.company.alice
    window, device = person(alice)
    app = App(alice)
    device.set_verified(False)
    page = window.go(demo.url(f"requests/{asked.public_id}/"))
    page.get_by_label("Code of your authenticator app").fill(app.code())
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.locator(".messages")).to_contain_text("Your approval is recorded")
    assert votes(demo) == ["approve totp"]


def test_alone_with_a_passkey(
    demo: Demo, asked: ActionRequest, person: Callable[..., tuple[Visitor, Device]]
) -> None:
    charlie = demo.world.company.charlie
    may_act_alone(demo.world, charlie)
    window, _ = person(charlie)
    page = window.go(demo.url(f"requests/{asked.public_id}/"))
    page.get_by_text("Approve alone, in an emergency").click()
    page.get_by_label("Reason it cannot wait").fill(WHY)
    page.get_by_role("button", name="Approve alone").click()
    expect(page.get_by_text("Approved in an emergency", exact=True)).to_be_visible()
    assert votes(demo) == ["approve passkey"]
    with tenant_transaction(demo.world.company.id):
        assert BreakGlassReview.objects.get().reason == WHY


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_of_an_emergency(
    demo: Demo, asked: ActionRequest, visit: Visit, width: int
) -> None:
    """Before, after, its review, and with everything done: seen by whom it concerns."""
    company = demo.world.company
    may_act_alone(demo.world, company.charlie)
    app, look = App(company.charlie), {"width": width}
    charlie = visit(company.charlie, **look)  # type: ignore[arg-type]
    carl = visit(company.carl, **look)  # type: ignore[arg-type]
    name = f"{width}"
    wrong: list[str] = []
    page = charlie.go(demo.url(f"requests/{asked.public_id}/"))
    page.get_by_text("Approve alone, in an emergency").click()
    wrong += examine(page, f"alone-{name}", None)
    page.get_by_label("Reason it cannot wait").fill(WHY)
    page.get_by_label("Code of your authenticator app").fill(app.code())
    page.get_by_role("button", name="Approve alone").click()
    expect(page.get_by_text("Approved in an emergency", exact=True)).to_be_visible()
    wrong += examine(page, f"alone-done-{name}", None)
    page = carl.go(demo.url("reviews/"))
    wrong += examine(page, f"reviews-{name}", None)
    follow(page.get_by_role("link", name=re.compile("^Review.*Northwind")))
    wrong += examine(page, f"review-{name}", None)
    page.get_by_label("Justified", exact=True).check()
    page.get_by_label("Remark").fill("The call log shows that nobody could be reached.")
    page.get_by_role("button", name="Record the review").click()
    expect(page.locator(".messages")).to_contain_text("Your review is recorded")
    wrong += examine(page, f"review-done-{name}", None)
    wrong += examine(carl.go(demo.url("reviews/")), f"reviews-done-{name}", None)
    wrong += examine(carl.go(demo.url("requests/")), f"requests-emergency-{name}", None)
    wrong += examine(carl.go(demo.url("categories/{category}/")), f"category-{name}", None)
    assert (wrong, charlie.faults, carl.faults) == ([], [], [])
