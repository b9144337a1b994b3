"""A gateway that opens every link of a mail in a real browser, runs its scripts, and waits.

It scrolls, moves the pointer, focuses whatever can be focused and lets the page go idle; it
presses nothing. Links that are followed from the page are followed as well.
"""

import pytest
from playwright.sync_api import Page

from approvals.models import ActionRequest, ReviewLink, Vote
from approvals.services.contacts import stop_url
from govapp.common.tenancy import tenant_transaction
from tests.browser.conftest import Visit
from tests.browser.demo import Demo

pytestmark = pytest.mark.browser

_LINGER = 1500  # milliseconds: longer than anything a script of ours waits for


def state(demo: Demo) -> tuple[object, ...]:
    with tenant_transaction(demo.world.company.id):
        return (
            sorted(ActionRequest.objects.values_list("pk", "status", "version")),
            Vote.objects.count(),
            ReviewLink.objects.filter(used_at__isnull=False).count(),
        )


def look_over(page: Page) -> None:
    """Do what a scanner does that wants to see everything a page may turn into."""
    page.wait_for_load_state("networkidle")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    for control in page.locator("a, button, input, summary").all():
        if control.is_visible():
            control.focus()
            control.dispatch_event("mouseover")
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    page.wait_for_timeout(_LINGER)


def test_a_browser_that_runs_scripts_and_clicks_nothing_decides_nothing(
    demo: Demo, visit: Visit
) -> None:
    with tenant_transaction(demo.world.company.id):
        stop = "/" + stop_url(demo.world.company.alice).partition("//")[2].partition("/")[2]
    before, window = state(demo), visit(None)
    posted: list[str] = []
    window.page.on(
        "request", lambda sent: posted.append(sent.url) if sent.method != "GET" else None
    )
    for path in (
        f"{demo.link}?choice=approve", f"{demo.link}?choice=deny", demo.link,
        demo.closed_link, stop,
    ):  # fmt: skip
        page = window.go(path)
        look_over(page)
        inner = page.eval_on_selector_all("a[href]", "all => all.map(each => each.href)")
        for url in sorted({each for each in inner if each.startswith(window.server)}):
            page.goto(url)
            page.wait_for_load_state("networkidle")
    assert posted == []
    assert state(demo) == before


def test_a_page_that_was_fetched_ahead_decides_nothing(demo: Demo, visit: Visit) -> None:
    """As `<link rel=prefetch>` and a browser that restores its tabs."""
    before, window = state(demo), visit(None)
    page = window.go("/accounts/login/")
    for path in (f"{demo.link}?choice=approve", f"{demo.link}?choice=deny"):
        answer = page.request.get(window.server + path, headers={"Sec-Purpose": "prefetch"})
        assert answer.status == 200
        page.goto(window.server + path)
        page.go_back()
        page.go_forward()
        page.reload()
    assert state(demo) == before
