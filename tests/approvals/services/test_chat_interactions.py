"""Pressing buttons in Slack: who may, what counts, and what is refused; over signed HTTP."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django.fixtures import Settings

from approvals.enums import RequestStatus, Verdict, VoteChannel
from approvals.models import ActionRequest, ChatAccount, ChatConnection, Vote
from approvals.selectors.approvers import HAS_VOTED
from approvals.services.chat_accounts import remove_account
from approvals.services.chat_connections import switch_connection
from approvals.services.chat_interactions import NO_REASON, UNKNOWN_PERSON
from approvals.services.chat_votes import NOT_YOURS, UNREADABLE
from audit.models import LedgerEvent
from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tenants.models import Tenant
from tenants.services.people import suspend_member
from tenants.services.tenants import update_settings
from tests.approvals.chatting import ALICE, BOB, Chat, connected
from tests.conftest import MoveClock
from tests.support.slack import TEAM, deliver, encode, pressed, sign, submitted, words

pytestmark = pytest.mark.django_db
_FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def chat(settings: Settings) -> Iterator[Chat]:
    with connected(settings) as made:
        yield made


def votes(chat: Chat) -> list[tuple[str, str, str, str]]:
    with tenant_transaction(chat.world.company.id):
        rows = Vote.objects.select_related("member__user").order_by("cast_at")
        return [(str(row.member), row.verdict, row.channel, row.reason) for row in rows]


def status(chat: Chat, request: ActionRequest) -> str:
    with tenant_transaction(chat.world.company.id):
        return ActionRequest.objects.get(pk=request.pk).status


def said(chat: Chat) -> list[str]:
    """Return what only the person who pressed saw."""
    return [sent["text"] for sent in chat.workspace.of("chat.postEphemeral")]


def press(chat: Chat, button: dict[str, Any], user: str = ALICE, **more: Any) -> int:
    status_code: int = deliver(chat.path, pressed(button, user=user, **more)).status_code
    return status_code


# Deciding


def test_two_people_approve_in_slack(chat: Chat) -> None:
    request = chat.request()
    assert press(chat, chat.buttons(ALICE)["Approve"]) == 200
    assert status(chat, request) == RequestStatus.PENDING
    (first,) = chat.workspace.of("chat.update")
    assert (first["channel"], first["ts"]) == ("D1", "1700000000.000001")
    assert words(first["blocks"]) == [
        "Pay Acme Ltd",
        "You approved this. More people have to agree.",
    ]
    assert [block["type"] for block in first["blocks"]] == ["header", "section"]
    assert press(chat, chat.buttons(BOB)["Approve"], BOB) == 200
    assert status(chat, request) == RequestStatus.APPROVED
    assert votes(chat) == [
        ("Alice", Verdict.APPROVE, VoteChannel.SLACK, ""),
        ("Bob", Verdict.APPROVE, VoteChannel.SLACK, ""),
    ]
    with tenant_transaction(chat.world.company.id):
        vote = Vote.objects.earliest("cast_at")
    assert (vote.payload_digest, vote.request_version) == (
        request.payload_digest,
        request.version,
    )


def test_a_denial_asks_why_first(chat: Chat) -> None:
    request = chat.request()
    assert press(chat, chat.buttons()["Deny…"]) == 200
    assert status(chat, request) == RequestStatus.PENDING
    (asked,) = chat.workspace.of("views.open")
    assert asked["trigger_id"].startswith("12321423423.")
    view = asked["view"]
    empty = deliver(chat.path, submitted(view, None, user=ALICE))
    assert (empty.status_code, empty.json()) == (
        200,
        {"response_action": "errors", "errors": {"reason": NO_REASON}},
    )
    assert votes(chat) == []
    done = deliver(chat.path, submitted(view, "The account is not theirs.", user=ALICE))
    assert (done.status_code, done.content) == (200, b"")
    assert status(chat, request) == RequestStatus.DENIED
    assert votes(chat) == [("Alice", Verdict.DENY, VoteChannel.SLACK, "The account is not theirs.")]
    (update,) = chat.workspace.of("chat.update")
    assert (update["channel"], update["ts"]) == ("D1", "1700000000.000001")
    assert words(update["blocks"])[1].startswith("You denied this. This request has been denied by")


def test_a_form_is_as_good_as_its_button_and_no_better(chat: Chat) -> None:
    """Somebody else's form, and an approval in the form's clothes, decide nothing."""
    request = chat.request()
    approve = chat.buttons()["Approve"]
    press(chat, chat.buttons()["Deny…"])
    view = chat.workspace.of("views.open")[0]["view"]
    theirs = deliver(chat.path, submitted(view, "no", user=BOB))
    assert theirs.json()["errors"] == {"reason": NOT_YOURS}
    kept = json.loads(view["private_metadata"]) | {"value": approve["value"]}
    disguised = {**view, "private_metadata": json.dumps(kept)}
    answer = deliver(chat.path, submitted(disguised, "no", user=ALICE))
    assert answer.json()["errors"] == {"reason": UNREADABLE}
    assert (status(chat, request), votes(chat)) == (RequestStatus.PENDING, [])


def test_a_vote_that_comes_too_late_says_how_it_ended(chat: Chat) -> None:
    request = chat.request()
    button = chat.buttons()["Approve"]
    chat.world.vote(chat.world.company.bob, request, Verdict.DENY)
    press(chat, button)
    (update,) = chat.workspace.of("chat.update")
    assert words(update["blocks"])[1].startswith("This request has been denied by Bob on ")
    assert len(votes(chat)) == 1


def test_after_the_deadline_nothing_counts(chat: Chat, move_clock: MoveClock) -> None:
    request = chat.request()
    button = chat.buttons()["Approve"]
    move_clock(timedelta(hours=4))
    press(chat, button)
    (update,) = chat.workspace.of("chat.update")
    assert words(update["blocks"])[1].startswith("The time to decide ended at ")
    assert (status(chat, request), votes(chat)) == (RequestStatus.PENDING, [])


def test_a_second_press_is_no_second_vote_and_is_recorded(chat: Chat) -> None:
    chat.request()
    button = chat.buttons()["Approve"]
    press(chat, button)
    press(chat, button)
    assert words(chat.workspace.of("chat.update")[1]["blocks"])[1] == HAS_VOTED
    assert len(votes(chat)) == 1
    with tenant_transaction(chat.world.company.id):
        assert LedgerEvent.objects.filter(type="vote.refused").count() == 1


# Who


def test_somebody_else_sees_a_refusal_and_decides_nothing(chat: Chat) -> None:
    request = chat.request()
    button = chat.buttons(ALICE)["Approve"]
    press(chat, button, BOB)
    press(chat, button, "U0NOBODY")
    assert said(chat) == [NOT_YOURS, UNKNOWN_PERSON]
    assert [sent["user"] for sent in chat.workspace.of("chat.postEphemeral")] == [BOB, "U0NOBODY"]
    assert (status(chat, request), votes(chat)) == (RequestStatus.PENDING, [])


@pytest.mark.parametrize("change", ["unconfirmed", "removed", "suspended"])
def test_whoever_is_not_known_any_more_decides_nothing(chat: Chat, change: str) -> None:
    chat.request()
    button = chat.buttons()["Approve"]
    company = chat.world.company
    with tenant_transaction(company.id):
        account = ChatAccount.objects.select_related("member__user").get(address=ALICE)
        if change == "unconfirmed":
            ChatAccount.objects.filter(pk=account.pk).update(confirmed_at=None)
        elif change == "removed":
            remove_account(actor=company.alice, account=account)
        else:
            suspend_member(actor=company.olivia, member=company.alice)
    press(chat, button)
    assert (said(chat), votes(chat)) == ([UNKNOWN_PERSON], [])


@pytest.mark.parametrize("team", ["T0OTHER", ""])
def test_another_workspace_with_the_same_app_is_refused(chat: Chat, team: str) -> None:
    chat.request()
    press(chat, chat.buttons()["Approve"], team=team)
    assert votes(chat) == []


def test_a_value_of_our_own_making_only(chat: Chat) -> None:
    chat.request()
    button = chat.buttons()["Approve"]
    for value in ("", "x", button["value"][:-1], button["value"].replace(":", ".", 1), "é" * 99):
        press(chat, button | {"value": value})
    assert set(said(chat)) == {UNREADABLE}
    assert votes(chat) == []


def test_a_button_for_approving_does_not_deny_and_the_other_way_round(chat: Chat) -> None:
    chat.request()
    approve, deny = chat.buttons()["Approve"], chat.buttons()["Deny…"]
    press(chat, approve | {"value": deny["value"]})
    press(chat, deny | {"value": approve["value"]})
    assert (said(chat), votes(chat)) == ([UNREADABLE] * 2, [])


def test_what_needs_a_login_by_now_is_not_decided(chat: Chat) -> None:
    chat.request()
    button = chat.buttons()["Approve"]
    with tenant_transaction(chat.world.company.id):
        tenant = Tenant.objects.get()
        update_settings(actor=chat.world.company.olivia, tenant=tenant, link_voting=False)
    press(chat, button)
    assert said(chat) == ["This cannot be decided in Slack any more; open it in Govapp."]
    assert votes(chat) == []


# The call itself


def test_a_call_is_answered_once(chat: Chat) -> None:
    chat.request()
    body = encode(pressed(chat.buttons()["Approve"], user=ALICE))
    headers = sign(body)
    client = Client(enforce_csrf_checks=True)
    first, second = (
        client.post(chat.path, body, content_type=_FORM, headers=headers) for _ in range(2)
    )
    assert (first.status_code, second.status_code) == (200, 401)
    assert second.content == b"This call was answered already."
    assert len(votes(chat)) == 1


@pytest.mark.parametrize("seconds", [-301, 301, -86_400])
def test_an_old_signature_is_refused(chat: Chat, seconds: int) -> None:
    chat.request()
    body = encode(pressed(chat.buttons()["Approve"], user=ALICE))
    headers = sign(body, at=int(clock.now().timestamp()) + seconds)
    answer = Client().post(chat.path, body, content_type=_FORM, headers=headers)
    assert (answer.status_code, votes(chat)) == (401, [])


def test_the_age_is_that_of_the_databases_clock(chat: Chat, move_clock: MoveClock) -> None:
    chat.request()
    body = encode(pressed(chat.buttons()["Approve"], user=ALICE))
    headers = sign(body)
    move_clock(timedelta(minutes=6))
    answer = Client().post(chat.path, body, content_type=_FORM, headers=headers)
    assert (answer.status_code, votes(chat)) == (401, [])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Slack-Signature": "v0=00"},
        {"X-Slack-Request-Timestamp": "0", "X-Slack-Signature": ""},
        {"X-Slack-Request-Timestamp": "now", "X-Slack-Signature": "v0=00"},
        {"X-Slack-Request-Timestamp": "٣" * 10, "X-Slack-Signature": "v0=00"},
        {"X-Slack-Request-Timestamp": "9" * 400, "X-Slack-Signature": "v0=00"},
        {"X-Slack-Request-Timestamp": "1", "X-Slack-Signature": "v0=é"},
    ],
)
def test_what_nobody_signed_is_refused(chat: Chat, headers: dict[str, str]) -> None:
    body = encode({"type": "block_actions"})
    answer = Client().post(chat.path, body, content_type=_FORM, headers=headers)
    assert (answer.status_code, answer.content) == (401, b"The signature is not valid.")


def test_a_signature_of_another_secret_or_body_is_refused(chat: Chat) -> None:
    chat.request()
    body = encode(pressed(chat.buttons()["Approve"], user=ALICE))
    for signed in (sign(body, "0" * 32), sign(body + b"x")):
        answer = Client().post(chat.path, body, content_type=_FORM, headers=signed)
        assert answer.status_code == 401
    assert votes(chat) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"payload=", b"payload=[]", b"payload=%7B%7D", b"payload=null", b"payload=%FF", b"x=1",
     b"payload=%7B%22type%22%3A%22block_actions%22%7D",
     b"payload=%7B%22type%22%3A%22view_submission%22%2C%22view%22%3A3%7D"],
)  # fmt: skip
def test_what_is_signed_and_no_interaction_is_answered_with_400(chat: Chat, body: bytes) -> None:
    answer = Client().post(chat.path, body, content_type=_FORM, headers=sign(body))
    assert (answer.status_code, answer.content) == (400, b"This is no interaction of Slack.")


def test_a_body_that_is_no_text_is_refused(chat: Chat) -> None:
    answer = Client().post(chat.path, b"\xff", content_type=_FORM, headers=sign(b"\xff"))
    assert answer.status_code == 401


def test_what_we_do_not_know_is_answered_and_does_nothing(chat: Chat) -> None:
    before = len(chat.workspace.calls)
    for payload in (
        {"type": "message_action", "team": {"id": TEAM}, "user": {"id": ALICE}},
        pressed({"type": "button", "action_id": "open_ntf_1", "value": ""}, user=ALICE),
    ):
        assert deliver(chat.path, payload).status_code == 200
    assert len(chat.workspace.calls) == before


def test_a_connection_that_is_off_or_of_a_suspended_account_is_not_there(chat: Chat) -> None:
    company = chat.world.company
    payload = pressed({"type": "button", "action_id": "x", "value": ""}, user=ALICE)
    assert deliver(chat.path, payload).status_code == 200
    with tenant_transaction(company.id):
        Tenant.objects.update(is_suspended=True)
    assert deliver(chat.path, payload | {"n": 1}).status_code == 404
    with tenant_transaction(company.id):
        Tenant.objects.update(is_suspended=False)
        switch_connection(
            actor=company.olivia,
            channel=ChatConnection.objects.get().channel,  # type: ignore[arg-type]
            is_enabled=False,
        )
    assert deliver(chat.path, payload | {"n": 2}).status_code == 404


@pytest.mark.parametrize("ident", ["chat_" + "0" * 26, "x", "ar_" + "0" * 26])
def test_an_address_of_no_connection_is_not_found(chat: Chat, ident: str) -> None:
    answer = deliver(f"/integrations/slack/{ident}/interactions", {"type": "block_actions"})
    assert answer.status_code == 404


def test_looking_at_the_address_does_nothing(chat: Chat) -> None:
    client = Client()
    assert [getattr(client, verb)(chat.path).status_code for verb in ("get", "head")] == [405, 405]


def test_a_large_body_is_not_read(chat: Chat) -> None:
    body = b"payload=" + b"x" * 300_000
    answer = Client().post(chat.path, body, content_type=_FORM, headers=sign(body))
    assert answer.status_code == 413


def test_slack_not_answering_undoes_no_vote(chat: Chat) -> None:
    request = chat.request()
    chat.workspace.errors = ["message_not_found"]
    assert press(chat, chat.buttons()["Approve"]) == 200
    assert [verdict for _, verdict, _, _ in votes(chat)] == [Verdict.APPROVE]
    assert status(chat, request) == RequestStatus.PENDING


def test_two_companies_do_not_decide_for_each_other(chat: Chat, settings: Settings) -> None:
    """A signed button of one company, delivered to the other under its own signature."""
    from tests.approvals.chatting import lenient
    from tests.approvals.world import FOUR_EYES, make_world

    request = chat.request()
    button = chat.buttons()["Approve"]
    with connected(settings, lenient(make_world(FOUR_EYES, "globex"))) as other:
        assert press(other, button) == 200
        assert said(other) == [NOT_YOURS]
    assert (status(chat, request), votes(chat)) == (RequestStatus.PENDING, [])
    cache.clear()
