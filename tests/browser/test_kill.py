"""The kill switch in a real browser: two steps, a strip everywhere, a second person, accessible."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import WIDTHS, Visit, follow
from tests.browser.demo import Demo
from tests.browser.test_pages import examine

pytestmark = pytest.mark.browser


def look(page: Page) -> None:
    """Do the first step: choose what and why, and see what it stops."""
    page.get_by_label("A category, or all below one").check()
    page.get_by_label("Which one").fill("payments.*")
    page.get_by_label("Why", exact=True).fill("It pays the same invoice twice")
    follow(page.get_by_role("button", name="Show what it stops"))
    expect(page.locator(".consequence")).to_have_text("Stop the categories payments.*")


@pytest.mark.parametrize("width", WIDTHS)
def test_one_person_stops_and_another_resumes(
    demo: Demo, visit: Visit, width: int, shots: Path | None
) -> None:
    company = demo.world.company
    window = visit(company.olivia, width=width)
    page = window.go(demo.url("kill-switch/"))
    wrong = examine(page, f"kill-{width}", shots)
    look(page)
    wrong += examine(page, f"kill-confirm-{width}", shots)
    follow(page.get_by_role("button", name="Only a drill"))
    expect(page.locator(".messages")).to_contain_text("nothing was stopped")
    expect(page.locator(".stopped")).to_have_count(0)
    look(page)
    follow(page.get_by_role("button", name="Stop it now"))
    expect(page.locator(".stopped")).to_contain_text("Stopped: the categories payments.*")
    wrong += examine(page, f"kill-thrown-{width}", shots)

    second = visit(company.carl, width=width)
    for path in ("inbox/?tab=all", "requests/{pending}/"):
        page = second.go(demo.url(path))
        expect(page.locator(".stopped")).to_contain_text("by Olivia on")
        expect(page.locator("main")).to_contain_text("Held")
        wrong += examine(page, f"kill-held-{width}", shots)
    follow(page.locator(".stopped a"))
    page.get_by_label("Why it may go on").fill("The agent was mended")
    follow(page.get_by_role("button", name="Resume"))
    expect(page.locator(".messages")).to_contain_text("It goes on: the categories payments.*")
    expect(page.locator(".stopped")).to_have_count(0)
    wrong += examine(page, f"kill-resumed-{width}", shots)
    assert wrong == []
    assert window.faults == []
    assert second.faults == []
