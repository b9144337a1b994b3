"""Connecting Slack and Teams, and who is who there: owners; those who check may read it."""

from typing import Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from approvals.enums import NotificationChannel
from approvals.forms.chat import AccountForm, ConnectionForm, SlackForm, TeamsForm
from approvals.models import ChatConnection
from approvals.selectors.chat import chat_target, connections, get_account, who_is_who
from approvals.services import chat_accounts, chat_connections
from approvals.services.chat_connections import NOT_OWNER, SLACK, TEAMS
from approvals.services.direct_messages import queue_direct
from govapp.common import clock
from govapp.common.errors import NotFound
from govapp.common.forms import refusals_on
from tenants import rules
from tenants.http import PageRequest
from tenants.selectors import active_members
from tenants.views.common import flash_refusal, posted

_NOT_READER: Final = "Your role does not include the settings."
_PAGE_OR_POST: Final = ["GET", "HEAD", "POST"]
_FORMS: Final[dict[NotificationChannel, type[ConnectionForm]]] = {
    SLACK: SlackForm,
    TEAMS: TeamsForm,
}


@require_safe
def chat_settings(request: PageRequest, slug: str) -> HttpResponse:
    """Show what is connected, and who is who."""
    rules.require(rules.may_read_settings(request.membership), _NOT_READER)
    found = connections()
    slack = found.get(SLACK)
    context = {
        "nav": "settings",
        "slack": slack,
        "slack_team": chat_connections.open_slack(slack).team if slack else "",
        "slack_url": interactions_url(slack) if slack else "",
        "teams": found.get(TEAMS),
        "people": who_is_who(),
        "may_manage": rules.may_change_settings(request.membership),
    }
    return render(request, "approvals/chat/settings.html", context)


@require_http_methods(_PAGE_OR_POST)
@never_cache
def chat_connect(request: PageRequest, slug: str, channel: str) -> HttpResponse:
    """Connect a chat, or change what opens it."""
    wanted = _channel(channel)
    rules.require(rules.may_change_settings(request.membership), NOT_OWNER)
    former = chat_connections.find_connection(wanted)
    form = _FORMS[wanted](
        posted(request),
        is_new=former is None,
        initial={"name": former.name if former else request.tenant.name},
    )
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            if wanted == SLACK:
                chat_connections.connect_slack(actor=request.membership, **form.cleaned_data)
            else:
                chat_connections.connect_teams(actor=request.membership, **form.cleaned_data)
            messages.success(request, f"{wanted.label} is saved.")
            return redirect("chat_settings", slug)
    context = {"nav": "settings", "form": form, "channel": wanted, "connection": former}
    status = 422 if request.method == "POST" else 200
    return render(request, "approvals/chat/connect.html", context, status=status)


@require_POST
def chat_switch(request: PageRequest, slug: str, channel: str) -> HttpResponse:
    """Use a connection, or no longer."""
    wanted = request.POST.get("to") == "enabled"
    chosen = _channel(channel)
    chat_connections.switch_connection(actor=request.membership, channel=chosen, is_enabled=wanted)
    words = "is used again" if wanted else "is switched off. People are told by e-mail instead"
    messages.success(request, f"{chosen.label} {words}.")
    return redirect("chat_settings", slug)


@require_POST
def chat_remove(request: PageRequest, slug: str, channel: str) -> HttpResponse:
    """Forget a connection with its secrets."""
    chosen = _channel(channel)
    chat_connections.remove_connection(actor=request.membership, channel=chosen)
    messages.success(request, f"{chosen.label} is disconnected; its secrets are deleted.")
    return redirect("chat_settings", slug)


@require_POST
def chat_test(request: PageRequest, slug: str, channel: str) -> HttpResponse:
    """Send whoever asks a message, the way all messages go."""
    chosen, actor = _channel(channel), request.membership
    chat_connections.get_connection(chosen)
    rules.require(rules.may_change_settings(actor), NOT_OWNER)
    try:
        chat_target(actor, chosen)
    except NotFound as failure:
        messages.error(request, f"Nothing was sent. {failure.detail} Say below who you are there.")
        return redirect("chat_settings", slug)
    queue_direct(
        member=actor,
        channel=chosen,
        subject="A test message from Govapp",
        text=f"{request.tenant.name} can reach you here.",
        dedup_key=f"chat-test:{chosen}:{clock.now().isoformat()}",
    )
    messages.success(request, f"A test message is on its way to you in {chosen.label}.")
    return redirect("chat_settings", slug)


@require_http_methods(_PAGE_OR_POST)
def account_enter(request: PageRequest, slug: str) -> HttpResponse:
    """Say who somebody is in chat."""
    rules.require(rules.may_change_settings(request.membership), NOT_OWNER)
    members = list(active_members())
    start = {"member": request.GET.get("member", ""), "channel": request.GET.get("channel", "")}
    form = AccountForm(posted(request), members=members, channels=connections(), initial=start)
    if request.method == "POST" and form.is_valid():
        by_id = {member.public_id: member for member in members}
        with refusals_on(form):
            account = chat_accounts.enter_account(
                actor=request.membership,
                member=by_id[form.cleaned_data["member"]],
                channel=NotificationChannel(form.cleaned_data["channel"]),
                address=form.cleaned_data["address"],
            )
            where = account.get_channel_display()
            words = f"{account.member} is {account.address} in {where}."
            if account.confirmed_at is None:
                words = f"{account.member} is asked whether they are {account.address} in {where}."
            messages.success(request, words)
            return redirect("chat_settings", slug)
    status = 422 if request.method == "POST" else 200
    context = {"nav": "settings", "form": form}
    return render(request, "approvals/chat/account.html", context, status=status)


@require_POST
def accounts_find(request: PageRequest, slug: str) -> HttpResponse:
    """Look everybody up in Slack by their e-mail address."""
    with flash_refusal(request):
        chat_accounts.ask_for_accounts(actor=request.membership)
        messages.success(
            request,
            "Slack is asked for everybody's e-mail address. Whoever it knows is asked there to"
            " confirm with one button.",
        )
    return redirect("chat_settings", slug)


@require_POST
def account_remove(request: PageRequest, slug: str, account: str) -> HttpResponse:
    """Forget who somebody is in chat."""
    found = get_account(account)
    rules.require(rules.may_change_settings(request.membership), chat_accounts.NOT_OWNER)
    chat_accounts.remove_account(actor=request.membership, account=found)
    messages.success(request, f"{found.member} is not reached there any more.")
    return redirect("chat_settings", slug)


def interactions_url(connection: ChatConnection) -> str:
    """Return the address that the app in Slack has to be given."""
    return f"{settings.BASE_URL}/integrations/slack/{connection.public_id}/interactions"


def _channel(name: str) -> NotificationChannel:
    if name not in _FORMS:
        raise NotFound("There is no such chat.")
    return NotificationChannel(name)
