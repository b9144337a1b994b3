"""Cards in Teams, against a workflow that takes them."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from approvals.enums import DeliveryStatus, NotificationKind
from approvals.messages import Message
from approvals.models import ChatConnection, Notification
from approvals.services.sending import send_notification
from approvals.transports.teams import write_card
from govapp.common.tenancy import tenant_transaction
from tests.approvals.chatting import connect_workflow
from tests.approvals.world import FOUR_EYES, World, make_world
from tests.support.receiver import Receiver
from tests.support.recorded import text_of
from tests.support.teams import lines, read_card, running_workflow, workflow_url

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Teams:
    world: World
    workflow: Receiver

    def send(self, kind: str = "requested") -> Notification:
        """Send what is queued for Alice, and return the row as it is then."""
        company = self.world.company
        with tenant_transaction(company.id):
            row = Notification.objects.get(kind=kind, member=company.alice, channel="teams")
        send_notification(tenant_id=company.id, notification_id=row.pk)
        with tenant_transaction(company.id):
            return Notification.objects.get(pk=row.pk)

    def error(self) -> str:
        with tenant_transaction(self.world.company.id):
            return ChatConnection.objects.get().last_error


@pytest.fixture
def teams() -> Iterator[Teams]:
    with running_workflow() as workflow:
        world = make_world(FOUR_EYES)
        connect_workflow(world, workflow_url(workflow))
        yield Teams(world, workflow)


def test_a_card_mentions_who_is_asked_and_leads_to_the_page(teams: Teams) -> None:
    request = teams.world.submit(reason="Invoice 2291 is due.")
    assert teams.send().status == DeliveryStatus.SENT
    (received,) = teams.workflow.received
    assert "sig=topsecretsignature" in received.path
    card = read_card(received.body)
    told = lines(card)
    assert told[:2] == ["Pay Acme Ltd", "Alice, your approval is needed."]
    assert "Kind: Bank transfer" in told
    assert "The agent's reason, checked by nobody: Invoice 2291 is due." in told
    assert card["msteams"]["entities"] == [
        {
            "type": "mention",
            "text": "<at>Alice</at>",
            "mentioned": {"id": "alice@acme.example", "name": "Alice"},
        }
    ]
    assert card["actions"] == [
        {
            "type": "Action.OpenUrl",
            "title": "Review in Govapp",
            "url": f"http://127.0.0.1:8000/t/acme/requests/{request.public_id}/",
        }
    ]
    assert b"/l/" not in received.body


def test_an_agents_words_are_no_markdown(teams: Teams) -> None:
    teams.world.submit(summary="[Pay](https://evil.example) **now** <at>Olivia</at>")
    teams.send()
    card = read_card(teams.workflow.received[0].body)
    (block,) = [each for each in card["body"] if each["type"] == "TextBlock"]
    assert block["text"] == "<at>Alice</at>:"
    assert lines(card)[0] == "[Pay](https://evil.example) **now** <at>Olivia</at>"


@pytest.mark.parametrize("letters", [10, 4_000])
def test_a_card_stays_within_what_teams_takes(letters: int) -> None:
    message = Message(
        ident="ntf_1", kind=NotificationKind.REQUESTED, company="Acme", title="x", heading="x",
        sentence="x", recipient="Alice", reference="ar_1", is_question=True,
        reason="é" * letters, rules=("é" * letters,) * 20, notes=("é" * letters,) * 20,
    )  # fmt: skip
    body = write_card(message, address="alice@acme.example", pages="http://127.0.0.1:8000/t/acme/")
    told = lines(read_card(body))
    assert told[:2] == ["x", "x"]
    assert ("é" * letters in told) == (letters == 10)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_workflow_that_is_gone_is_given_up_and_the_settings_say_so(
    teams: Teams, status: int
) -> None:
    teams.world.submit()
    teams.workflow.statuses = [status]
    assert teams.send().status == DeliveryStatus.FAILED
    assert teams.error() == f"Teams answered {status}."
    with tenant_transaction(teams.world.company.id):
        assert Notification.objects.filter(
            kind="requested", member=teams.world.company.alice, channel="email"
        ).exists()


@pytest.mark.parametrize("status", [302, 429, 500, 503])
def test_a_workflow_in_trouble_is_asked_again(teams: Teams, status: int) -> None:
    teams.world.submit()
    teams.workflow.statuses = [status]
    row = teams.send()
    assert (row.status, row.last_error) == (DeliveryStatus.QUEUED, f"Teams answered {status}.")
    assert len(teams.workflow.received) == 1


def test_the_address_is_in_no_error_log_or_record(
    teams: Teams, caplog: pytest.LogCaptureFixture
) -> None:
    from audit.models import LedgerEvent

    caplog.set_level(logging.INFO)
    teams.world.submit()
    teams.workflow.statuses = [404]
    row = teams.send()
    with tenant_transaction(teams.world.company.id):
        bodies = [text_of(each) for each in LedgerEvent.objects.all()]
        sealed = bytes(ChatConnection.objects.get().secrets_sealed)
    everything = "".join([caplog.text, row.last_error, teams.error(), *bodies])
    assert "topsecretsignature" not in everything
    assert str(teams.workflow.port) not in caplog.text
    assert b"topsecretsignature" not in sealed
