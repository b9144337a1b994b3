"""A budget in a real browser: set in a sentence, made looser by two people."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit, follow
from tests.browser.demo import Demo

pytestmark = pytest.mark.browser


def test_a_budget_is_set_and_made_looser_by_two(demo: Demo, visit: Visit) -> None:
    carl, olivia = visit(demo.world.company.carl), visit(demo.world.company.olivia)
    page = carl.go(demo.url("budgets/new"))
    page.locator("#id_limit").fill("250")
    page.locator("#id_about").select_option("category")
    page.locator("#id_named").fill("payments.*")
    follow(page.get_by_role("button", name="Set it"))
    expect(page.get_by_text("EUR 250.00 a day for payments.*").first).to_be_visible()
    page.locator("#id_limit").fill("400")
    page.locator("#id_reason").fill("Two invoices more.")
    follow(page.get_by_role("button", name="Change"))
    expect(page.get_by_text("Somebody else confirms it.")).to_be_visible()
    second = olivia.page
    second.goto(page.url, wait_until="load")
    follow(second.get_by_role("button", name="Confirm"))
    expect(second.get_by_text("EUR 400.00 a day for payments.*").first).to_be_visible()
    assert carl.faults == olivia.faults == []
