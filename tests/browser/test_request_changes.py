"""Approving with changes, by the hands of a person: in each theme, at desk and phone."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from approvals.enums import Verdict
from approvals.models import ActionRequest
from approvals.services.submission import Submission, submit_action
from govapp.common.tenancy import tenant_transaction
from tests.approvals.documents import asks, rules
from tests.browser.conftest import WIDTHS, Visit, follow
from tests.browser.demo import PAYLOAD, Demo
from tests.browser.test_pages import examine

pytestmark = [pytest.mark.browser]
SCHEMA = {
    "type": "object",
    "properties": {
        "amount": {"type": "string", "title": "Amount"},
        "reference": {"type": "string"},
        "iban": {"type": "string"},
    },
}


@pytest.fixture
def asked(demo: Demo) -> ActionRequest:
    """A payment that replaces one that was sent back, of which two fields may change."""
    world = demo.world
    world.publish(rules(asks("large-payments", flow="two", obligations={"delay": "10m"})))
    with tenant_transaction(world.company.id):
        world.category.payload_schema = SCHEMA
        world.category.editable_fields = ["amount", "reference"]
        world.category.save()

    def submit(summary: str, former: ActionRequest | None) -> ActionRequest:
        submission = Submission(
            "payments.transfer", summary, PAYLOAD, supersedes=former.pk if former else None
        )
        with tenant_transaction(world.company.id):
            return submit_action(agent=world.agent, submission=submission)

    first = submit("Pay EUR 48,200 to Northwind, without an invoice", None)
    world.vote(world.company.alice, first, Verdict.RETURN)
    return submit("Pay EUR 48,200 to Northwind", first)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_change_is_written_looked_at_and_approved(
    demo: Demo, asked: ActionRequest, visit: Visit, width: int
) -> None:
    company = demo.world.company
    window = visit(company.alice, width=width)
    page, name = window.go(demo.url(f"requests/{asked.public_id}/")), f"change-{width}"
    wrong = look(page, f"{name}-before")
    follow(page.get_by_role("link", name="Approve with changes"))
    wrong += look(page, f"{name}-form")
    page.get_by_label("Amount").fill("800.00")
    page.get_by_label("In one sentence").fill("Pay EUR 800 to Northwind")
    page.get_by_role("button", name="Look at the difference").click()
    expect(page.get_by_text("What you approve")).to_be_visible()
    wrong += look(page, f"{name}-review")
    page.get_by_label("Reason").fill("The invoice says 800.")
    page.get_by_role("button", name="Approve with these changes").click()
    expect(page.locator(".messages")).to_contain_text("More people have to agree")
    expect(page.get_by_text("Changed while it was approved")).to_be_visible()
    expect(page.get_by_role("button", name="Take it back")).to_be_visible()
    wrong += look(page, f"{name}-after")
    with tenant_transaction(company.id):
        changed = ActionRequest.objects.get(pk=asked.pk)
    demo.world.vote(company.bob, changed)
    window.go(demo.url(f"requests/{asked.public_id}/"))
    expect(page.get_by_role("button", name="Undo the approval")).to_be_visible()
    wrong += look(page, f"{name}-undo")
    page.get_by_role("button", name="Undo the approval").click()
    expect(page.locator(".messages")).to_contain_text("The permission is withdrawn")
    assert (wrong, window.faults) == ([], [])


def look(page: Page, name: str) -> list[str]:
    where = os.environ.get("LOOK_AT")
    if where:
        page.screenshot(path=Path(where) / f"{name}.png", full_page=True)
    return examine(page, name, None)
