"""The key of the vault: which version seals, since when, and replacing it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from govapp.common.forms import refusals_on
from tenants import rules
from tenants.forms import ReasonForm
from tenants.http import PageRequest
from tenants.selectors.vault import vault_state
from tenants.services.vault_rotation import rotate_data_key
from tenants.views.common import posted


@require_http_methods(["GET", "HEAD", "POST"])
def vault(request: PageRequest, slug: str) -> HttpResponse:
    rules.require(
        rules.may_read_integrations(request.membership),
        "Your role does not include the integrations.",
    )
    form = ReasonForm(posted(request))
    if request.method == "POST":
        rules.require(
            rules.may_manage_integrations(request.membership),
            "Only an owner replaces the key of the vault.",
        )
        if form.is_valid():
            with refusals_on(form):
                made = rotate_data_key(actor=request.membership, reason=form.cleaned_data["reason"])
                messages.success(request, f"Version {made.version} of the key seals from now on.")
                return redirect("vault", slug)
    context = {
        "nav": "integrations",
        "state": vault_state(),
        "form": form,
        "may_manage": rules.may_manage_integrations(request.membership),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "tenants/integrations/vault.html", context, status=status)
