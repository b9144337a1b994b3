"""The page of an event, checked by the browser itself with what the page holds."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from audit.actors import Actor, Subject
from audit.services import record
from audit.services.keys import rotate_key
from audit.services.sequencer import sequence_tenant
from govapp.common.ids import public_id
from govapp.common.tenancy import tenant_transaction
from tests.browser.conftest import WIDTHS, Visit
from tests.browser.demo import Demo
from tests.browser.test_pages import examine

pytestmark = pytest.mark.browser

SYSTEM = Actor("system", "govapp", "Govapp")
PLAIN, PRIVATE = "The nightly look found nothing.", "Paid to DE89370400440532013000."


def write(demo: Demo, summary: str) -> str:
    """Record an event, give it its place, and return the path of its page."""
    tenant_id = demo.world.company.id
    with tenant_transaction(tenant_id):
        event = record(
            event_type="watch.looked",
            actor=SYSTEM,
            subject=Subject("tenant", public_id("tn", tenant_id), "the nightly look"),
            summary=summary,
        )
    while sequence_tenant(tenant_id=tenant_id):
        pass
    return demo.url(f"audit/events/{public_id('ev', event.pk)}/")


def tones(page: Page) -> list[str]:
    """Wait until everything is checked; return what came out for bytes, path and signature."""
    place = page.locator("[data-self-check]")
    expect(place).to_have_attribute("data-state", "ok", timeout=60_000)
    return marks(page)


def marks(page: Page) -> list[str]:
    names = page.locator("[data-check] .timeline-mark").evaluate_all(
        "all => all.map(e => e.className)"
    )
    return [name.rpartition("--")[2] for name in names]


def after(page: Page, change: str) -> tuple[str, list[str]]:
    """Change what the page holds, run the page's own script again, and return what it says."""
    place = page.locator("[data-self-check]")
    place.evaluate(
        f"place => {{ delete place.dataset.state; const data = place.dataset; {change} }}"
    )
    source = page.locator("script[src*='verify']").get_attribute("src")
    page.evaluate("source => import(source + '?again=' + Math.random())", source)
    expect(place).to_have_attribute("data-state", "bad", timeout=60_000)
    return place.locator("[data-summary]").inner_text(), marks(page)


@pytest.mark.parametrize("width", WIDTHS)
def test_an_event_checks_itself(demo: Demo, visit: Visit, shots: Path | None, width: int) -> None:
    path = write(demo, PLAIN)
    window = visit(demo.world.company.audrey, width=width)
    page = window.go(path)
    assert tones(page) == ["ok", "ok", "ok"]
    assert examine(page, f"event-{width}", shots) == []
    assert window.faults == []


def test_what_was_changed_is_refused_with_its_reason(demo: Demo, visit: Visit) -> None:
    path = write(demo, PLAIN)
    window = visit(demo.world.company.audrey)
    flip = "const flip = hex => (hex[0] === '0' ? '1' : '0') + hex.slice(1);"
    changes = {
        "data.line = btoa(atob(data.line).replace('nothing', 'a thing'));": ["bad", "ok", "ok"],
        f"{flip} data.leaf = flip(data.leaf);": ["bad", "bad", "ok"],
        f"{flip} data.path = flip(data.path);": ["ok", "bad", "ok"],
        "data.index = String(Number(data.index) - 1);": ["ok", "bad", "ok"],
        "data.path = data.path.split(' ').slice(1).join(' ');": ["ok", "bad", "ok"],
        r"data.note = data.note.replace(/\n(\d+)\n/, (all, size) => `\n${Number(size) + 1}\n`);": [
            "ok", "bad", "bad",
        ],
        "data.keys = data.keys.replace('log.', 'other.');": ["ok", "ok", "bad"],
    }  # fmt: skip
    found = {}
    for change in changes:
        summary, found[change] = after(window.go(path), change)
        assert summary.startswith("This event does not fit the signed record.")
    assert found == changes


def test_while_two_keys_sign_both_are_checked(demo: Demo, visit: Visit) -> None:
    write(demo, PLAIN)
    rotate_key(actor=SYSTEM, tenant_id=demo.world.company.id, reason="Once a year.")
    page = visit(demo.world.company.audrey).go(write(demo, PLAIN))
    assert tones(page) == ["ok", "ok", "ok"]
    assert len((page.locator("[data-self-check]").get_attribute("data-keys") or "").split()) == 2


def test_what_is_masked_is_not_handed_to_the_page(demo: Demo, visit: Visit) -> None:
    page = visit(demo.world.company.audrey).go(write(demo, PRIVATE))
    place = page.locator("[data-self-check]")
    expect(place).to_have_attribute("data-state", "warn", timeout=60_000)
    assert marks(page) == ["warn", "ok", "ok"]
    assert place.get_attribute("data-line") == ""
