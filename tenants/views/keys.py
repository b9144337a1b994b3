"""An agent's keys: issued and rotated keys are shown once, in the answer to the POST itself.

A redirect would have to keep the key somewhere in between, and it is kept nowhere.
"""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from govapp.common import clock
from govapp.common.forms import refusals_on
from tenants import rules
from tenants.forms import RotateForm
from tenants.forms_keys import KeyForm, LeakForm
from tenants.http import PageRequest
from tenants.models import Agent, Credential
from tenants.selectors import EXPIRES_SOON, get_agent, get_credential, refusals_of
from tenants.services.credentials import issue_credential, revoke_credential, rotate_credential
from tenants.views.agent_page import KEYS, agent_page, to_agent
from tenants.views.common import flash_refusal

_NOT_OWNER = "Only an owner can manage keys."


@require_POST
@never_cache
def issue(request: PageRequest, slug: str, agent: str) -> HttpResponse:
    found, form = get_agent(agent), KeyForm(request.POST)
    rules.require(rules.may_manage_agents(request.membership), _NOT_OWNER)
    if form.is_valid():
        with refusals_on(form):
            credential, text = issue_credential(
                actor=request.membership,
                agent=found,
                label=form.cleaned_data["label"],
                lifetime=form.lifetime,
                limits=form.limits,
            )
            return _shown_once(request, found, credential, text)
    return agent_page(request, found, key_form=form)


@require_safe
def key(request: PageRequest, slug: str, agent: str, key: str) -> HttpResponse:
    found = get_agent(agent)
    credential = get_credential(found, key)
    rules.require(
        rules.may_report_leak(request.membership, found),
        "Only an owner, compliance or the owner of the agent can see its keys.",
    )
    return _key_page(request, found, credential)


@require_POST
@never_cache
def rotate(request: PageRequest, slug: str, agent: str, key: str) -> HttpResponse:
    found, form = get_agent(agent), RotateForm(request.POST)
    old = get_credential(found, key)
    rules.require(rules.may_manage_agents(request.membership), _NOT_OWNER)
    if form.is_valid():
        with refusals_on(form):
            credential, text = rotate_credential(
                actor=request.membership, credential=old, overlap=form.overlap
            )
            return _shown_once(request, found, credential, text)
    return _key_page(request, found, old, form)


@require_POST
def revoke(request: PageRequest, slug: str, agent: str, key: str) -> HttpResponse:
    credential = get_credential(get_agent(agent), key)
    with flash_refusal(request):
        revoke_credential(actor=request.membership, credential=credential)
        messages.success(request, f"The key {credential.label} is refused from now on.")
    return to_agent(slug, agent, KEYS)


def _key_page(
    request: PageRequest, agent: Agent, credential: Credential, bound: RotateForm | None = None
) -> HttpResponse:
    until = date_format(localtime(credential.expires_at), "j F Y, H:i")
    context = {
        "nav": "agents",
        "agent": agent,
        "credential": credential,
        "lead": f"A key of {agent.name}, until {until}.",
        "form": bound or RotateForm(),
        "leak_form": LeakForm(initial={"since": credential.created_at}),
        "refusals": refusals_of(credential),
        "expires_soon": credential.expires_at - clock.now() < EXPIRES_SOON,
        "may_manage": rules.may_manage_agents(request.membership),
    }
    return render(request, "tenants/key_detail.html", context, status=422 if bound else 200)


def _shown_once(
    request: PageRequest, agent: Agent, credential: Credential, text: str
) -> HttpResponse:
    context = {"nav": "agents", "agent": agent, "credential": credential, "text": text}
    return render(request, "tenants/key_issued.html", context)
