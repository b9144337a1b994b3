"""The policy: what is live, its versions, a new draft, and publishing it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from approvals.enums import PolicyStatus
from approvals.forms.policy import ATTESTATION, PolicyForm, PublishForm
from approvals.models import PolicyVersion
from approvals.policies import PolicyInvalid, dump_policy
from approvals.selectors.policies import compiled
from approvals.selectors.policy_pages import (
    get_version,
    list_versions,
    live_version,
    obstacles,
    read_changes,
    read_sentences,
)
from approvals.services.policies import OWN_PROPOSAL, propose_policy, publish_policy
from approvals.views.common import status_of
from govapp.common import clock
from govapp.common.errors import Conflict, DomainError, Forbidden
from govapp.common.forms import refusals_on
from tenants import rules
from tenants.http import PageRequest
from tenants.views.common import posted

_NOT_EDITOR = "Only members with the role compliance write and publish policies."
_STARTER = """\
version: 1
default: deny
flows:
  four-eyes:
    stages:
      - name: Review
        seats:
          - {group: finance}
          - {group: risk}
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
    """Show the rules that hold now, as sentences, and the versions there are."""
    live = live_version()
    context = {
        "nav": "policy",
        "version": live,
        "said": read_sentences(live) if live else None,
        "versions": list_versions(),
        "may_edit": rules.may_edit_policy(request.membership),
    }
    return render(request, "approvals/policy/policy.html", context)


@require_safe
def policy_version(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Show one version and what it changes."""
    version = get_version(ident)
    may_edit = rules.may_edit_policy(request.membership)
    context = _version_context(version) | {
        "lines": list(enumerate(version.source.splitlines(), 1)),
        "may_edit": may_edit,
        "may_publish": may_edit and version.status == PolicyStatus.IN_REVIEW,
    }
    return render(request, "approvals/policy/version.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def policy_edit(request: PageRequest, slug: str) -> HttpResponse:
    """Write a new version, from the live one or the one named by `?from=`."""
    rules.require(rules.may_edit_policy(request.membership), _NOT_EDITOR)
    named = request.GET.get("from", "")
    start = get_version(named) if named else live_version()
    form = PolicyForm(posted(request), initial={"source": _text_of(start)})
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            made = propose_policy(actor=request.membership, **form.cleaned_data)
            messages.success(
                request, f"Version {made.number} is in review. It decides nothing yet."
            )
            return redirect("policy_version", slug, made.public_id)
    context = {"nav": "policy", "form": form, "start": start}
    status = 422 if request.method == "POST" else 200
    return render(request, "approvals/policy/edit.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def policy_publish(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Make a draft the live version, with a confirmation in words."""
    version = get_version(ident)
    rules.require(rules.may_edit_policy(request.membership), _NOT_EDITOR)
    form = PublishForm(posted(request), initial={"attestation": ATTESTATION})
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            with refusals_on(form, passing=(Conflict,)):
                publish_policy(actor=request.membership, version=version, **form.cleaned_data)
                messages.success(request, f"Version {version.number} is live from now on.")
                return redirect("policy", slug)
        except (Forbidden, Conflict) as error:
            refusal = error
    return _publish_page(request, version, form, refusal)


def _publish_page(
    request: PageRequest, version: PolicyVersion, form: PublishForm, refusal: DomainError | None
) -> HttpResponse:
    """Render the page; who could not publish is told so before trying."""
    is_own = version.proposed_by_id == request.membership.pk
    is_shut_out = is_own and not request.tenant.single_person_publishing
    is_in_review = version.status == PolicyStatus.IN_REVIEW
    context = _version_context(version) | {
        "form": form,
        "refused": refusal.detail if refusal else OWN_PROPOSAL if is_shut_out else "",
        "may_publish": is_in_review and not is_shut_out,
        "is_in_review": is_in_review,
        # A form that was sent has the service's own answer on it.
        "obstacles": obstacles(version) if is_in_review and not form.is_bound else [],
        "now": clock.now(),
    }
    status = status_of(refusal) if refusal else 422 if form.is_bound else 200
    return render(request, "approvals/policy/publish.html", context, status=status)


def _version_context(version: PolicyVersion) -> dict[str, object]:
    return {
        "nav": "policy",
        "version": version,
        "title": f"Version {version.number}",
        "said": read_sentences(version),
        "changes": read_changes(version),
    }


def _text_of(version: PolicyVersion | None) -> str:
    if version is None:
        return _STARTER
    if version.source:
        return version.source
    try:
        return dump_policy(compiled(version))
    except PolicyInvalid:
        return _STARTER
