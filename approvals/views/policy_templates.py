"""Templates: six starting points, and the form that makes a draft of one."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_http_methods, require_safe

from approvals.forms.policy_templates import TemplateForm
from approvals.policies import parse_policy
from approvals.policy_templates import TEMPLATES, PolicyTemplate
from approvals.selectors.policy_pages import live_version
from approvals.selectors.policy_templates import (
    Preview,
    fill_template,
    find_template,
    preview_template,
)
from approvals.services.policy_templates import AppliedTemplate, apply_template
from audit.models import ReportEvery
from govapp.common.errors import Invalid
from govapp.common.forms import refusals_on
from tenants import rules
from tenants.http import PageRequest
from tenants.selectors import groups
from tenants.views.common import posted

_NOT_EDITOR = "Only members with the role compliance write policies."


@require_safe
def template_list(request: PageRequest, slug: str) -> HttpResponse:
    """Show the templates, for whom each is and what it sets up."""
    rules.require(rules.may_edit_policy(request.membership), _NOT_EDITOR)
    cards = [(template, _sets_up(template)) for template in TEMPLATES.values()]
    context = {"nav": "policy", "cards": cards}
    return render(request, "approvals/policy/templates/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def template_fill(request: PageRequest, slug: str, key: str) -> HttpResponse:
    """Fill a template in beside its sentences, and make a draft of it."""
    rules.require(rules.may_edit_policy(request.membership), _NOT_EDITOR)
    template = find_template(key)
    form = TemplateForm(
        posted(request),
        template=template,
        groups=list(groups()),
        is_live=live_version() is not None,
    )
    if request.POST.get("do") == "make" and form.is_valid():
        with refusals_on(form):
            applied = apply_template(
                actor=request.membership,
                key=key,
                typed=form.typed(),
                into_live=form.into_live,
            )
            messages.success(request, _said(applied))
            for difference in applied.differences:
                messages.warning(request, difference)
            return redirect(_next(slug, applied))
    preview = _preview(template, form)
    context = {
        "nav": "policy",
        "template": template,
        "form": form,
        "preview": preview,
        "sets_up": _sets_up(template),
    }
    is_refused = request.POST.get("do") == "make"
    status = 422 if is_refused else 200
    return render(request, "approvals/policy/templates/fill.html", context, status=status)


def _preview(template: PolicyTemplate, form: TemplateForm) -> Preview | None:
    """Return what the rules would say, or None with the reasons on a form that was sent."""
    try:
        filled = fill_template(template, form.typed(), into_live=form.into_live)
    except Invalid:
        if form.is_bound and form.is_valid():
            with refusals_on(form):
                raise
        return None
    return preview_template(template, filled, parse_policy(filled.document))


def _sets_up(template: PolicyTemplate) -> list[str]:
    """Say in short what a template brings besides its rules."""
    count = len(template.categories)
    said = [f"{count} categories" if count > 1 else "1 category"]
    if template.retention_days:
        said.append(f"Records kept {template.retention_days} days")
    said.append(f"Oversight report {ReportEvery(template.report_every).label}")
    return said


def _said(applied: AppliedTemplate) -> str:
    said = [f"The draft “{applied.draft.title}” is made. It decides nothing yet."]
    if applied.categories:
        said.append(f"Categories made: {', '.join(applied.categories)}.")
    return " ".join([*said, *applied.also])


def _next(slug: str, applied: AppliedTemplate) -> str:
    """Return where the draft is edited; the policy page where there is no editor."""
    try:
        return reverse("policy_draft", args=[slug, applied.draft.public_id])
    except NoReverseMatch:
        return reverse("policy", args=[slug])
