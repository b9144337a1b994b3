"""The settings of a tenant."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from govapp.common.errors import Invalid
from govapp.common.forms import refusals_on
from tenants import rules
from tenants.forms import ContestForm, RetentionForm, SettingsForm
from tenants.http import PageRequest
from tenants.office_hours import office_words
from tenants.selectors import groups
from tenants.services.retention import lock_retention, set_daily_pruning
from tenants.services.tenants import set_contest_text, set_retention, update_settings
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
    return _page(request, form=form)


@require_POST
def retention(request: PageRequest, slug: str) -> HttpResponse:
    """Say for how long records are kept."""
    may_set = rules.may_set_retention(request.membership)
    rules.require(may_set, "Only compliance or an owner sets how long records stay.")
    form = RetentionForm(request.POST)
    if form.is_valid():
        with refusals_on(form):
            days = form.cleaned_data["retention_days"]
            set_retention(actor=request.membership, days=days)
            messages.success(request, f"Records are kept for at least {days} days.")
            return redirect("tenant_settings", slug)
    return _page(request, kept=form)


@require_POST
def daily(request: PageRequest, slug: str) -> HttpResponse:
    """Let what is over age go by itself, or no more."""
    return _kept(
        request,
        slug,
        lambda: set_daily_pruning(actor=request.membership, is_on=request.POST.get("is_on") == "1"),
        "Changed.",
    )


@require_POST
def lock(request: PageRequest, slug: str) -> HttpResponse:
    """Let the time of keeping become only longer."""
    said = "From now on the time of keeping only becomes longer."
    return _kept(request, slug, lambda: lock_retention(actor=request.membership), said)


def _kept(request: PageRequest, slug: str, act: Callable[[], object], said: str) -> HttpResponse:
    try:
        act()
        messages.success(request, said)
    except Invalid as refused:
        messages.error(request, refused.errors[0].detail if refused.errors else refused.detail)
    return redirect("audit_retention", slug)


@require_POST
def contest(request: PageRequest, slug: str) -> HttpResponse:
    """Say how a person contests a decision."""
    may_set = rules.may_set_contest_text(request.membership)
    rules.require(may_set, "Only compliance or an owner says how a decision can be contested.")
    form = ContestForm(request.POST)
    if form.is_valid():
        with refusals_on(form):
            set_contest_text(actor=request.membership, text=form.cleaned_data["contest_text"])
            messages.success(request, "Explanations say it from now on.")
            return redirect("tenant_settings", slug)
    return _page(request, contested=form)


def _page(
    request: PageRequest,
    *,
    form: SettingsForm | None = None,
    kept: RetentionForm | None = None,
    contested: ContestForm | None = None,
) -> HttpResponse:
    tenant = request.tenant
    form = form or SettingsForm(groups=list(groups()), initial=SettingsForm.values_of(tenant))
    kept = kept or RetentionForm(initial={"retention_days": tenant.retention_days})
    contested = contested or ContestForm(initial={"contest_text": tenant.contest_text})
    context = {
        "nav": "settings",
        "form": form,
        "may_change": rules.may_change_settings(request.membership),
        "office": office_words(request.tenant),
        "retention": kept,
        "may_set_retention": rules.may_set_retention(request.membership),
        "contest": contested,
        "may_set_contest_text": rules.may_set_contest_text(request.membership),
    }
    status = 422 if form.is_bound or kept.is_bound or contested.is_bound else 200
    return render(request, "tenants/settings.html", context, status=status)
