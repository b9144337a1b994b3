"""Connecting chat, and who is who there: sealed, recorded, confirmed."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from approvals.enums import NotificationChannel
from approvals.models import ChatAccount, ChatConnection, Notification
from approvals.services.chat_accounts import (
    confirm_account,
    enter_account,
    keep_found,
    remove_account,
)
from approvals.services.chat_checks import check_connection, find_accounts
from approvals.services.chat_connections import (
    connect_slack,
    connect_teams,
    find_connection,
    open_slack,
    open_teams,
    remove_connection,
)
from audit.models import LedgerEvent
from govapp.common.errors import Forbidden, Invalid
from govapp.common.tenancy import tenant_transaction
from tests.approvals.chatting import ALICE, BOB, Chat, connected
from tests.people import Company, make_company
from tests.support.recorded import read
from tests.support.slack import (
    SIGNING_SECRET,
    TEAM,
    TOKEN,
    buttons,
    deliver,
    pressed,
    running_workspace,
    words,
)

pytestmark = pytest.mark.django_db
SLACK, TEAMS = NotificationChannel.SLACK, NotificationChannel.TEAMS
OTHER_TOKEN = "xoxb-other-token-0123456789"
URL = "https://prod-1.example.com/workflows/1/triggers/manual/paths/invoke?sig=topsecretsignature"


@pytest.fixture
def company() -> Company:
    return make_company()


@pytest.fixture
def chat(settings: Settings) -> Iterator[Chat]:
    with connected(settings) as made:
        yield made


def slack(company: Company, **fields: str) -> ChatConnection:
    sent = {"name": "Acme", "bot_token": TOKEN, "signing_secret": SIGNING_SECRET} | fields
    return connect_slack(actor=company.olivia, **sent)


def events(company: Company, noun: str) -> list[tuple[str, dict[str, Any]]]:
    with tenant_transaction(company.id):
        rows = LedgerEvent.objects.filter(type__startswith=f"{noun}.").order_by("id")
        return [(row.type, read(row)["data"]) for row in rows]


def everything_recorded(company: Company) -> str:
    with tenant_transaction(company.id):
        return "".join(bytes(row.body).decode() for row in LedgerEvent.objects.all())


def test_secrets_are_sealed_and_recorded_nowhere(company: Company) -> None:
    with tenant_transaction(company.id):
        made = slack(company)
        teams = connect_teams(actor=company.olivia, name="Approvals", url=URL)
        assert open_slack(made).bot_token == TOKEN
        assert open_teams(teams) == URL
        sealed = bytes(made.secrets_sealed) + bytes(teams.secrets_sealed)
    said = everything_recorded(company) + repr(open_slack(made)) + sealed.decode("latin-1")
    for secret in (TOKEN, SIGNING_SECRET, "topsecretsignature"):
        assert secret not in said
    assert [kind for kind, _ in events(company, "chat_connection")] == [
        "chat_connection.created",
        "chat_connection.created",
    ]


def test_what_is_left_empty_stays(company: Company) -> None:
    with tenant_transaction(company.id):
        slack(company)
        connect_slack(actor=company.olivia, name="Renamed", bot_token=OTHER_TOKEN)
        found = find_connection(SLACK)
        assert found is not None
        assert (found.name, open_slack(found).bot_token) == ("Renamed", OTHER_TOKEN)
        assert open_slack(found).signing_secret == SIGNING_SECRET
        connect_teams(actor=company.olivia, name="One", url=URL)
        assert open_teams(connect_teams(actor=company.olivia, name="Two")) == URL


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"bot_token": "xoxp-1234567890-abc"}, "/bot_token"),
        ({"bot_token": "xoxb-1"}, "/bot_token"),
        ({"bot_token": TOKEN + "\n"}, "/bot_token"),
        ({"signing_secret": "short"}, "/signing_secret"),
        ({"signing_secret": "é" * 32}, "/signing_secret"),
        ({"name": " "}, "/name"),
        ({"name": "x" * 101}, "/name"),
    ],
)
def test_what_cannot_be_a_secret_is_refused_without_repeating_it(
    company: Company, fields: dict[str, str], pointer: str
) -> None:
    with tenant_transaction(company.id), pytest.raises(Invalid) as refused:
        slack(company, **fields)
    assert [each.pointer for each in refused.value.errors] == [pointer]
    value = next(iter(fields.values()))
    assert not value.strip() or value not in str(refused.value)


@pytest.mark.parametrize("url", ["", "ftp://example.com", "https://10.0.0.1/x", "https://a.b/#c"])
def test_a_workflow_has_a_public_address(company: Company, url: str) -> None:
    with tenant_transaction(company.id), pytest.raises(Invalid):
        connect_teams(actor=company.olivia, name="Approvals", url=url)


def test_only_owners_connect_and_say_who_is_who(chat: Chat) -> None:
    company = chat.world.company
    with tenant_transaction(company.id):
        account = ChatAccount.objects.select_related("member__user").get(address=BOB)
        for actor in (company.carl, company.alice, company.audrey):
            with pytest.raises(Forbidden):
                connect_slack(actor=actor, name="x", bot_token=TOKEN)
            with pytest.raises(Forbidden):
                remove_connection(actor=actor, channel=SLACK)
            with pytest.raises(Forbidden):
                confirm_account(actor=actor, account=account)
            with pytest.raises(Forbidden):
                remove_account(actor=actor, account=account)
            with pytest.raises(Forbidden):
                enter_account(actor=actor, member=actor, channel=SLACK, address="U0MINE")


def test_slack_says_which_workspace_a_token_opens(chat: Chat) -> None:
    with tenant_transaction(chat.world.company.id):
        found = ChatConnection.objects.get()
        assert open_slack(found).team == TEAM
    assert [kind for kind, _ in events(chat.world.company, "chat_connection")] == [
        "chat_connection.created",
        "chat_connection.verified",
    ]


def test_another_workspace_has_other_people(chat: Chat) -> None:
    company = chat.world.company
    chat.workspace.team = "T0OTHER"
    check_connection(tenant_id=company.id, connection_id=chat.connection.pk)
    with tenant_transaction(company.id):
        assert not ChatAccount.objects.exists()
        assert open_slack(ChatConnection.objects.get()).team == "T0OTHER"
    removed = [data["address"] for kind, data in events(company, "chat_account")
               if kind == "chat_account.removed"]  # fmt: skip
    assert sorted(removed) == [ALICE, BOB]


def test_a_token_that_slack_refuses_is_said_on_the_connection(
    company: Company, settings: Settings
) -> None:
    with running_workspace() as workspace:
        settings.SLACK_API_URL = workspace.url
        with tenant_transaction(company.id):
            made = slack(company, bot_token=OTHER_TOKEN)
        check_connection(tenant_id=company.id, connection_id=made.pk)
    with tenant_transaction(company.id):
        found = ChatConnection.objects.get()
        assert (found.last_error, open_slack(found).team) == ("Slack answered invalid_auth.", "")


def test_an_answer_about_a_former_token_is_not_kept(chat: Chat) -> None:
    from approvals.services.chat_connections import note_team

    with tenant_transaction(chat.world.company.id):
        note_team(
            connection_id=chat.connection.pk, asked_with=OTHER_TOKEN, team="T0X", team_name="X"
        )
        assert open_slack(ChatConnection.objects.get()).team == TEAM


def test_disconnecting_deletes_the_secrets_and_who_is_who(chat: Chat) -> None:
    company = chat.world.company
    with tenant_transaction(company.id):
        remove_connection(actor=company.olivia, channel=SLACK)
        assert not ChatConnection.objects.exists()
        assert not ChatAccount.objects.exists()
    assert deliver(chat.path, {"type": "x"}).status_code == 404


# Who is who


def test_the_person_is_asked_by_mail_and_confirms(chat: Chat) -> None:
    company = chat.world.company
    with tenant_transaction(company.id):
        row = Notification.objects.get(kind="alert", member=company.alice)
        assert row.channel == "email"
        assert row.content["subject"] == "Are you U0ALICE in Slack?"
    alices = [each for each in events(company, "chat_account") if each[1]["address"] == ALICE]
    assert alices == [
        ("chat_account.entered", {"channel": "slack", "address": ALICE}),
        ("chat_account.confirmed", {"channel": "slack", "address": ALICE, "how": "by_themselves"}),
    ]


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        (SLACK, ""), (SLACK, "alice"), (SLACK, "u0alice"), (SLACK, "C024BE7LH"),
        (SLACK, "U0ALICE U0BOB"), (TEAMS, ""), (TEAMS, "alice"), (TEAMS, "a b@c"),
        (TEAMS, "<at>@x.y"),
    ],
)  # fmt: skip
def test_an_address_has_the_form_of_its_chat(
    company: Company, channel: NotificationChannel, address: str
) -> None:
    with tenant_transaction(company.id), pytest.raises(Invalid):
        enter_account(actor=company.olivia, member=company.alice, channel=channel, address=address)


def test_an_address_is_one_person(chat: Chat) -> None:
    company = chat.world.company
    with tenant_transaction(company.id), pytest.raises(Invalid, match="Somebody else"):
        enter_account(actor=company.olivia, member=company.carl, channel=SLACK, address=ALICE)
    with tenant_transaction(company.id):
        assert keep_found(member=company.carl, address=ALICE) is None
        changed = enter_account(
            actor=company.olivia, member=company.alice, channel=SLACK, address="U0NEW"
        )
        assert (changed.address, ChatAccount.objects.count()) == ("U0NEW", 2)
        # Whoever holds the new address has to be asked again.
        assert changed.confirmed_at is None


def test_an_owners_word_is_not_enough(chat: Chat) -> None:
    """Whoever holds the address may vote with it: only the person says that it is theirs."""
    company = chat.world.company
    with tenant_transaction(company.id):
        account = enter_account(
            actor=company.olivia, member=company.carl, channel=SLACK, address="U0CARL"
        )
        assert account.confirmed_at is None
        for somebody in (company.olivia, company.alice):
            with pytest.raises(Forbidden):
                confirm_account(actor=somebody, account=account)
        (mail,) = Notification.objects.filter(member=company.carl, kind="alert")
        assert confirm_account(actor=company.carl, account=account).confirmed_at is not None
        own = enter_account(
            actor=company.olivia, member=company.olivia, channel=SLACK, address="U0OLIVIA"
        )
        assert own.confirmed_at is not None
    assert mail.channel == "email"
    assert [kind for kind, data in events(company, "chat_account") if data["address"] == "U0CARL"]\
        == ["chat_account.entered", "chat_account.confirmed"]  # fmt: skip


def test_people_are_looked_up_asked_and_confirm_with_a_button(chat: Chat) -> None:
    company = chat.world.company
    chat.workspace.people = {"carl@acme.example": "U0CARL", "alice@acme.example": "U0WRONG"}
    assert find_accounts(tenant_id=company.id) == 1
    looked_up = {sent["email"] for sent in chat.workspace.of("users.lookupByEmail")}
    assert "alice@acme.example" not in looked_up
    question = chat.asked("U0CARL")
    assert words(question["blocks"])[0] == "Are you this person?"
    button = buttons(question["blocks"])["This is me"]
    with tenant_transaction(company.id):
        assert ChatAccount.objects.get(member=company.carl).confirmed_at is None
    deliver(chat.path, pressed(button, user=BOB))
    with tenant_transaction(company.id):
        assert ChatAccount.objects.get(member=company.carl).confirmed_at is None
    deliver(chat.path, pressed(button, user="U0CARL"))
    with tenant_transaction(company.id):
        assert ChatAccount.objects.get(member=company.carl).confirmed_at is not None
    (update,) = chat.workspace.of("chat.update")
    assert words(update["blocks"]) == ["Confirmed", "You are Carl of Acme."]
    assert [kind for kind, data in events(company, "chat_account") if data["address"] == "U0CARL"]\
        == ["chat_account.found", "chat_account.confirmed"]  # fmt: skip


def test_whoever_did_not_answer_is_asked_again(chat: Chat) -> None:
    chat.workspace.people = {"carl@acme.example": "U0CARL"}
    company = chat.world.company
    assert [find_accounts(tenant_id=company.id) for _ in range(2)] == [1, 1]
    assert len(chat.workspace.of("chat.postMessage")) == 2
    with tenant_transaction(company.id):
        assert ChatAccount.objects.filter(member=company.carl).count() == 1


def test_a_question_about_an_account_that_was_removed_is_answered_so(chat: Chat) -> None:
    company = chat.world.company
    chat.workspace.people = {"carl@acme.example": "U0CARL"}
    find_accounts(tenant_id=company.id)
    button = buttons(chat.asked("U0CARL")["blocks"])["This is me"]
    with tenant_transaction(company.id):
        account = ChatAccount.objects.select_related("member__user").get(member=company.carl)
        remove_account(actor=company.carl, account=account)
    deliver(chat.path, pressed(button, user="U0CARL"))
    (said,) = chat.workspace.of("chat.postEphemeral")
    assert said["text"] == "Nobody asks this any more."


def test_slack_that_is_busy_stops_the_search(chat: Chat) -> None:
    chat.workspace.people = {"carl@acme.example": "U0CARL"}
    chat.workspace.errors = ["ratelimited"]
    assert find_accounts(tenant_id=chat.world.company.id) == 0
    with tenant_transaction(chat.world.company.id):
        assert ChatConnection.objects.get().last_error == "Slack answered ratelimited."
