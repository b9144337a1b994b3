"""A tenant's way into Slack and Teams. What opens it is sealed, and shown to nobody again."""

import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from approvals.audit_events import chat as events
from approvals.callback_urls import require_usable_url
from approvals.enums import NotificationChannel
from approvals.models import ChatAccount, ChatConnection
from audit.actors import SYSTEM, Actor
from govapp.common.errors import FieldError, Invalid, NotFound
from govapp.common.queue import enqueue_on_commit
from govapp.common.sealing import seal, unseal
from tenants.models import Membership
from tenants.rules import may_change_settings, require

SLACK: Final = NotificationChannel.SLACK
TEAMS: Final = NotificationChannel.TEAMS
NOT_OWNER: Final = "Only owners connect chat."
_TOKEN: Final = re.compile(r"xoxb-[A-Za-z0-9-]{10,300}")
_SIGNING_SECRET: Final = re.compile(r"[A-Za-z0-9]{20,100}")
_NAME_CHARACTERS: Final = 100


@dataclass(frozen=True)
class SlackSecrets:
    """What opens a workspace. `team` is its id, empty until Slack has said it."""

    bot_token: str = field(repr=False)
    signing_secret: str = field(repr=False)
    team: str = ""


def open_slack(connection: ChatConnection) -> SlackSecrets:
    """Return what opens the workspace."""
    return SlackSecrets(**json.loads(unseal(bytes(connection.secrets_sealed))))


def open_teams(connection: ChatConnection) -> str:
    """Return the address of the workflow, which is a secret: whoever knows it can post."""
    return str(json.loads(unseal(bytes(connection.secrets_sealed)))["url"])


@transaction.atomic
def connect_slack(
    *, actor: Membership, name: str, bot_token: str = "", signing_secret: str = ""
) -> ChatConnection:
    """Connect the workspace, or change what opens it; what is empty stays as it is.

    Slack is asked afterwards which workspace the token opens; until it has answered, no button
    works. Raises `Forbidden` (needs `owner`) and `Invalid`.
    """
    require(may_change_settings(actor), NOT_OWNER)
    former = find_connection(SLACK)
    kept = open_slack(former) if former else SlackSecrets("", "")
    token, secret = bot_token or kept.bot_token, signing_secret or kept.signing_secret
    faults = []
    if not _TOKEN.fullmatch(token):
        faults.append(FieldError("/bot_token", "Paste the bot token: it begins with xoxb-."))
    if not _SIGNING_SECRET.fullmatch(secret):
        faults.append(FieldError("/signing_secret", "Paste the signing secret of the app."))
    if faults:
        raise Invalid(faults[0].detail, errors=faults)
    # The team stays until Slack answers: buttons that work go on working.
    secrets = SlackSecrets(token, secret, kept.team)
    made = _keep(actor, SLACK, name, asdict(secrets))
    enqueue_on_commit(
        "approvals.check_chat_connection", tenant_id=made.tenant_id, connection_id=made.pk
    )
    return made


@transaction.atomic
def connect_teams(*, actor: Membership, name: str, url: str = "") -> ChatConnection:
    """Connect a workflow of Teams by its address, or change it; an empty address stays.

    Raises `Forbidden` (needs `owner`) and `Invalid`.
    """
    require(may_change_settings(actor), NOT_OWNER)
    former = find_connection(TEAMS)
    address = url or (open_teams(former) if former else "")
    require_usable_url(address)
    return _keep(actor, TEAMS, name, {"url": address})


@transaction.atomic
def switch_connection(
    *, actor: Membership, channel: NotificationChannel, is_enabled: bool
) -> ChatConnection:
    """Use the connection again, or no longer; what is queued goes to the next channel."""
    require(may_change_settings(actor), NOT_OWNER)
    connection = get_connection(channel, for_update=True)
    if connection.is_enabled != is_enabled:
        connection.is_enabled = is_enabled
        connection.save(update_fields=["is_enabled"])
        what = "enabled" if is_enabled else "disabled"
        events.connection_changed(actor=actor, connection=connection, what=what)
    return connection


@transaction.atomic
def remove_connection(*, actor: Membership, channel: NotificationChannel) -> None:
    """Forget the connection with its secrets, and who is who there."""
    require(may_change_settings(actor), NOT_OWNER)
    connection = get_connection(channel, for_update=True)
    forget_accounts(channel, actor=actor.as_actor())
    events.connection_changed(actor=actor, connection=connection, what="removed")
    connection.delete()


@transaction.atomic
def note_team(*, connection_id: UUID, asked_with: str, team: str, team_name: str) -> None:
    """Keep which workspace the token `asked_with` opens, as Slack said.

    Another workspace has other people: who is who in the former one is forgotten.
    """
    connection = ChatConnection.objects.select_for_update().filter(pk=connection_id).first()
    if connection is None:
        return
    secrets = open_slack(connection)
    if secrets.bot_token != asked_with:
        return  # it was changed meanwhile, and is asked about again
    connection.last_error = ""
    if secrets.team != team:
        if secrets.team:
            forget_accounts(SLACK, actor=SYSTEM)
        known = SlackSecrets(secrets.bot_token, secrets.signing_secret, team)
        connection.secrets_sealed = _sealed(asdict(known))
        events.connection_verified(connection=connection, team=team, team_name=team_name[:100])
    connection.save(update_fields=["secrets_sealed", "last_error"])


@transaction.atomic
def note_error(*, connection_id: UUID, error: str) -> None:
    """Keep how the last call went, for the settings' page; "" for well."""
    ChatConnection.objects.filter(pk=connection_id).exclude(last_error=error[:500]).update(
        last_error=error[:500]
    )


def forget_accounts(channel: NotificationChannel, *, actor: Actor) -> None:
    """Forget who is who in a channel, each with its event."""
    rows = ChatAccount.objects.filter(channel=channel).select_related("member__user")
    for account in rows.order_by("id"):
        events.account_removed(account=account, actor=actor)
    rows.delete()


def find_connection(
    channel: NotificationChannel, *, for_update: bool = False
) -> ChatConnection | None:
    """Return the tenant's connection to a channel, if there is one."""
    rows = ChatConnection.objects.filter(channel=channel)
    return (rows.select_for_update() if for_update else rows).first()


def get_connection(channel: NotificationChannel, *, for_update: bool = False) -> ChatConnection:
    """As `find_connection`; raise `NotFound` when there is none."""
    found = find_connection(channel, for_update=for_update)
    if found is None:
        raise NotFound("This chat is not connected.")
    return found


def _keep(
    actor: Membership, channel: NotificationChannel, name: str, secrets: dict[str, Any]
) -> ChatConnection:
    name = name.strip()
    if not name or len(name) > _NAME_CHARACTERS or "\0" in name:
        fault = FieldError("/name", f"Write a name of at most {_NAME_CHARACTERS} characters.")
        raise Invalid(fault.detail, errors=[fault])
    connection = find_connection(channel, for_update=True)
    what = "changed" if connection else "created"
    if connection is None:
        connection = ChatConnection(channel=channel, created_by=actor)
    connection.name, connection.last_error = name, ""
    connection.secrets_sealed = _sealed(secrets)
    connection.save()
    events.connection_changed(actor=actor, connection=connection, what=what)
    return connection


def _sealed(secrets: dict[str, Any]) -> bytes:
    return seal(json.dumps(secrets).encode())
