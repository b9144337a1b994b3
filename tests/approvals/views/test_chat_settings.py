"""The pages of chat and devices: who may, what they do, and that no secret is ever shown."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from approvals.enums import NotificationChannel
from approvals.models import ChatAccount, ChatConnection, Notification, PushSubscription
from approvals.services.chat_accounts import enter_account
from approvals.services.chat_connections import connect_slack, connect_teams, open_teams
from approvals.services.push_subscriptions import subscribe
from approvals.vapid import public_key
from govapp.common.tenancy import tenant_transaction
from tests.approvals.views.office import Office, log_in, make_office, who_changes, who_reads
from tests.support.push import PushingBrowser
from tests.support.slack import SIGNING_SECRET, TOKEN

pytestmark = pytest.mark.django_db
URL = "https://prod-1.example.com/workflows/invoke?sig=topsecretsignature"
ENDPOINT = "https://push.example.com/topsecretpath"
SECRETS = (TOKEN, SIGNING_SECRET, "topsecretsignature", "topsecretpath")


@pytest.fixture
def office(settings: Settings) -> Office:
    settings.SLACK_API_URL = "http://127.0.0.1:9/api/"
    made = make_office()
    olivia, alice = made.company.olivia, made.company.alice
    with tenant_transaction(made.company.id):
        connect_slack(actor=olivia, name="Acme", bot_token=TOKEN, signing_secret=SIGNING_SECRET)
        connect_teams(actor=olivia, name="Approvals", url=URL)
        enter_account(
            actor=olivia, member=alice, channel=NotificationChannel.SLACK, address="U0ALICE"
        )
        sent = PushingBrowser(ENDPOINT).subscription()
        subscribe(actor=alice, device="Firefox on Linux", **sent)
    return made


def account(office: Office) -> ChatAccount:
    with tenant_transaction(office.company.id):
        return ChatAccount.objects.get()


def device(office: Office) -> PushSubscription:
    with tenant_transaction(office.company.id):
        return PushSubscription.objects.get()


@pytest.mark.parametrize(
    ("path", "codes"),
    [
        ("settings/chat/", (200, 200, 403, 200)),
        ("settings/chat/slack/", (200, 403, 403, 403)),
        ("settings/chat/teams/", (200, 403, 403, 403)),
        ("settings/chat/email/", (404, 404, 404, 404)),
        ("settings/chat/accounts/new", (200, 403, 403, 403)),
        ("me/devices/", (200, 200, 200, 200)),
    ],
)
def test_who_reads_what(office: Office, path: str, codes: tuple[int, ...]) -> None:
    assert who_reads(office, path) == codes


@pytest.mark.parametrize(
    ("path", "data", "codes"),
    [
        ("settings/chat/slack/", {"name": "x"}, (302, 403, 403, 403)),
        ("settings/chat/teams/switch", {"to": "disabled"}, (302, 403, 403, 403)),
        ("settings/chat/teams/remove", {}, (302, 403, 403, 403)),
        ("settings/chat/teams/test", {}, (302, 403, 403, 403)),
        ("settings/chat/accounts/find", {}, (302, 403, 403, 403)),
        ("me/devices/confirm/{account}", {}, (404, 404, 302, 404)),
        ("settings/chat/accounts/{account}/remove", {}, (302, 403, 403, 403)),
        ("me/devices/leave/{account}", {}, (404, 404, 302, 404)),
        ("me/devices/{device}/remove", {}, (404, 404, 302, 404)),
    ],
)
def test_who_changes_what(
    office: Office, path: str, data: dict[str, str], codes: tuple[int, ...]
) -> None:
    filled = path.replace("{account}", account(office).public_id)
    filled = filled.replace("{device}", device(office).public_id)
    assert who_changes(office, filled, data) == codes


def test_no_page_shows_a_secret(office: Office) -> None:
    client = log_in(office.company.olivia)
    pages = [
        client.get(office.url(path)).content.decode()
        for path in ("settings/chat/", "settings/chat/slack/", "settings/chat/teams/")
    ]
    pages.append(log_in(office.company.alice).get(office.url("me/devices/")).content.decode())
    pages.append(
        client.post(
            office.url("settings/chat/slack/"), {"name": "", "bot_token": TOKEN}
        ).content.decode()
    )
    for secret in SECRETS:
        assert [secret in page for page in pages] == [False] * len(pages)


def test_the_page_names_the_address_that_slack_calls(office: Office) -> None:
    page = log_in(office.company.olivia).get(office.url("settings/chat/")).content.decode()
    with tenant_transaction(office.company.id):
        found = ChatConnection.objects.get(channel="slack")
    assert f"http://127.0.0.1:8000/integrations/slack/{found.public_id}/interactions" in page


def test_the_settings_and_the_menu_lead_here(office: Office) -> None:
    page = log_in(office.company.olivia).get(office.url("settings/")).content.decode()
    assert 'href="/t/acme/settings/chat/"' in page
    assert 'href="/t/acme/me/devices/"' in page


def test_a_change_keeps_what_was_left_empty(office: Office) -> None:
    client = log_in(office.company.olivia)
    answer = client.post(office.url("settings/chat/teams/"), {"name": "Renamed", "url": ""})
    assert answer.status_code == 302
    with tenant_transaction(office.company.id):
        found = ChatConnection.objects.get(channel="teams")
        assert (found.name, open_teams(found)) == ("Renamed", URL)


def test_a_mistake_is_shown_where_it_was_made(office: Office) -> None:
    client = log_in(office.company.olivia)
    answer = client.post(
        office.url("settings/chat/slack/"), {"name": "Acme", "bot_token": "xoxp-not-this-one"}
    )
    assert answer.status_code == 422
    assert answer.context["form"].errors == {
        "bot_token": ["Paste the bot token: it begins with xoxb-."]
    }


def test_a_test_goes_the_way_of_all_messages(office: Office) -> None:
    client, olivia = log_in(office.company.olivia), office.company.olivia
    refused = client.post(office.url("settings/chat/slack/test"), follow=True).content.decode()
    assert "Nothing was sent. Nobody confirmed who this person is in Slack." in refused
    data = {"member": olivia.public_id, "channel": "slack", "address": "U0OLIVIA"}
    assert client.post(office.url("settings/chat/accounts/new"), data).status_code == 302
    client.post(office.url("settings/chat/slack/test"))
    with tenant_transaction(office.company.id):
        row = Notification.objects.get(channel="slack")
    assert (row.member_id, row.status) == (olivia.pk, "queued")


def test_a_browser_is_added_removed_and_tested(office: Office) -> None:
    client = log_in(office.company.bob)
    page = client.get(office.url("me/devices/"))
    assert public_key() in page.content.decode()
    nothing = client.post(office.url("me/devices/test"), follow=True).content.decode()
    assert "Add a device first." in nothing
    sent = PushingBrowser("https://push.example.com/bob").subscription()
    client.post(
        office.url("me/devices/add"), sent, headers={"user-agent": "Windows NT Chrome/1 Safari/1"}
    )
    client.post(office.url("me/devices/test"))
    with tenant_transaction(office.company.id):
        row = PushSubscription.objects.get(member=office.company.bob)
        assert row.device == "Chrome on Windows"
        assert Notification.objects.get(channel="push").member_id == office.company.bob.pk
    client.post(office.url(f"me/devices/{row.public_id}/remove"))
    assert device(office).member_id == office.company.alice.pk


def test_a_subscription_that_is_none_is_refused_with_a_word(office: Office) -> None:
    client = log_in(office.company.bob)
    sent = PushingBrowser("http://10.0.0.1/x").subscription()
    answer = client.post(office.url("me/devices/add"), sent, follow=True).content.decode()
    # The apostrophe is escaped.
    assert "subscription cannot be used." in answer


def test_the_page_of_devices_alone_lets_the_worker_through(office: Office) -> None:
    client = log_in(office.company.alice)
    policies = [
        client.get(office.url(path))["Content-Security-Policy"]
        for path in ("me/devices/", "inbox/")
    ]
    assert ["trusted-types govapp-worker" in each for each in policies] == [True, False]
    assert ["require-trusted-types-for 'script'" in each for each in policies] == [True, True]


def test_the_worker_is_served_from_the_root() -> None:
    for verb in ("get", "head"):
        answer = getattr(Client(), verb)("/sw.js")
        assert answer.status_code == 200
        assert answer["Content-Type"] == "text/javascript; charset=utf-8"
        assert (answer["Cache-Control"], answer["Service-Worker-Allowed"]) == ("no-cache", "/")
        assert answer["X-Content-Type-Options"] == "nosniff"
    assert b"showNotification" in Client().get("/sw.js").content
    assert Client().post("/sw.js").status_code == 405


def more_people(office: Office, number: int) -> None:
    from tenants.services.people import add_member
    from tests.people import make_user

    user = make_user(f"extra{number}")
    member = add_member(actor=office.company.olivia, user=user, roles=["approver"])
    enter_account(
        actor=office.company.olivia,
        member=member,
        channel=NotificationChannel.SLACK,
        address=f"U0EXTRA{number}",
    )


def more_devices(office: Office, number: int) -> None:
    sent = PushingBrowser(f"{ENDPOINT}{number}").subscription()
    subscribe(actor=office.company.alice, device=f"Device {number}", **sent)


@pytest.mark.parametrize(
    ("who", "path", "more"),
    [("olivia", "settings/chat/", more_people), ("alice", "me/devices/", more_devices)],
)
def test_more_rows_take_no_more_statements(office: Office, who: str, path: str, more: Any) -> None:
    client = log_in(getattr(office.company, who))
    counts, sizes = [], []
    for rows in (range(0), range(2)):
        with tenant_transaction(office.company.id):
            for number in rows:
                more(office, number)
        client.get(office.url(path))
        with CaptureQueriesContext(connection) as asked:
            sizes.append(len(client.get(office.url(path)).content))
        counts.append(len(asked))
    assert sizes[0] < sizes[1]
    assert counts[0] == counts[1]
