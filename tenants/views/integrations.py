"""Integrations: the list, one with its grants, secret, use and alerts; registering and changing."""

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from govapp.common import clock
from tenants import rules
from tenants.enums import IntegrationKind, Role
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
from tenants.selectors import members_with_role
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
from tenants.views.common import flash_refusal, form_page, posted, save_or_show

_NOT_OWNER: Final = "Only an owner can manage integrations."
_NOT_READER: Final = "Your role does not include the integrations."
_NOT_OFFICER: Final = "Only owners and compliance suspend an integration."
_FORM: Final = "tenants/integrations/form.html"


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

    def save() -> HttpResponse:
        made = register_integration(actor=request.membership, **form.cleaned_data)
        ask_check(actor=request.membership, integration=made)
        messages.success(request, f"{made.name} is registered, and is being checked.")
        return redirect("integration_detail", slug, made.public_id)

    return save_or_show(form, save, lambda: form_page(request, _FORM, form, nav="integrations"))


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

    def save() -> HttpResponse:
        changed = change_integration(
            actor=request.membership, integration=found, **form.cleaned_data
        )
        messages.success(request, f"{changed.name} is saved.")
        if not changed.check_passed:
            ask_check(actor=request.membership, integration=changed)
        return redirect("integration_detail", slug, integration)

    def show() -> HttpResponse:
        return form_page(request, _FORM, form, nav="integrations", integration=found)

    return save_or_show(form, save, show)


@require_POST
def check(request: PageRequest, slug: str, integration: str) -> HttpResponse:
    return _pressed(request, integration, ask_check, "is being checked.")


@require_POST
def activate(request: PageRequest, slug: str, integration: str) -> HttpResponse:
    said = "may be used by whoever is granted it."
    return _pressed(request, integration, activate_integration, said)


@require_POST
def resume(request: PageRequest, slug: str, integration: str) -> HttpResponse:
    return _pressed(request, integration, resume_integration, "may be used again.")


@require_POST
def suspend(request: PageRequest, slug: str, integration: str) -> HttpResponse:
    found, form = get_integration(integration), ReasonForm(request.POST)
    rules.require(rules.may_suspend_integration(request.membership), _NOT_OFFICER)
    return _ended(
        request, found, suspend_integration, "is suspended: nothing is done on it.",
        suspend_form=form,
    )  # fmt: skip


@require_POST
def revoke(request: PageRequest, slug: str, integration: str) -> HttpResponse:
    found, form = get_integration(integration), RevokeForm(request.POST)
    rules.require(rules.may_manage_integrations(request.membership), _NOT_OWNER)
    return _ended(request, found, revoke_integration, "is revoked, for good.", revoke_form=form)


def integration_page(
    request: PageRequest, integration: Integration, **bound: forms.Form
) -> HttpResponse:
    """Render one integration, with a form that was filled in wrongly if there is one."""
    page, member = page_of_integration(integration), request.membership
    has_secret = page.secret is not None and page.secret.sealed is not None
    expires = integration.expires_at
    may_manage = rules.may_manage_integrations(member)
    context = {
        "nav": "integrations",
        "integration": integration,
        "page": page,
        "has_secret": has_secret,
        "keeps_secret": IntegrationKind(integration.kind).has_secret,
        "is_revoked": integration.status == "revoked",
        "expires_soon": expires is not None and expires - clock.now() < EXPIRES_SOON,
        "may_manage": may_manage,
        "managers": [] if may_manage else [o.user.name for o in members_with_role(Role.OWNER)],
        "may_suspend": rules.may_suspend_integration(member),
        "grant_form": GrantForm(integration=integration, agent=request.GET.get("agent", "")),
        "secret_form": (RotateSecretForm if has_secret else SecretForm)(
            of_client=integration.mints_tokens
        ),
        "suspend_form": ReasonForm(auto_id="id_suspend_%s"),
        "revoke_form": RevokeForm(auto_id="id_revoke_%s"),
        **bound,
    }
    status = 422 if bound else 200
    return render(request, "tenants/integrations/detail.html", context, status=status)


def _pressed(
    request: PageRequest, ident: str, act: Callable[..., object], said: str
) -> HttpResponse:
    """Do what a button says, and say so on the page of the integration."""
    found = get_integration(ident)
    with flash_refusal(request):
        act(actor=request.membership, integration=found)
        messages.success(request, f"{found.name} {said}")
    return redirect("integration_detail", request.tenant.slug, ident)


def _ended(
    request: PageRequest,
    integration: Integration,
    act: Callable[..., object],
    said: str,
    **named: forms.Form,
) -> HttpResponse:
    """Do what takes a reason, and say so; `named` is its form, as the page calls it."""
    (form,) = named.values()

    def save() -> HttpResponse:
        reason: Any = form.cleaned_data["reason"]
        act(actor=request.membership, integration=integration, reason=reason)
        messages.success(request, f"{integration.name} {said}")
        return redirect("integration_detail", request.tenant.slug, integration.public_id)

    return save_or_show(form, save, lambda: integration_page(request, integration, **named))
