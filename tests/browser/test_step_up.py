"""Deciding with a second factor, by the hands of a person: in each theme, at desk and phone."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from playwright.sync_api import expect

from approvals.models import ActionRequest
from approvals.services.submission import Submission, submit_action
from govapp.common.tenancy import tenant_transaction
from tests.approvals.documents import asks, rules
from tests.browser.conftest import WIDTHS, Visit
from tests.browser.demo import Demo
from tests.browser.test_pages import examine
from tests.support.authenticator import App

pytestmark = [pytest.mark.browser]

ATTACHED = {
    "step_up": True,
    "delay": "10m",
    "attach_note": "Call the payee on the number in the contract before you agree.",
    "notify": [{"group": "risk"}],
}


@pytest.fixture
def asked(demo: Demo) -> Iterator[ActionRequest]:
    """A payment on whose approval a rule hangs everything that it can."""
    cache.clear()
    world = demo.world
    world.publish(rules(asks("large-payments", obligations=ATTACHED)))
    submission = Submission(
        "payments.transfer",
        "Pay EUR 88,000 to Northwind",
        {"amount": "88000.00"},
        integration="acme-bank",
        run="invoices-2026-11-21",
    )
    with tenant_transaction(world.company.id):
        made = submit_action(agent=world.agent, submission=submission)
    assert made.status == "pending", made.because
    yield made
    cache.clear()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_code_is_asked_for_where_the_decision_is_made(
    demo: Demo, asked: ActionRequest, visit: Visit, width: int
) -> None:
    alice = demo.world.company.alice
    path = demo.url(f"requests/{asked.public_id}/")
    window = visit(alice, width=width)
    page, name = window.go(path), f"step-up-{width}"
    wrong = examine(page, f"{name}-no-app", None)
    expect(page.get_by_text("Set up a second factor first")).to_be_visible()
    app = App(alice)
    page = window.go(path)
    wrong += examine(page, name, None)
    page.get_by_label("Code of your authenticator app").fill("12345")
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_text("This code is wrong or has been used")).to_be_visible()
    wrong += examine(page, f"{name}-wrong", None)
    window.faults.clear()  # the answer was 422, which the browser calls an error
    page.get_by_label("Code of your authenticator app").fill(app.code())
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.locator(".messages")).to_contain_text("The request is approved")
    expect(page.get_by_text("Held back")).to_be_visible()
    wrong += examine(page, f"{name}-held", None)
    assert (wrong, window.faults) == ([], [])
