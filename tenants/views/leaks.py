"""A key that got into other hands: one press stops it, and the page lists what was done."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.http import urlencode
from django.utils.timezone import is_aware
from django.views.decorators.http import require_http_methods

from audit.readers import may_read
from govapp.common.errors import NotFound
from govapp.common.forms import refusals_on
from tenants import rules
from tenants.forms_keys import LeakForm
from tenants.http import PageRequest
from tenants.models import Credential
from tenants.selectors import get_agent, get_credential
from tenants.selectors.leaks import deeds_since
from tenants.services.leaks import report_leak


@require_http_methods(["GET", "HEAD", "POST"])
def leak(request: PageRequest, slug: str, agent: str, key: str) -> HttpResponse:
    """Show what was done since a moment; a POST stops the key first."""
    found = get_agent(agent)
    credential = get_credential(found, key)
    rules.require(
        rules.may_report_leak(request.membership, found),
        "Only an owner, compliance or the owner of the agent can see this.",
    )
    if request.method != "POST":
        return _page(request, credential, since=_since(request, credential))
    form = LeakForm(request.POST)
    if form.is_valid():
        with refusals_on(form):
            since = form.cleaned_data["since"]
            report_leak(
                actor=request.membership,
                credential=credential,
                since=since,
                pause=form.cleaned_data["pause"],
            )
            messages.success(request, f"The key {credential.label} is refused from now on.")
            where = reverse("key_leak", args=[slug, agent, key])
            return redirect(f"{where}?{urlencode({'since': since.isoformat()})}")
    return _page(request, credential, since=credential.created_at, bound=form)


def _since(request: PageRequest, credential: Credential) -> datetime:
    """Return the moment of the address, or when the key was issued. Raises `NotFound`."""
    text = request.GET.get("since", "")
    if not text:
        return credential.created_at
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None or not is_aware(moment):
        raise NotFound("There is no such moment.")
    return moment


def _page(
    request: PageRequest,
    credential: Credential,
    *,
    since: datetime,
    bound: LeakForm | None = None,
) -> HttpResponse:
    context = {
        "nav": "agents",
        "agent": credential.agent,
        "credential": credential,
        "since": max(since, credential.created_at),
        "deeds": deeds_since(credential, since),
        "may_read_record": may_read(request.membership),
        "form": bound or LeakForm(initial={"since": since}),
    }
    return render(request, "tenants/key_leak.html", context, status=422 if bound else 200)
