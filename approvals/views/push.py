"""One's own devices and names in chat; and the worker that shows messages in a browser."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from csp.decorators import csp_replace
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from approvals.devices import device_name
from approvals.enums import NotificationChannel
from approvals.selectors.chat import accounts_of, devices_of, get_account, get_device
from approvals.services.chat_accounts import confirm_account, remove_account
from approvals.services.direct_messages import queue_direct
from approvals.services.push_subscriptions import subscribe, unsubscribe
from approvals.vapid import public_key
from govapp.common import clock
from govapp.common.errors import NotFound
from tenants.http import PageRequest
from tenants.views.common import flash_refusal

_WORKER: Final = Path("govapp", "static", "govapp", "sw.js")


@require_safe
# The script of this page registers a worker, whose address is code to a browser that knows
# Trusted Types: it has a policy of its own, which lets one address through.
@csp_replace({"trusted-types": ["govapp-worker"]})  # type: ignore[arg-type]
def devices(request: PageRequest, slug: str) -> HttpResponse:
    """Show in which browsers and chats this person is told."""
    rows = list(devices_of(request.membership))
    context = {
        "nav": "",
        "devices": [(row, _mark(row.endpoint)) for row in rows],
        "accounts": accounts_of(request.membership),
        "public_key": public_key(),
    }
    return render(request, "approvals/chat/devices.html", context)


@require_POST
def device_add(request: PageRequest, slug: str) -> HttpResponse:
    """Tell this person in the browser that sent this."""
    with flash_refusal(request):
        subscribe(
            actor=request.membership,
            endpoint=request.POST.get("endpoint", ""),
            p256dh=request.POST.get("p256dh", ""),
            auth=request.POST.get("auth", ""),
            device=device_name(request.headers.get("user-agent", "")),
        )
        messages.success(request, "You are told in this browser from now on.")
    return redirect("devices", slug)


@require_POST
def device_remove(request: PageRequest, slug: str, device: str) -> HttpResponse:
    """Tell this person in a browser no longer."""
    found = get_device(request.membership, device)
    unsubscribe(actor=request.membership, subscription=found)
    messages.success(request, f"You are told on this device no longer: {found.device}.")
    return redirect("devices", slug)


@require_POST
def device_test(request: PageRequest, slug: str) -> HttpResponse:
    """Send this person a message on all their devices."""
    if not devices_of(request.membership).exists():
        messages.error(request, "Add a device first.")
        return redirect("devices", slug)
    queue_direct(
        member=request.membership,
        channel=NotificationChannel.PUSH,
        subject="A test message from Govapp",
        text=f"{request.tenant.name} can reach you here.",
        dedup_key=f"push-test:{clock.now().isoformat()}",
    )
    messages.success(request, "A test message is on its way to your devices.")
    return redirect("devices", slug)


@require_POST
def account_confirm(request: PageRequest, slug: str, account: str) -> HttpResponse:
    """Say that an address in chat is oneself."""
    found = get_account(account)
    if found.member_id != request.membership.pk:
        raise NotFound("There is no such account here.")
    confirm_account(actor=request.membership, account=found)
    messages.success(request, f"You can be asked in {found.get_channel_display()} now.")
    return redirect("devices", slug)


@require_POST
def account_leave(request: PageRequest, slug: str, account: str) -> HttpResponse:
    """Be reached in a chat no longer."""
    found = get_account(account)
    if found.member_id != request.membership.pk:
        raise NotFound("There is no such account here.")
    remove_account(actor=request.membership, account=found)
    messages.success(request, f"You are not reached in {found.get_channel_display()} any more.")
    return redirect("devices", slug)


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """Serve the worker from the root, so that it may open every page; browsers ask again."""
    response = HttpResponse(_worker(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    response["Service-Worker-Allowed"] = "/"
    return response


@cache
def _worker() -> bytes:
    return (Path(settings.BASE_DIR) / _WORKER).read_bytes()


def _mark(endpoint: str) -> str:
    """Return by what a browser recognises itself: the address is a secret, its digest is none."""
    return hashlib.sha256(endpoint.encode()).hexdigest()
