"""Chat and devices as people see them; and a message that arrives in a browser."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect
from pytest_django.fixtures import Settings

from approvals.enums import NotificationChannel
from approvals.models import ChatConnection, PushSubscription
from approvals.services.chat_accounts import enter_account, keep_found
from approvals.services.chat_connections import connect_slack, connect_teams
from approvals.services.push_subscriptions import subscribe
from govapp.common.tenancy import tenant_transaction
from tests.browser.conftest import Visit
from tests.browser.demo import Demo
from tests.browser.test_pages import examine_widths
from tests.support.push import PushingBrowser
from tests.support.slack import SIGNING_SECRET, TOKEN

pytestmark = [pytest.mark.browser]

# Headless Chromium has no push service behind it: this answers as one would.
SUBSCRIBES = """
  PushManager.prototype.subscribe = async function (options) {
    window.asked = { visible: options.userVisibleOnly, key: options.applicationServerKey };
    const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
    const keys = { p256dh: "%s", auth: "%s" };
    return { endpoint: "%s", getKey: (name) => bytes(keys[name]) };
  };
"""


@pytest.fixture
def connected(demo: Demo, settings: Settings) -> Demo:
    """A company with both chats, people in every state, and a device."""
    settings.SLACK_API_URL = "http://127.0.0.1:9/api/"
    company = demo.world.company
    slack, teams = NotificationChannel.SLACK, NotificationChannel.TEAMS
    with tenant_transaction(company.id):
        connect_slack(
            actor=company.olivia, name="Acme", bot_token=TOKEN, signing_secret=SIGNING_SECRET
        )
        connect_teams(actor=company.olivia, name="Approvals", url="https://example.com/x?sig=y")
        ChatConnection.objects.filter(channel="teams").update(last_error="Teams answered 404.")
        for member, channel, address in (
            (company.alice, slack, "U024BE7LH"),
            (company.alice, teams, "alice.with.a.very.long.name@subsidiary.acme.example"),
        ):
            enter_account(actor=company.olivia, member=member, channel=channel, address=address)
        keep_found(member=company.bob, address="U0BOB7654")
        sent = PushingBrowser("https://push.example.com/one").subscription()
        subscribe(actor=company.alice, device="Safari on iPhone", **sent)
    return demo


def test_every_page_is_accessible_and_silent(connected: Demo, visit: Visit) -> None:
    company = connected.world.company
    wrong: list[str] = []
    paths = [
        (company.olivia, "settings/chat/"),
        (company.audrey, "settings/chat/"),
        (company.olivia, "settings/chat/slack/"),
        (company.olivia, "settings/chat/teams/"),
        (company.olivia, "settings/chat/accounts/new"),
        (company.alice, "me/devices/"),
        (company.bob, "me/devices/"),
    ]
    windows = {member.pk: visit(member) for member in {who for who, _ in paths}}
    for member, path in paths:
        window = windows[member.pk]
        wrong += examine_widths(window.go(connected.url(path)), path, None)
        wrong += [f"{path}: {fault}" for fault in window.faults]
        window.faults.clear()
    assert wrong == []


def test_a_browser_is_subscribed_and_shows_a_message(demo: Demo, visit: Visit) -> None:
    alice = demo.world.company.alice
    window = visit(alice)
    sent = PushingBrowser("https://push.example.com/topsecret").subscription()
    plain = {name: value.replace("-", "+").replace("_", "/") for name, value in sent.items()}
    window.context.grant_permissions(["notifications"])
    window.context.add_init_script(
        SUBSCRIBES % (_padded(plain["p256dh"]), _padded(plain["auth"]), sent["endpoint"])
    )
    page = window.go(demo.url("me/devices/"))
    page.get_by_role("button", name="Tell me in this browser").click()
    expect(page.locator(".messages")).to_contain_text("You are told in this browser")
    with tenant_transaction(demo.world.company.id):
        row = PushSubscription.objects.get(member=alice)
    assert (row.endpoint, row.p256dh) == (sent["endpoint"], sent["p256dh"])
    assert page.evaluate("navigator.serviceWorker.ready.then((r) => r.active.scriptURL)") == (
        f"{window.server}/sw.js"
    )
    told = {"title": "Pay <b>EUR</b> 900", "body": "Alice, your approval is needed.",
            "path": "//evil.example/x", "tag": "ar_1"}  # fmt: skip
    deliver(window, json.dumps(told))
    notifications = (
        "navigator.serviceWorker.ready.then((r) => r.getNotifications()).then((all) =>"
        " all.map((n) => [n.title, n.body, n.tag, n.data.path]))"
    )
    shown = wait_for(window, lambda: page.evaluate(notifications))
    assert shown == [[told["title"], told["body"], "ar_1", f"{window.server}/"]]
    assert window.faults == []


def test_another_worker_is_refused_by_the_browser(demo: Demo, visit: Visit) -> None:
    """The pages' policy lets no script register one; that of devices lets one address through."""
    window = visit(demo.world.company.alice)
    register = (
        "address => navigator.serviceWorker.register(address).then(() => 'taken', e => e.name)"
    )
    for path in ("inbox/", "me/devices/"):
        page = window.go(demo.url(path))
        assert page.evaluate(register, "/sw.js") == "TypeError"


def test_without_scripts_the_page_says_what_is_missing(demo: Demo, visit: Visit) -> None:
    page = visit(demo.world.company.alice, scripts=False).go(demo.url("me/devices/"))
    expect(page.locator("[data-push-words]")).to_contain_text("needs JavaScript")
    expect(page.get_by_role("button", name="Tell me in this browser")).to_be_hidden()


def deliver(window: Any, data: str) -> None:
    """Have the browser take a message from its push service."""
    session = window.context.new_cdp_session(window.page)
    found: list[dict[str, Any]] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated", lambda said: found.extend(said["registrations"])
    )
    session.send("ServiceWorker.enable")
    scope = f"{window.server}/"
    ours = wait_for(window, lambda: next((e for e in found if e["scopeURL"] == scope), None))
    session.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": window.server, "registrationId": ours["registrationId"], "data": data},
    )


def wait_for(window: Any, look: Callable[[], Any]) -> Any:
    """Return what there is to see as soon as there is something; a minute at the most."""
    for _ in range(1200):
        if seen := look():
            return seen
        window.page.wait_for_timeout(50)
    raise AssertionError("It did not happen.")


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)
