"""An integration's grants and its secret: given, withdrawn, set, replaced, revoked."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from govapp.common.forms import refusals_on
from tenants import rules
from tenants.forms_integrations import GrantForm, RotateSecretForm, SecretForm
from tenants.http import PageRequest
from tenants.models import IntegrationGrant
from tenants.selectors.integrations import get_grant, get_integration
from tenants.services.integration_secrets import revoke_secret, rotate_secret, set_secret
from tenants.services.reach_grants import grant_integration, withdraw_grant
from tenants.services.vault import find_secret
from tenants.views.common import flash_refusal
from tenants.views.integrations import integration_page

_NOT_OWNER = "Only an owner can manage integrations."


@require_POST
def grant(request: PageRequest, slug: str, integration: str) -> HttpResponse:
    found = get_integration(integration)
    rules.require(rules.may_manage_integrations(request.membership), _NOT_OWNER)
    form = GrantForm(request.POST, integration=found)
    if form.is_valid():
        with refusals_on(form):
            made = grant_integration(actor=request.membership, integration=found, **form.values())
            messages.success(request, _granted(made))
            return redirect("integration_detail", slug, integration)
    return integration_page(request, found, grant_form=form)


def _granted(grant: IntegrationGrant) -> str:
    """Say what was granted, as the page lists it."""
    until = ""
    if grant.expires_at is not None:
        until = " until " + date_format(localtime(grant.expires_at), "j F Y, H:i")
    what = ", ".join(grant.categories)
    return f"{grant.agent.name} may use {grant.integration.name} for {what}{until}."


@require_POST
def withdraw(request: PageRequest, slug: str, integration: str, grant: str) -> HttpResponse:
    found = get_grant(get_integration(integration), grant)
    with flash_refusal(request):
        withdraw_grant(actor=request.membership, grant=found)
        messages.success(request, f"{found.agent.name} may no longer use it for that.")
    return redirect("integration_detail", slug, integration)


@require_POST
@sensitive_post_parameters("secret", "client_id")
def secret(request: PageRequest, slug: str, integration: str) -> HttpResponse:
    """Set the secret, or replace the one that there is."""
    found = get_integration(integration)
    rules.require(rules.may_manage_integrations(request.membership), _NOT_OWNER)
    replaces = find_secret(found.public_id) is not None
    kind = RotateSecretForm if replaces else SecretForm
    form = kind(request.POST, of_client=found.mints_tokens)
    if form.is_valid():
        with refusals_on(form):
            given = form.values()
            if isinstance(form, RotateSecretForm):
                rotate_secret(
                    actor=request.membership, integration=found, overlap=form.overlap, **given
                )
            else:
                set_secret(actor=request.membership, integration=found, **given)
            tried = " A check tries it." if found.mints_tokens else ""
            messages.success(request, f"The secret is in the vault.{tried}")
            return redirect("integration_detail", slug, integration)
    return integration_page(request, found, secret_form=form)


@require_POST
def secret_revoke(request: PageRequest, slug: str, integration: str) -> HttpResponse:
    found = get_integration(integration)
    with flash_refusal(request):
        revoke_secret(actor=request.membership, integration=found)
        messages.success(request, "The secret is in the vault no more.")
    return redirect("integration_detail", slug, integration)
