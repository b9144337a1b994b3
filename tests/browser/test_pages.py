"""Every page in a real browser: accessible, silent, in light and dark, wide and narrow."""

from pathlib import Path
from typing import Any, Final, Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from playwright.sync_api import Page, expect

from approvals.enums import RequestStatus, Verdict
from approvals.models import ActionRequest
from govapp.common.tenancy import tenant_transaction
from tests.browser.conftest import WIDTHS, Visit, follow, window_of
from tests.browser.demo import Demo

# Some ninety pages in one test: on a busy machine more than the usual five minutes.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]

# name of the page → who looks, and where
PAGES: dict[str, tuple[str, str]] = {
    "inbox": ("alice", "inbox/"),
    "inbox-empty": ("charlie", "inbox/"),
    "inbox-decided": ("alice", "inbox/?tab=decided"),
    "request_detail": ("alice", "requests/{pending}/"),
    "request-deny": ("alice", "requests/{pending}/?choice=deny"),
    "request-low": ("alice", "requests/{low}/"),
    "request-approved": ("carl", "requests/{approved}/"),
    "requests": ("audrey", "requests/?status=pending"),
    "requests-none": ("audrey", "requests/?q=nothing"),
    "policy": ("olivia", "policy/"),
    "policy-draft": ("carl", "policy/{draft}/"),
    "policy-new": ("carl", "policy/drafts/new"),
    "policy-language": ("olivia", "policy/language"),
    "policy-who": ("carl", "policy/who/?rule=large-payments&person={member}"),
    "policy-try": ("carl", "policy/try/?agent={agent}&category=payments.transfer"),
    "runs": ("alice", "runs/"),
    "run": ("alice", "runs/{run}/"),
    "request-in-run": ("carl", "requests/{in_run}/"),
    "delegations": ("carl", "delegations/?which=all"),
    "guardrails": ("carl", "guardrails/"),
    "guardrails-draft": ("carl", "guardrails/draft"),
    "models": ("carl", "models/"),
    "budgets": ("carl", "budgets/"),
    "budget-new": ("carl", "budgets/new"),
    "budget": ("carl", "budgets/{budget}/"),
    "costs": ("audrey", "budgets/costs"),
    "limits": ("olivia", "budgets/limits"),
    "categories": ("carl", "categories/"),
    "category": ("carl", "categories/{category}/"),
    "category-new": ("carl", "categories/new"),
    "callbacks": ("olivia", "settings/callbacks/"),
    "callback": ("olivia", "settings/callbacks/{endpoint}/"),
    "audit_log": ("audrey", "audit/"),
    "exports": ("audrey", "audit/exports/"),
    "pack-new": ("audrey", "audit/packs/new?redact=name"),
    "pack-new-some": ("audrey", "audit/packs/new?type=vote.cast"),
    "audit-search": ("audrey", "audit/?type=vote.cast"),
    "audit-anchors": ("audrey", "audit/anchors/"),
    "retention": ("olivia", "audit/retention/"),
    "holds": ("olivia", "audit/holds/"),
    "streams": ("carl", "audit/streams/"),
    "stream": ("olivia", "audit/streams/{stream}/"),
    "stream-change": ("olivia", "audit/streams/{stream}/change"),
    "stream-new": ("carl", "audit/streams/new"),
    "stream-new-webhook": ("carl", "audit/streams/new?kind=webhook"),
    "stream-new-syslog": ("carl", "audit/streams/new?kind=syslog"),
    "audit-request": ("audrey", "audit/requests/{approved}/?person=Charlie"),
    "audit-request-affected": ("audrey", "audit/requests/{approved}/?for=affected"),
    "audit-request-engineer": ("audrey", "audit/requests/{approved}/?for=engineer"),
    "reports": ("carl", "reports/"),
    "people": ("olivia", "people/"),
    "person": ("olivia", "people/{member}/"),
    "person-erase": ("olivia", "people/{member}/erase"),
    "invite": ("olivia", "people/invite"),
    "groups": ("olivia", "groups/"),
    "group": ("olivia", "groups/finance/"),
    "agents": ("olivia", "agents/"),
    "agent": ("olivia", "agents/{agent}/"),
    "agent-reach": ("olivia", "agents/{agent}/?tab=reach"),
    "agent-reach-read": ("carl", "agents/{agent}/?tab=reach"),
    "agent-autonomy": ("carl", "agents/{agent}/?tab=autonomy"),
    "agent-delegations": ("alice", "agents/{agent}/?tab=delegations"),
    "agent-keys": ("olivia", "agents/{agent}/?tab=keys"),
    "agent-new": ("olivia", "agents/new"),
    "agent-retire": ("olivia", "agents/{agent}/retire"),
    "autonomy": ("carl", "autonomy/"),
    "environments": ("carl", "autonomy/environments"),
    "trust": ("olivia", "autonomy/trust"),
    "trust-change": ("carl", "autonomy/trust/change"),
    "kill-switch": ("carl", "kill-switch/"),
    "kill-switch-none": ("carl", "kill-switch/?q=nothing"),
    "kill-switch-read": ("audrey", "kill-switch/"),
    "kill-switch-stop": ("carl", "kill-switch/stop?scope=agent&ref={agent}"),
    "integrations": ("olivia", "integrations/"),
    "integration": ("olivia", "integrations/{integration}/"),
    "integration-grant": ("olivia", "integrations/{integration}/?agent={agent}"),
    "integration-read": ("audrey", "integrations/{integration}/"),
    "integration-new": ("olivia", "integrations/new"),
    "vault": ("olivia", "integrations/vault"),
    "integration-change": ("olivia", "integrations/{integration}/change"),
    "settings": ("olivia", "settings/"),
    "findings": ("olivia", "health/"),
    "insights": ("carl", "insights/"),
    "drills": ("carl", "drills/"),
    "drill-new": ("carl", "drills/new?agent={agent}&category=payments.transfer"),
    "canary-new": ("carl", "drills/canaries/new?agent={agent}&category=payments.transfer"),
    "told": ("alice", "me/notifications"),
    "messages": ("olivia", "settings/messages/"),
    "message-words": ("olivia", "settings/messages/requested/"),
    "message-words-read": ("carl", "settings/messages/decided/"),
    "messages-sent": ("olivia", "settings/messages/sent/"),
    "reviews": ("audrey", "reviews/"),
}
ACCOUNT = {
    "account-again": "/accounts/reauthenticate/",
    "account-password": "/accounts/password/change/",
    "account-factors": "/accounts/2fa/",
    "account-sessions": "/accounts/sessions/",
}
# What README shows of these, and so what `--screenshots` writes.
PICTURES = {
    "link-390-light",
    "link-login-390-light",
    "budgets-1280-light",
    "guardrails-draft-1280-light",
    "editor-1280-light",
    "editor-rules-0-1280-dark",
    "editor-rules-0-390-light",
}

_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
EVERYTHING: Final[dict[str, Any]] = {"type": "tag", "values": _TAGS}
# The themes differ in colours only (`light-dark()` in app.css), so the rest is looked at once.
COLOURS: Final[dict[str, Any]] = {
    "type": "rule", "values": ["color-contrast", "link-in-text-block"]
}  # fmt: skip
THEMES: Final[dict[Literal["light", "dark"], dict[str, Any]]] = {
    "light": EVERYTHING, "dark": COLOURS
}  # fmt: skip


# Only what is said here comes back: the whole result names every element of the page many times,
# and carrying it out of the browser takes longer than finding it.
_FIND: Final = """rules => axe.run({runOnly: rules, resultTypes: ["violations"]}).then(found =>
  found.violations.flatMap(each =>
    each.nodes.map(node => `${each.id}: ${node.html.slice(0, 160)}`)))"""


def violations(page: Page, rules: dict[str, Any] = EVERYTHING) -> list[str]:
    """Return what axe finds against WCAG 2.2 A and AA."""
    # Through the protocol and not a script element: the page's policy allows none but its own.
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(_FIND, rules)
    return found


def examine(page: Page, name: str, shots: Path | None) -> list[str]:
    """Return what is wrong with the page that is open, in light and dark."""
    found = []
    page.wait_for_load_state()
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    if wide > 0:
        found.append(f"{name}: wider than the window by {wide}px")
    for theme, rules in THEMES.items():
        page.emulate_media(color_scheme=theme)
        found += [f"{name}-{theme}: {fault}" for fault in violations(page, rules)]
        if shots is not None and f"{name}-{theme}" in PICTURES:
            shots.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=shots / f"{name}-{theme}.png")
    page.emulate_media(color_scheme="light")
    return found


def examine_widths(page: Page, name: str, shots: Path | None) -> list[str]:
    """Return what is wrong with the page that is open, at a desk and on a phone.

    Loaded once: what differs by width is in the style sheet, and no script asks for it.
    """
    found = []
    for width in WIDTHS:
        page.set_viewport_size(window_of(width))
        found += examine(page, f"{name}-{width}", shots)
    return found


def test_every_page_is_accessible_and_silent(demo: Demo, visit: Visit, shots: Path | None) -> None:
    wrong: list[str] = []
    windows = {
        who: visit(getattr(demo.world.company, who, None))
        for who in ("", *{who for who, _ in PAGES.values()})
    }
    paths = {name: (who, demo.url(path)) for name, (who, path) in PAGES.items()}
    paths["link-login"] = ("", f"{demo.login_link}?choice=approve")
    paths |= {"link": ("", f"{demo.link}?choice=approve"), "link-ended": ("", demo.closed_link)}
    paths |= {name: ("alice", path) for name, path in ACCOUNT.items()}
    for name, (who, path) in paths.items():
        window = windows[who]
        wrong += examine_widths(window.go(path), name, shots)
        wrong += [f"{name}: {fault}" for fault in window.faults]
        window.faults.clear()
    assert wrong == []


def status_of(demo: Demo, request: ActionRequest) -> str:
    with tenant_transaction(demo.world.company.id):
        return ActionRequest.objects.get(pk=request.pk).status


def test_a_vote_by_keyboard(demo: Demo, visit: Visit) -> None:
    window = visit(demo.world.company.alice)
    page = window.go(demo.url("inbox/"))
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator(".consequence")).to_contain_text("Pay EUR 48,200")
    page.keyboard.press("a")
    expect(page.locator("button[value=approve]")).to_be_focused()
    assert status_of(demo, demo.pending) == RequestStatus.PENDING
    page.keyboard.press("Enter")
    expect(page.locator(".messages")).to_contain_text("The request is approved")
    assert status_of(demo, demo.pending) == RequestStatus.APPROVED
    assert window.faults == []


def test_the_decision_is_in_sight_on_a_desk_wherever_one_reads(demo: Demo, visit: Visit) -> None:
    window = visit(demo.world.company.alice)
    window.page.set_viewport_size({"width": 1280, "height": 800})
    page = window.go(demo.url("requests/{pending}/"))
    for scroll in ("0", "document.body.scrollHeight"):
        page.evaluate(f"window.scrollTo(0, {scroll})")
        for verdict in Verdict:
            expect(page.locator(f"button[value={verdict}]")).to_be_in_viewport(ratio=1)
    # What is reached by keyboard below the decision is not hidden behind it.
    page.locator(".decision ~ * :is(a, summary)").first.focus()
    edge = "e => e.getBoundingClientRect()"
    focused = page.evaluate(f"({edge})(document.activeElement).top")
    assert focused >= page.evaluate(f"({edge})(document.querySelector('.decision')).bottom")


def test_a_denial_without_scripts_keeps_what_was_typed(demo: Demo, visit: Visit) -> None:
    page = visit(demo.world.company.alice, scripts=False).go(demo.url("requests/{pending}/"))
    page.locator("button[value=deny]").click()
    expect(page.locator("form .errorlist")).to_contain_text("Say why")
    page.locator("#id_reason").fill("The account is not theirs.")
    follow(page.locator("button[value=deny]"))
    assert status_of(demo, demo.pending) == RequestStatus.DENIED


def test_a_vote_from_a_link_on_a_phone(demo: Demo, visit: Visit) -> None:
    window = visit(None, width=390)
    page = window.go(f"{demo.link}?choice=approve")
    assert status_of(demo, demo.low) == RequestStatus.PENDING
    page.locator("button[value=approve]").click()
    expect(page.locator(".notice--ok")).to_contain_text("Your approval is recorded")
    assert status_of(demo, demo.low) == RequestStatus.APPROVED
    assert settings.CSRF_COOKIE_NAME in {cookie["name"] for cookie in window.context.cookies()}
    assert window.faults == []


def test_a_hostile_payload_stays_text(demo: Demo, visit: Visit) -> None:
    words = "<img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}\u202e"
    hostile = demo.world.submit(
        summary=words, reason=words, sources=[words], payload={"amount": "20000.00", words: words}
    )
    window = visit(demo.world.company.alice)
    asked: list[str] = []
    window.page.on("request", lambda request: asked.append(request.url))
    window.page.on("dialog", lambda dialog: asked.append(dialog.message))
    page = window.go(demo.url(f"requests/{hostile.public_id}/"))
    expect(page.locator(".consequence")).to_contain_text("<img src=x onerror=alert(1)>")
    assert [url for url in asked if not url.startswith(window.server)] == []
    assert page.locator(".main img, .main script").count() == 0
    assert "\u202e" not in page.content()
    assert window.faults == []
