"""The policy: what is live, its versions, a new draft, and publishing it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from approvals.enums import PolicyStatus
from approvals.forms import ATTESTATION, PolicyForm, PublishForm
from approvals.models import PolicyVersion
from approvals.policies import PolicyInvalid, dump_policy, parse_policy
from approvals.selectors.policy_pages import (
    find_version,
    list_versions,
    live_version,
    read_version,
)
from approvals.services.policies import propose_policy, publish_policy
from approvals.views.common import status_of
from govapp.common.errors import Conflict, DomainError, Forbidden
from govapp.common.forms import refusals_on
from tenants import rules
from tenants.http import PageRequest
from tenants.views.common import posted

_STARTER = """\
version: 1
default: deny
flows:
  four-eyes:
    stages:
      - name: review
        seats:
          - group: finance
            count: 1
        deadline: 4h
        reminders: [1h]
rules:
  - id: payments
    when:
      category: payments.transfer
    then: require_approval
    flow: four-eyes
"""


@require_safe
def policy(request: PageRequest, slug: str) -> HttpResponse:
    """Show the rules that hold now, as sentences."""
    live = live_version()
    context = {
        "nav": "policy",
        "live": read_version(live) if live else None,
        "versions": list_versions(),
        "may_edit": rules.may_edit_policy(request.membership),
    }
    return render(request, "approvals/policy.html", context)


@require_safe
def policy_version(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Show one version and what it changes."""
    return _version_page(request, find_version(ident))


@require_http_methods(["GET", "HEAD", "POST"])
def policy_edit(request: PageRequest, slug: str) -> HttpResponse:
    """Write a new version, from the live one or the one named by `?from=`."""
    rules.require(
        rules.may_edit_policy(request.membership),
        "Only members with the role compliance propose policies.",
    )
    form = PolicyForm(posted(request), initial={"source": _start_from(request)})
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            made = propose_policy(actor=request.membership, **form.cleaned_data)
            messages.success(request, f"Version {made.number} is a draft. It decides nothing yet.")
            return redirect("policy_version", slug, made.public_id)
    status = 422 if request.method == "POST" else 200
    return render(
        request, "approvals/policy_edit.html", {"nav": "policy", "form": form}, status=status
    )


@require_http_methods(["GET", "HEAD", "POST"])
def policy_publish(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Make a draft the live version, with a confirmation in words."""
    version = find_version(ident)
    rules.require(
        rules.may_edit_policy(request.membership),
        "Only members with the role compliance publish policies.",
    )
    form = PublishForm(posted(request), initial={"attestation": ATTESTATION})
    if request.method == "POST" and form.is_valid():
        try:
            with refusals_on(form, passing=(Conflict,)):
                publish_policy(actor=request.membership, version=version, **form.cleaned_data)
                messages.success(request, f"Version {version.number} is live from now on.")
                return redirect("policy", slug)
        except (Forbidden, Conflict) as refusal:
            return _version_page(request, find_version(ident), form=form, refusal=refusal)
    return _version_page(request, version, form=form)


def _version_page(
    request: PageRequest,
    version: PolicyVersion,
    *,
    form: PublishForm | None = None,
    refusal: DomainError | None = None,
) -> HttpResponse:
    page = read_version(version)
    is_draft = version.status == PolicyStatus.DRAFT
    may_edit = rules.may_edit_policy(request.membership)
    is_own = version.proposed_by_id == request.membership.pk
    context = {
        "nav": "policy",
        "page": page,
        "version": version,
        "title": f"Version {version.number}",
        "changes_title": f"Changes from version {page.compared_with.number}"
        if page.compared_with
        else "",
        "may_edit": may_edit,
        "may_publish": may_edit and is_draft,
        "is_own": is_own and not request.tenant.single_person_publishing,
        "form": form or PublishForm(initial={"attestation": ATTESTATION}),
        "refusal": refusal,
    }
    status = status_of(refusal) if refusal else 422 if form and form.is_bound else 200
    return render(request, "approvals/policy_version.html", context, status=status)


def _start_from(request: PageRequest) -> str:
    named = request.GET.get("from", "")
    version = find_version(named) if named else live_version()
    if version is None:
        return _STARTER
    if version.source:
        return version.source
    try:
        return dump_policy(parse_policy(version.document))
    except PolicyInvalid:
        return _STARTER
