"""The kill switch in a real browser: chosen, looked at, thrown, resumed by a second person."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import WIDTHS, Visit, follow
from tests.browser.demo import Demo
from tests.browser.test_pages import examine

pytestmark = pytest.mark.browser

WHAT = "the category payments.transfer"


def look(page: Page) -> None:
    """Choose what to stop, see what that stops, and say why."""
    page.get_by_label("Search what there is").fill("transfer")
    follow(page.get_by_role("button", name="Search"))
    follow(page.get_by_role("link", name="Bank transfer"))
    expect(page.locator(".consequence")).to_have_text(f"Stop {WHAT}")
    page.get_by_label("Reason").fill("It pays the same invoice twice")


@pytest.mark.parametrize("width", WIDTHS)
def test_one_person_stops_and_another_resumes(
    demo: Demo, visit: Visit, width: int, shots: Path | None
) -> None:
    company = demo.world.company
    window = visit(company.olivia, width=width)
    page = window.go(demo.url("kill-switch/"))
    wrong = examine(page, f"kill-{width}", shots)
    look(page)
    wrong += examine(page, f"kill-stop-{width}", shots)
    follow(page.get_by_role("button", name="Only a drill"))
    expect(page.locator(".messages")).to_contain_text("Nothing was stopped")
    expect(page.locator(".stopped")).to_have_count(0)
    wrong += examine(page, f"kill-drill-{width}", shots)
    page = window.go(demo.url("kill-switch/"))
    look(page)
    follow(page.get_by_role("button", name="Stop it now"))
    expect(page.locator(".stopped")).to_contain_text(f"Stopped: {WHAT}")
    expect(page.get_by_role("heading", name="What still runs")).to_be_visible()
    wrong += examine(page, f"kill-thrown-{width}", shots)
    wrong += examine(window.go(demo.url("kill-switch/")), f"kill-stopped-{width}", shots)

    second = visit(company.carl, width=width)
    for path in ("inbox/?tab=all", "requests/{pending}/"):
        page = second.go(demo.url(path))
        expect(page.locator(".stopped")).to_contain_text("by Olivia on")
        expect(page.locator("main")).to_contain_text("Held")
        wrong += examine(page, f"kill-held-{width}", shots)
    follow(page.locator(".stopped a"))
    page.get_by_label("Reason").fill("The agent was mended")
    follow(page.get_by_role("button", name="Resume"))
    expect(page.locator(".messages")).to_contain_text(f"Resumed: {WHAT}")
    expect(page.locator(".stopped")).to_have_count(0)
    wrong += examine(page, f"kill-resumed-{width}", shots)
    assert window.faults == []
    assert second.faults == []
    page = second.go(demo.url("kill-switch/stop?scope=category&ref=Pay!"))
    expect(page.get_by_label("Its name or id")).to_be_focused()
    expect(page.get_by_label("Its name or id")).to_have_value("Pay!")
    wrong += examine(page, f"kill-wrong-{width}", shots)
    assert wrong == []


def test_an_agent_is_stopped_from_the_list_without_scripts_on_a_phone(
    demo: Demo, visit: Visit
) -> None:
    agent = demo.world.agent
    page = visit(demo.world.company.carl, width=390, scripts=False).go(demo.url("agents/"))
    follow(page.get_by_role("link", name=f"Stop… {agent.name}", exact=True))
    expect(page.locator(".consequence")).to_have_text(f"Stop the agent {agent.name}")
    page.get_by_label("Reason").fill("It pays the same invoice twice")
    follow(page.get_by_role("button", name="Stop it now"))
    expect(page.locator(".consequence")).to_have_text(f"Stopped: the agent {agent.name}")
    expect(page.get_by_text("You stopped it, so somebody else resumes it")).to_be_visible()
