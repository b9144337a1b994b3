"""A run in a browser: the drawing leads to the steps, by mouse and by keyboard."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import WIDTHS, Visit, follow
from tests.browser.demo import Demo
from tests.browser.test_pages import examine

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_run_is_read_from_its_request_to_its_steps(demo: Demo, visit: Visit, width: int) -> None:
    window = visit(demo.world.company.alice, width=width)
    page = window.go(demo.url("requests/{in_run}/"))
    follow(page.get_by_role("link", name=demo.run.public_id))
    expect(page.locator(".consequence")).to_have_text("Pay what is due on Friday")
    expect(page.locator(".run-graph .run-node")).to_have_count(7)
    assert examine(page, "run", None) == []
    box = page.get_by_role("link", name="Step 5, tool call, stopped; it carries customer-pii")
    box.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#step-5")).to_be_in_viewport()
    expect(page.locator("#step-5")).to_contain_text("Mail to the supplier")
    follow(page.locator("main").get_by_role("link", name="Runs"))
    assert examine(page, "runs", None) == []
    assert window.faults == []
