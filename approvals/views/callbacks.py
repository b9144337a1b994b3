"""Callback endpoints: where systems of the tenant hear of decisions.

A new secret is shown once, in the answer to the POST itself: it is kept nowhere in between.
"""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from approvals.forms.callbacks import EndpointForm, RotateSecretForm
from approvals.models import CallbackEndpoint
from approvals.selectors.callbacks import (
    delivery_log,
    get_delivery,
    get_endpoint,
    list_endpoints,
)
from approvals.services.callbacks import (
    change_endpoint,
    create_endpoint,
    replay_delivery,
    rotate_secret,
)
from approvals.views.common import page_links, read_cursor
from govapp.common.ids import public_id
from tenants import rules
from tenants.http import PageRequest
from tenants.views.common import flash_refusal, form_page, posted, save_or_show

_NOT_OWNER = "Only owners manage callbacks."
_NOT_READER = "Your role does not include the settings."
_FORM = "approvals/callbacks/form.html"


@require_safe
def callback_list(request: PageRequest, slug: str) -> HttpResponse:
    rules.require(rules.may_read_settings(request.membership), _NOT_READER)
    context = {
        "nav": "settings",
        "endpoints": list_endpoints(),
        "may_manage": rules.may_manage_agents(request.membership),
    }
    return render(request, "approvals/callbacks/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def callback_create(request: PageRequest, slug: str) -> HttpResponse:
    rules.require(rules.may_manage_agents(request.membership), _NOT_OWNER)
    form = EndpointForm(posted(request))

    def save() -> HttpResponse:
        made, secret = create_endpoint(actor=request.membership, **form.cleaned_data)
        return _shown_once(request, made, secret)

    return save_or_show(form, save, lambda: form_page(request, _FORM, form, nav="settings"))


@require_safe
def callback_detail(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    endpoint = get_endpoint(ident)
    rules.require(rules.may_read_settings(request.membership), _NOT_READER)
    return _endpoint_page(request, endpoint)


@require_http_methods(["GET", "HEAD", "POST"])
def callback_change(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    endpoint = get_endpoint(ident)
    rules.require(rules.may_manage_agents(request.membership), _NOT_OWNER)
    start = {"url": endpoint.url, "description": endpoint.description}
    form = EndpointForm(posted(request), initial=start)

    def save() -> HttpResponse:
        change_endpoint(actor=request.membership, endpoint=endpoint, **form.cleaned_data)
        messages.success(request, "The callback is saved.")
        return redirect("callback_detail", slug, ident)

    def show() -> HttpResponse:
        return form_page(request, _FORM, form, nav="settings", endpoint=endpoint)

    return save_or_show(form, save, show)


@require_POST
@never_cache
def callback_rotate(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    endpoint, form = get_endpoint(ident), RotateSecretForm(request.POST)
    rules.require(rules.may_manage_agents(request.membership), _NOT_OWNER)

    def save() -> HttpResponse:
        secret = rotate_secret(actor=request.membership, endpoint=endpoint, overlap=form.overlap)
        return _shown_once(request, get_endpoint(ident), secret)

    return save_or_show(form, save, lambda: _endpoint_page(request, endpoint, form))


@require_POST
def callback_switch(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Enable or disable an endpoint."""
    endpoint = get_endpoint(ident)
    wanted = request.POST.get("to") == "enabled"
    with flash_refusal(request):
        change_endpoint(actor=request.membership, endpoint=endpoint, is_enabled=wanted)
        words = "enabled" if wanted else "disabled. Nothing more is sent there"
        messages.success(request, f"The callback is {words}.")
    return redirect("callback_detail", slug, ident)


@require_POST
def delivery_replay(request: PageRequest, slug: str, ident: str, delivery: str) -> HttpResponse:
    found = get_delivery(get_endpoint(ident), delivery)
    with flash_refusal(request):
        replay_delivery(actor=request.membership, delivery=found)
        messages.success(request, "It is sent once more, with the same id.")
    return redirect("callback_detail", slug, ident)


def _shown_once(request: PageRequest, endpoint: CallbackEndpoint, secret: str) -> HttpResponse:
    context = {"nav": "settings", "endpoint": endpoint, "secret": secret}
    return render(request, "approvals/callbacks/secret.html", context)


def _endpoint_page(
    request: PageRequest, endpoint: CallbackEndpoint, bound: forms.Form | None = None
) -> HttpResponse:
    log = delivery_log(endpoint, read_cursor(request))
    context = {
        "nav": "settings",
        "endpoint": endpoint,
        "deliveries": [(public_id("msg", row.pk), row) for row in log.rows],
        "page": page_links(request, log.next_position),
        "form": bound or RotateSecretForm(),
        "may_manage": rules.may_manage_agents(request.membership),
    }
    return render(request, "approvals/callbacks/detail.html", context, status=422 if bound else 200)
