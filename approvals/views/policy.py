"""The policy: what is live, its versions, a new draft, and publishing it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_http_methods, require_safe

from approvals.enums import PolicyStatus
from approvals.forms.policy import ATTESTATION, PublishForm
from approvals.models import PolicyVersion
from approvals.selectors.policies import live_policy
from approvals.selectors.policy_home import read_home
from approvals.selectors.policy_pages import (
    get_version,
    live_version,
    obstacles,
    read_changes,
    read_sentences,
)
from approvals.selectors.policy_reviews import (
    ReviewState,
    read_review_state,
    what_stands_in_the_way,
)
from approvals.selectors.simulation_pages import simulation_box
from approvals.services.policies import OWN_PROPOSAL, publish_policy
from approvals.views.common import status_of
from govapp.common import clock
from govapp.common.errors import Conflict, DomainError, Forbidden
from govapp.common.forms import refusals_on
from tenants import rules
from tenants.http import PageRequest
from tenants.models import Membership
from tenants.views.common import posted

_NOT_EDITOR = "Only members with the role compliance write and publish policies."


@require_safe
def policy(request: PageRequest, slug: str) -> HttpResponse:
    """Show the rules that hold now, as sentences, and all that is under way."""
    live = live_version()
    may_edit = rules.may_edit_policy(request.membership)
    context = {
        "nav": "policy",
        "version": live,
        "said": read_sentences(live) if live else None,
        "home": read_home(with_drafts=may_edit),
        "may_ask_who": rules.may_read_settings(request.membership),
        "may_edit": may_edit,
    }
    return render(request, "approvals/policy/policy.html", context)


@require_safe
def policy_version(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Show one version, what it changes, and how far its review has come."""
    version = get_version(ident)
    may_edit = rules.may_edit_policy(request.membership)
    is_in_review = version.status == PolicyStatus.IN_REVIEW
    is_own = version.proposed_by_id == request.membership.pk
    is_shut_out = is_own and not request.tenant.single_person_publishing
    state = read_review_state(version, request.tenant)
    context = _version_context(request, version, state) | {
        "lines": list(enumerate(version.source.splitlines(), 1)),
        "may_edit": may_edit,
        "may_publish": may_edit and is_in_review and not is_shut_out,
        "may_reject": may_edit and is_in_review and not is_own,
        "may_withdraw": may_edit
        and ((is_in_review and is_own) or version.status == PolicyStatus.SCHEDULED),
        "may_roll_back": may_edit and version.status == PolicyStatus.ARCHIVED,
        "may_shadow": may_edit
        and version.status in (PolicyStatus.IN_REVIEW, PolicyStatus.SCHEDULED),
    }
    return render(request, "approvals/policy/version.html", context)


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
                made = publish_policy(
                    actor=request.membership, version=version, **form.cleaned_data
                )
                messages.success(request, _what_became_of(made))
                if made.status == PolicyStatus.LIVE:
                    return redirect("policy", slug)
                return redirect("policy_version", slug, ident)
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
    state = read_review_state(version, request.tenant)
    context = _version_context(request, version, state) | {
        "form": form,
        "refused": refusal.detail if refusal else OWN_PROPOSAL if is_shut_out else "",
        "may_publish": is_in_review and not is_shut_out,
        "may_edit": True,
        "ends_review": _ends_review(state, request.membership),
        "is_in_review": is_in_review,
        # A form that was sent has the service's own answer on it.
        "obstacles": obstacles(version) if is_in_review and not form.is_bound else [],
        "now": clock.now(),
    }
    status = status_of(refusal) if refusal else 422 if form.is_bound else 200
    return render(request, "approvals/policy/publish.html", context, status=status)


def _version_context(
    request: PageRequest, version: PolicyVersion, state: ReviewState
) -> dict[str, object]:
    is_in_review = version.status == PolicyStatus.IN_REVIEW
    is_coming = is_in_review or version.status == PolicyStatus.SCHEDULED
    may_see = is_coming and rules.may_read_settings(request.membership)
    return {
        "nav": "policy",
        "version": version,
        "title": f"Version {version.number}",
        "said": read_sentences(version),
        "changes": read_changes(version),
        "state": state,
        "box": simulation_box(request.membership, version=version) if may_see else None,
        "in_the_way": what_stands_in_the_way(version, live_policy()) if is_in_review else None,
    }


def _ends_review(state: ReviewState, member: Membership) -> bool:
    """Whether this person's confirmation is the last one that is needed."""
    is_counted = any(each.reviewer_id == member.pk for each in state.counted)
    return state.still_needed <= (0 if is_counted else 1)


def _what_became_of(version: PolicyVersion) -> str:
    if version.status == PolicyStatus.LIVE:
        return f"Version {version.number} is live from now on."
    if version.status == PolicyStatus.SCHEDULED and version.starts_at is not None:
        start = date_format(timezone.localtime(version.starts_at), "j F Y, H:i T")
        return f"Version {version.number} is live from {start} on."
    return f"Your confirmation of version {version.number} is kept. More people are needed."
