"""The settings of a tenant."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from govapp.common.forms import refusals_on
from tenants import rules
from tenants.forms import SettingsForm
from tenants.http import PageRequest
from tenants.office_hours import office_words
from tenants.selectors import groups
from tenants.services.tenants import update_settings
from tenants.views.common import posted


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: PageRequest, slug: str) -> HttpResponse:
    may_change = rules.may_change_settings(request.membership)
    rules.require(
        rules.may_read_settings(request.membership), "Your role does not include the settings."
    )
    choices = list(groups())
    form = SettingsForm(
        posted(request),
        groups=choices,
        initial=SettingsForm.values_of(request.tenant),
    )
    if request.method == "POST":
        rules.require(may_change, "Only an owner can change the settings.")
        if form.is_valid():
            with refusals_on(form):
                update_settings(
                    actor=request.membership, tenant=request.tenant, **form.cleaned_data
                )
                messages.success(request, "The settings are saved.")
                return redirect("tenant_settings", slug)
    office = office_words(request.tenant)
    context = {"nav": "settings", "form": form, "may_change": may_change, "office": office}
    status = 422 if request.method == "POST" else 200
    return render(request, "tenants/settings.html", context, status=status)
