"""Callback endpoints: where systems of the tenant hear of decisions."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from approvals.forms import EndpointForm, RotateSecretForm
from approvals.models import CallbackEndpoint
from approvals.selectors.endpoints import find_endpoint, list_endpoints, read_endpoint
from approvals.services.callbacks import change_endpoint, create_endpoint, rotate_secret
from approvals.views.common import page_links, read_cursor
from govapp.common.forms import refusals_on
from tenants import rules
from tenants.http import PageRequest
from tenants.views.common import flash_refusal, posted

_NOT_OWNER = "Only owners manage callbacks."
_NOT_READER = "Only owners, compliance and auditors see the callbacks."


@require_safe
def endpoint_list(request: PageRequest, slug: str) -> HttpResponse:
    rules.require(rules.may_read_settings(request.membership), _NOT_READER)
    context = {
        "nav": "settings",
        "endpoints": list_endpoints(),
        "may_manage": rules.may_manage_agents(request.membership),
    }
    return render(request, "approvals/endpoint_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def endpoint_create(request: PageRequest, slug: str) -> HttpResponse:
    """Register an address; its secret is in this answer and nowhere else."""
    rules.require(rules.may_manage_agents(request.membership), _NOT_OWNER)
    form = EndpointForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            made, secret = create_endpoint(actor=request.membership, **form.cleaned_data)
            return _secret_page(request, made, secret)
    status = 422 if request.method == "POST" else 200
    return render(
        request, "approvals/endpoint_form.html", {"nav": "settings", "form": form}, status=status
    )


@require_safe
def endpoint_detail(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    rules.require(rules.may_read_settings(request.membership), _NOT_READER)
    return _endpoint_page(request, ident)


@require_POST
def endpoint_rotate(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    found, form = find_endpoint(ident), RotateSecretForm(request.POST)
    rules.require(rules.may_manage_agents(request.membership), _NOT_OWNER)
    if form.is_valid():
        with refusals_on(form):
            secret = rotate_secret(actor=request.membership, endpoint=found, overlap=form.overlap)
            return _secret_page(request, found, secret)
    return _endpoint_page(request, ident, form)


@require_POST
def endpoint_switch(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Enable or disable an endpoint."""
    found = find_endpoint(ident)
    wanted = request.POST.get("to") == "enabled"
    with flash_refusal(request):
        change_endpoint(actor=request.membership, endpoint=found, is_enabled=wanted)
        words = "enabled" if wanted else "disabled. Nothing more is sent there"
        messages.success(request, f"The callback is {words}.")
    return redirect("endpoint_detail", slug, ident)


def _secret_page(request: PageRequest, endpoint: CallbackEndpoint, secret: str) -> HttpResponse:
    context = {"nav": "settings", "endpoint": endpoint, "secret": secret}
    response = render(request, "approvals/endpoint_secret.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _endpoint_page(
    request: PageRequest, ident: str, bound: RotateSecretForm | None = None
) -> HttpResponse:
    shown = read_endpoint(ident, read_cursor(request))
    context = {
        "nav": "settings",
        "endpoint": shown.endpoint,
        "deliveries": shown.log.rows,
        "page": page_links(request, shown.log.next_position),
        "form": bound or RotateSecretForm(),
        "may_manage": rules.may_manage_agents(request.membership),
    }
    status = 422 if bound else 200
    return render(request, "approvals/endpoint_detail.html", context, status=status)
