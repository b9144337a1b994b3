"""Messages in Slack, against a server that speaks its Web API."""

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from approvals.chat_presses import Press, Reply
from approvals.enums import DeliveryStatus, NotificationChannel, Risk
from approvals.models import ActionCategory, ChatConnection, Notification, ReviewLink
from approvals.services.chat_connections import SlackSecrets, open_slack, switch_connection
from approvals.services.sending import send_notification
from approvals.transports import slack
from approvals.transports.failures import DeliveryFailure, PermanentFailure
from govapp.common.tenancy import tenant_transaction
from tests.approvals.chatting import ALICE, BOB, Chat, connected, lenient
from tests.approvals.documents import asks, rules
from tests.approvals.world import make_world
from tests.conftest import MoveClock
from tests.support.slack import TOKEN, running_workspace, words

pytestmark = pytest.mark.django_db
SECRETS = SlackSecrets(TOKEN, "x" * 32, "T1")


@pytest.fixture
def chat(settings: Settings) -> Iterator[Chat]:
    with connected(settings) as made:
        yield made


def the_row(chat: Chat, user: str = ALICE) -> Notification:
    email = {ALICE: "alice@acme.example", BOB: "bob@acme.example"}[user]
    (row,) = [each for each in chat.told("requested") if each.member.user.email == email]
    return row


def test_a_question_says_what_who_and_until_when_and_can_be_decided(chat: Chat) -> None:
    request = chat.request(reason="Invoice 2291 is due.", on_behalf_of="customer 42")
    assert sorted(sent["channel"] for sent in chat.workspace.of("chat.postMessage")) == [ALICE, BOB]
    sent = chat.asked()
    assert sent["text"] == "Approve or deny: Pay Acme Ltd"
    assert (sent["unfurl_links"], sent["unfurl_media"]) == (False, False)
    told = words(sent["blocks"])
    assert told[:2] == ["Pay Acme Ltd", "Alice, your approval is needed."]
    assert "Amount\n900.00" in told
    assert "Asked by\npayer" in told
    assert "The agent's reason, checked by nobody: Invoice 2291 is due." in told
    assert [each for each in told if each.startswith("Until ")] != []
    buttons = chat.buttons()
    assert list(buttons) == ["Approve", "Deny…", "Open in Govapp"]
    assert buttons["Approve"]["confirm"]["text"]["text"] == "Pay Acme Ltd"
    page = f"http://127.0.0.1:8000/t/acme/requests/{request.public_id}/"
    assert buttons["Open in Govapp"]["url"] == page
    row = the_row(chat)
    assert sent["metadata"]["event_payload"]["id"].startswith("ntf_")
    assert (row.status, row.content["receipt"]["channel"]) == (DeliveryStatus.SENT, "D0ALICE")


def test_no_link_that_decides_leaves_the_house(chat: Chat) -> None:
    chat.request()
    assert "/l/" not in str(chat.workspace.calls)
    with tenant_transaction(chat.world.company.id):
        assert not ReviewLink.objects.exists()


def without_buttons(chat: Chat) -> None:
    assert list(chat.buttons()) == ["Review in Govapp"]


@pytest.mark.parametrize("risk", [Risk.MEDIUM, Risk.HIGH, Risk.CRITICAL])
def test_anything_but_low_risk_leads_to_the_page(chat: Chat, risk: Risk) -> None:
    with tenant_transaction(chat.world.company.id):
        ActionCategory.objects.update(risk=risk)
    chat.request()
    without_buttons(chat)


def test_a_tenant_that_wants_logins_has_no_buttons(chat: Chat) -> None:
    tenant = chat.world.company.tenant
    with tenant_transaction(chat.world.company.id):
        tenant.link_voting = False
        tenant.save(update_fields=["link_voting"])
    chat.request()
    without_buttons(chat)


def test_a_rule_that_asks_for_a_second_factor_leads_to_the_page(settings: Settings) -> None:
    world = lenient(make_world(rules(asks("payments", obligations={"step_up": True}))))
    with connected(settings, world) as chat:
        chat.request()
        without_buttons(chat)


def test_a_payload_that_does_not_fit_or_hides_something_leads_to_the_page(chat: Chat) -> None:
    many = {f"field{n}": "x" for n in range(7)}
    for payload in (
        {"amount": "900.00", **many},
        {"amount": "900.00", "to": "x" * 81},
        {"amount": "900.00", "to": "N\u043erthwind"},
        {"amount": "900.00", "to": "x\u202ey"},
    ):
        chat.request(payload=payload)
        without_buttons(chat)


def test_an_agents_words_are_no_markup(chat: Chat) -> None:
    chat.request(summary="<!channel> *Pay* <https://evil.example|Acme> & Co", reason="<@U1> `code`")
    sent = chat.asked()
    assert sent["text"] == (
        "Approve or deny: &lt;!channel&gt; *Pay* &lt;https://evil.example|Acme&gt; &amp; Co"
    )
    assert "The agent's reason, checked by nobody: <@U1> `code`" in words(sent["blocks"])


def test_a_summary_of_any_length_fits(chat: Chat) -> None:
    chat.request(summary="Pay " + "x" * 490, reason="y" * 5_000)
    first = chat.asked()["blocks"][0]
    assert (first["type"], len(first["text"]["text"])) == ("section", 494)


def test_everybody_asked_is_told_there_and_the_buttons_go(chat: Chat) -> None:
    request = chat.request()
    company = chat.world.company
    for member in (company.alice, company.bob):
        chat.world.vote(member, request)
    chat.send("decided")
    updates = chat.workspace.of("chat.update")
    assert sorted((each["channel"], each["ts"]) for each in updates) == sorted(
        (row.content["receipt"]["channel"], row.content["receipt"]["ts"])
        for row in chat.told("requested")
    )
    for each in updates:
        assert [block["type"] for block in each["blocks"]] == ["header", "section"]
        assert words(each["blocks"])[0] == "Approved: Pay Acme Ltd"
    told = chat.workspace.of("chat.postMessage")[-2:]
    assert [each["text"] for each in told] == ["Approved: Pay Acme Ltd"] * 2
    assert {row.status for row in chat.told("decided")} == {DeliveryStatus.SENT}


@pytest.mark.parametrize(
    ("code", "is_permanent"),
    [
        ("ratelimited", False), ("internal_error", False), ("fatal_error", False),
        ("service_unavailable", False), ("channel_not_found", True), ("user_not_found", True),
        ("is_archived", True), ("invalid_auth", True), ("token_revoked", True),
        ("missing_scope", True), ("cannot_dm_bot", True), ("invalid_blocks", True),
    ],
)  # fmt: skip
def test_what_slack_refuses_is_tried_again_or_not(code: str, is_permanent: bool) -> None:
    with running_workspace() as workspace:
        workspace.errors = [code]
        with pytest.raises(DeliveryFailure) as failed:
            call(workspace.url)
        assert isinstance(failed.value, PermanentFailure) == is_permanent
        assert failed.value.why == f"Slack answered {code}."


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_server_in_trouble_is_asked_again(status: int) -> None:
    with running_workspace() as workspace:
        workspace.statuses = [status]
        with pytest.raises(DeliveryFailure) as failed:
            call(workspace.url)
    assert type(failed.value) is DeliveryFailure
    assert (failed.value.why, failed.value.status) == (f"Slack answered {status}.", status)
    assert len(workspace.calls) == 1


def test_nobody_there_is_a_failure_without_secrets() -> None:
    with pytest.raises(DeliveryFailure) as failed:
        call("http://127.0.0.1:9/api/")
    assert failed.value.why == "Slack could not be reached: URLError."


def call(url: str) -> None:
    from django.test import override_settings

    with override_settings(SLACK_API_URL=url):
        slack.call(SECRETS, "auth.test")


def test_a_token_is_in_no_error_and_no_log(chat: Chat, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    chat.workspace.token = "xoxb-another-token-altogether"
    chat.request()
    with tenant_transaction(chat.world.company.id):
        connection = ChatConnection.objects.get()
    assert connection.last_error == "Slack answered invalid_auth."
    assert TOKEN not in caplog.text + str(connection.last_error) + repr(open_slack(connection))
    assert {row.last_error for row in chat.told("requested")} == {"Slack answered invalid_auth."}


def test_the_next_message_that_gets_through_clears_the_error(chat: Chat) -> None:
    with tenant_transaction(chat.world.company.id):
        ChatConnection.objects.update(last_error="Slack answered invalid_auth.")
    chat.request()
    with tenant_transaction(chat.world.company.id):
        assert ChatConnection.objects.get().last_error == ""


def test_one_person_who_is_gone_is_no_fault_of_the_connection(chat: Chat) -> None:
    chat.workspace.errors = ["user_not_found"]
    chat.request()
    with tenant_transaction(chat.world.company.id):
        assert ChatConnection.objects.get().last_error == ""


def test_who_cannot_be_reached_there_is_asked_on_the_next_channel(chat: Chat) -> None:
    world = chat.world
    world.submit()
    with tenant_transaction(world.company.id):
        switch_connection(
            actor=world.company.olivia, channel=NotificationChannel.SLACK, is_enabled=False
        )
    chat.send()
    assert chat.workspace.of("chat.postMessage") == []
    assert {row.last_error for row in chat.told("requested")} == {"Slack is not connected."}
    with tenant_transaction(world.company.id):
        rows = Notification.objects.filter(kind="requested", channel="email")
        assert sorted(str(row.instead_of.member) for row in rows if row.instead_of) == [
            "Alice",
            "Bob",
        ]


def test_what_was_held_comes_as_one_message_without_buttons(
    chat: Chat, move_clock: MoveClock
) -> None:
    requests = [chat.world.submit(summary=f"Pay supplier {number}") for number in range(3)]
    company = chat.world.company
    with tenant_transaction(company.id):
        Notification.objects.filter(member=company.alice).update(held_for="digest")
    move_clock(timedelta(minutes=1))
    send_notification(tenant_id=company.id, notification_id=chat.told("requested")[0].pk)
    blocks = chat.asked()["blocks"]
    assert words(blocks)[0] == "3 messages, 3 waiting for you"
    entries = [block for block in blocks if "accessory" in block]
    assert sorted(each["accessory"]["url"] for each in entries) == sorted(
        f"http://127.0.0.1:8000/t/acme/requests/{each.public_id}/" for each in requests
    )
    assert [block for block in blocks if block["type"] == "actions"] == []


def test_an_answer_that_says_nothing_calls_nobody(chat: Chat) -> None:
    before = len(chat.workspace.calls)
    slack.answer(SECRETS, Press(action="x", team="T", user="U"), Reply("nothing"))
    assert len(chat.workspace.calls) == before
