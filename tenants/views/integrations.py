"""Integrations: the list, one with its grants, secret, use and alerts; registering and changing."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from govapp.common import clock
from govapp.common.forms import refusals_on
from tenants import rules
from tenants.enums import IntegrationKind
from tenants.forms import ReasonForm
from tenants.forms_integrations import (
    GrantForm,
    IntegrationForm,
    RevokeForm,
    RotateSecretForm,
    SecretForm,
)
from tenants.http import PageRequest
from tenants.models import Integration
from tenants.selectors.integrations import (
    EXPIRES_SOON,
    get_integration,
    integrations,
    page_of_integration,
)
from tenants.services.integration_checks import ask_check
from tenants.services.integrations import (
    activate_integration,
    change_integration,
    register_integration,
    resume_integration,
    revoke_integration,
    suspend_integration,
)
from tenants.views.common import flash_refusal, posted

_NOT_OWNER = "Only an owner can manage integrations."
_NOT_READER = "Your role does not include the integrations."


@require_safe
def integration_list(request: PageRequest, slug: str) -> HttpResponse:
    rules.require(rules.may_read_integrations(request.membership), _NOT_READER)
    context = {
        "nav": "integrations",
        "integrations": integrations(),
        "may_manage": rules.may_manage_integrations(request.membership),
    }
    return render(request, "tenants/integrations/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def register(request: PageRequest, slug: str) -> HttpResponse:
    rules.require(rules.may_manage_integrations(request.membership), _NOT_OWNER)
    start = {"owner": request.membership.pk}
    form = IntegrationForm(posted(request), initial=start, is_new=True)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            made = register_integration(actor=request.membership, **form.cleaned_data)
            ask_check(actor=request.membership, integration=made)
            messages.success(request, f"{made.name} is registered, and is being checked.")
            return redirect("integration_detail", slug, made.public_id)
    return _form_page(request, form, None)


@require_safe
def integration(request: PageRequest, slug: str, integration: str) -> HttpResponse:
    found = get_integration(integration)
    rules.require(rules.may_read_integrations(request.membership), _NOT_READER)
    return integration_page(request, found)


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: PageRequest, slug: str, integration: str) -> HttpResponse:
    found = get_integration(integration)
    rules.require(rules.may_manage_integrations(request.membership), _NOT_OWNER)
    form = IntegrationForm(
        posted(request),
        initial=IntegrationForm.values_of(found),
        is_new=False,
        kind=found.kind,
    )
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            changed = change_integration(
                actor=request.membership, integration=found, **form.cleaned_data
            )
            messages.success(request, f"{changed.name} is saved.")
            if not changed.check_passed:
                ask_check(actor=request.membership, integration=changed)
            return redirect("integration_detail", slug, integration)
    return _form_page(request, form, found)


@require_POST
def check(request: PageRequest, slug: str, integration: str) -> HttpResponse:
    found = get_integration(integration)
    with flash_refusal(request):
        ask_check(actor=request.membership, integration=found)
        messages.success(request, f"{found.name} is being checked.")
    return redirect("integration_detail", slug, integration)


@require_POST
def activate(request: PageRequest, slug: str, integration: str) -> HttpResponse:
    found = get_integration(integration)
    with flash_refusal(request):
        activate_integration(actor=request.membership, integration=found)
        messages.success(request, f"{found.name} may be used by whoever is granted it.")
    return redirect("integration_detail", slug, integration)


@require_POST
def suspend(request: PageRequest, slug: str, integration: str) -> HttpResponse:
    found, form = get_integration(integration), ReasonForm(request.POST)
    rules.require(
        rules.may_suspend_integration(request.membership),
        "Only owners and compliance suspend an integration.",
    )
    if form.is_valid():
        with refusals_on(form):
            suspend_integration(actor=request.membership, integration=found, **form.cleaned_data)
            messages.success(request, f"{found.name} is suspended: nothing is done on it.")
            return redirect("integration_detail", slug, integration)
    return integration_page(request, found, suspend_form=form)


@require_POST
def resume(request: PageRequest, slug: str, integration: str) -> HttpResponse:
    found = get_integration(integration)
    with flash_refusal(request):
        resume_integration(actor=request.membership, integration=found)
        messages.success(request, f"{found.name} may be used again.")
    return redirect("integration_detail", slug, integration)


@require_POST
def revoke(request: PageRequest, slug: str, integration: str) -> HttpResponse:
    found, form = get_integration(integration), RevokeForm(request.POST)
    rules.require(rules.may_manage_integrations(request.membership), _NOT_OWNER)
    if form.is_valid():
        with refusals_on(form):
            reason = form.cleaned_data["reason"]
            revoke_integration(actor=request.membership, integration=found, reason=reason)
            messages.success(request, f"{found.name} is revoked, for good.")
            return redirect("integration_detail", slug, integration)
    return integration_page(request, found, revoke_form=form)


def integration_page(
    request: PageRequest, integration: Integration, **bound: forms.Form
) -> HttpResponse:
    """Render one integration, with a form that was filled in wrongly if there is one."""
    page, member = page_of_integration(integration), request.membership
    has_secret = page.secret is not None and page.secret.sealed is not None
    expires = integration.expires_at
    context = {
        "nav": "integrations",
        "integration": integration,
        "page": page,
        "has_secret": has_secret,
        "keeps_secret": IntegrationKind(integration.kind).has_secret,
        "is_revoked": integration.status == "revoked",
        "expires_soon": expires is not None and expires - clock.now() < EXPIRES_SOON,
        "may_manage": rules.may_manage_integrations(member),
        "may_suspend": rules.may_suspend_integration(member),
        "grant_form": GrantForm(integration=integration),
        "secret_form": (RotateSecretForm if has_secret else SecretForm)(
            of_client=integration.mints_tokens
        ),
        "suspend_form": ReasonForm(auto_id="id_suspend_%s"),
        "revoke_form": RevokeForm(auto_id="id_revoke_%s"),
        **bound,
    }
    status = 422 if bound else 200
    return render(request, "tenants/integrations/detail.html", context, status=status)


def _form_page(
    request: PageRequest, form: IntegrationForm, integration: Integration | None
) -> HttpResponse:
    context = {"nav": "integrations", "form": form, "integration": integration}
    status = 422 if request.method == "POST" else 200
    return render(request, "tenants/integrations/form.html", context, status=status)
