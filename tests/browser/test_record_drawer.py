"""The list of the record in a real browser: search, facets, days, and an event beside the list."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from audit.services.search_index import index_all
from audit.services.sequencer import sequence_all
from tests.browser.conftest import WIDTHS, Visit
from tests.browser.demo import Demo
from tests.browser.test_pages import examine

pytestmark = pytest.mark.browser


@pytest.fixture
def recorded(demo: Demo) -> Demo:
    """A company whose whole record has its place and is indexed."""
    while sequence_all() or index_all():
        pass
    return demo


def opened(page: Page) -> str:
    """Return which event of the page the drawer shows, once it is there and checked itself."""
    drawer = page.locator("[data-drawer]")
    expect(drawer.locator("[data-self-check]")).to_have_attribute(
        "data-state", re.compile("ok|warn")
    )
    return drawer.locator("h2").first.inner_text()


def focused(page: Page) -> int:
    """Return in which row of the list the focus is, from 0; -1 outside of it."""
    found: int = page.evaluate(
        "Array.from(document.querySelectorAll('[data-row]'))"
        ".indexOf(document.activeElement.closest('[data-row]'))"
    )
    return found


def test_an_event_opens_beside_the_list_with_the_keyboard(recorded: Demo, visit: Visit) -> None:
    window = visit(recorded.world.company.audrey)
    page = window.go(recorded.url("audit/?text=alice&kind=person"))
    address = page.url
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert focused(page) == 1
    page.keyboard.press("Enter")
    assert opened(page).startswith("Event 2 of ")
    summary = page.locator("[data-drawer] .consequence").inner_text()
    assert summary == page.locator("[data-row] [data-row-link]").nth(1).inner_text()
    page.keyboard.press("j")
    expect(page.locator("#event-drawer-title")).to_contain_text("Event 3 of")
    opened(page)
    page.keyboard.press("k")
    page.keyboard.press("k")
    expect(page.locator("#event-drawer-title")).to_contain_text("Event 1 of")
    opened(page)
    page.keyboard.press("Escape")
    expect(page.locator("[data-drawer]")).not_to_be_visible()
    assert (focused(page), page.url) == (0, address)
    assert window.faults == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_list_and_the_drawer_are_accessible(
    recorded: Demo, visit: Visit, shots: Path | None, width: int
) -> None:
    window = visit(recorded.world.company.audrey, width=width)
    page = window.go(recorded.url("audit/?text=alice&kind=person"))
    expect(page.locator(".facet").first).to_be_visible()
    wrong = examine(page, f"audit-found-{width}", shots)
    page.locator("[data-row-link]").first.click()
    opened(page)
    wrong += examine(page, f"audit-drawer-{width}", shots)
    box = page.locator("[data-drawer]").bounding_box()
    assert box is not None
    assert (box["width"] == width) == (width == WIDTHS[1])
    page.locator("[data-drawer] [data-dialog-close]").click()
    expect(page.locator("[data-drawer]")).not_to_be_visible()
    assert wrong == []
    assert window.faults == []


def test_a_bar_and_a_facet_narrow_the_list(recorded: Demo, visit: Visit) -> None:
    page = visit(recorded.world.company.audrey).go(recorded.url("audit/"))
    before = page.locator(".histogram-head b").inner_text()
    page.locator(".histogram-bars a").last.click()
    expect(page.locator(".chip--on")).to_have_count(2)
    page.locator("[aria-labelledby=facet-kind]").get_by_role("link", name="People").click()
    expect(page.locator(".chip--on")).to_have_count(3)
    assert page.locator(".histogram-head b").inner_text() != before
    page.get_by_role("link", name="Clear all").click()
    expect(page.locator(".chip--on")).to_have_count(0)


def test_without_scripts_an_event_has_its_page(recorded: Demo, visit: Visit) -> None:
    page = visit(recorded.world.company.audrey, scripts=False).go(recorded.url("audit/?text=alice"))
    page.locator("[data-row-link]").first.click()
    expect(page).to_have_url(re.compile("/audit/events/ev_"))
    expect(page.locator("[data-drawer]")).to_have_count(0)
