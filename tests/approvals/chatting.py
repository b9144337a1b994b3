"""A company that is connected to Slack, and whose people are known there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from pytest_django.fixtures import Settings

from approvals.enums import NotificationChannel
from approvals.models import ActionRequest, ChatConnection, Notification
from approvals.services.categories import change_category
from approvals.services.chat_accounts import confirm_account, enter_account
from approvals.services.chat_checks import check_connection
from approvals.services.chat_connections import connect_slack, connect_teams
from approvals.services.contacts import save_preference
from approvals.services.sending import send_notification
from govapp.common.tenancy import tenant_transaction
from tenants.models import Membership
from tenants.services.tenants import update_settings
from tests.approvals.world import FOUR_EYES, World, make_world
from tests.support.slack import SIGNING_SECRET, TOKEN, Workspace, buttons, running_workspace

ALICE, BOB = "U0ALICE", "U0BOB"


@dataclass(frozen=True)
class Chat:
    """The company, its workspace, and the address that Slack calls."""

    world: World
    workspace: Workspace
    connection: ChatConnection

    @property
    def path(self) -> str:
        return f"/integrations/slack/{self.connection.public_id}/interactions"

    def told(self, kind: str, member: Membership | None = None) -> list[Notification]:
        """Return what was queued in chat, by person."""
        with tenant_transaction(self.world.company.id):
            rows = Notification.objects.filter(kind=kind).exclude(channel="email")
            rows = rows.filter(member=member) if member else rows
            return list(rows.select_related("member__user").order_by("member__user__email"))

    def send(self, kind: str = "requested") -> None:
        """Send what is queued of a kind."""
        for row in self.told(kind):
            send_notification(tenant_id=self.world.company.id, notification_id=row.pk)

    def asked(self, user: str = ALICE) -> dict[str, Any]:
        """Return the newest message to a person."""
        return [sent for sent in self.workspace.of("chat.postMessage") if sent["channel"] == user][
            -1
        ]

    def buttons(self, user: str = ALICE) -> dict[str, dict[str, Any]]:
        return buttons(self.asked(user)["blocks"])

    def request(self, **fields: Any) -> ActionRequest:
        """Submit, and send the questions."""
        made = self.world.submit(**fields)
        self.send()
        return made


def lenient(world: World) -> World:
    """Let low risk be decided without a login, and make payments low risk."""
    with tenant_transaction(world.company.id):
        update_settings(actor=world.company.olivia, tenant=world.company.tenant, link_voting=True)
        category = change_category(actor=world.company.carl, category=world.category, risk="low")
    return replace(world, category=category)


def prefer(world: World, channel: NotificationChannel, *members: Membership) -> None:
    """Have these people told on a channel."""
    with tenant_transaction(world.company.id):
        for member in members:
            save_preference(actor=member, channels=[channel])


@contextmanager
def connected(settings: Settings, world: World | None = None) -> Iterator[Chat]:
    """Connect a company to Slack; Alice and Bob are known there and want to be told there."""
    world = world or lenient(make_world(FOUR_EYES))
    company = world.company
    with running_workspace() as workspace:
        settings.SLACK_API_URL = workspace.url
        with tenant_transaction(company.id):
            connection = connect_slack(
                actor=company.olivia, name="Acme", bot_token=TOKEN, signing_secret=SIGNING_SECRET
            )
            for member, address in ((company.alice, ALICE), (company.bob, BOB)):
                account = enter_account(
                    actor=company.olivia,
                    member=member,
                    channel=NotificationChannel.SLACK,
                    address=address,
                )
                confirm_account(actor=member, account=account)
        check_connection(tenant_id=company.id, connection_id=connection.pk)
        prefer(world, NotificationChannel.SLACK, company.alice, company.bob)
        yield Chat(world, workspace, connection)


def connect_workflow(world: World, url: str) -> None:
    """Connect a company to Teams; Alice is known there and wants to be told there."""
    company = world.company
    with tenant_transaction(company.id):
        connect_teams(actor=company.olivia, name="Approvals", url=url)
        account = enter_account(
            actor=company.olivia,
            member=company.alice,
            channel=NotificationChannel.TEAMS,
            address="alice@acme.example",
        )
        confirm_account(actor=company.alice, account=account)
    prefer(world, NotificationChannel.TEAMS, company.alice)
