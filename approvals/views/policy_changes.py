"""What becomes of a version beside being published: review, withdrawal, shadow, comparison."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from approvals.models import PolicyDraft, PolicyVersion
from approvals.selectors.policy_comparison import Comparison, Side, find_side
from approvals.selectors.policy_pages import get_version, list_versions, live_version
from approvals.selectors.shadow_report import read_differences, read_shadow_report
from approvals.services.policies import (
    renew_version,
    review_policy,
    roll_back,
    start_shadow,
    stop_shadow,
    withdraw_policy,
)
from approvals.views.common import page_links, read_cursor
from tenants import rules
from tenants.http import PageRequest
from tenants.views.common import flash_refusal

_NOT_EDITOR = "Only members with the role compliance write and publish policies."


@require_POST
def policy_reject(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Refuse a version in review, with the reason."""

    def reject(version: PolicyVersion) -> str:
        review_policy(
            actor=request.membership,
            version=version,
            verdict="reject",
            attestation="",
            remark=_typed(request),
        )
        return f"Version {version.number} is rejected."

    return _change(request, ident, reject)


@require_POST
def policy_withdraw(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Take a version back."""

    def withdraw(version: PolicyVersion) -> str:
        withdraw_policy(actor=request.membership, version=version, remark=_typed(request))
        return f"Version {version.number} is withdrawn. What was live goes on deciding."

    return _change(request, ident, withdraw)


@require_POST
def policy_shadow_switch(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Start or stop a version in shadow."""

    def switch(version: PolicyVersion) -> str:
        if request.POST.get("to") == "off":
            stop_shadow(actor=request.membership, version=version)
            return f"Version {version.number} is no longer in shadow. Its report stays."
        start_shadow(actor=request.membership, version=version)
        return f"Version {version.number} runs in shadow: it is evaluated and decides nothing."

    return _change(request, ident, switch)


@require_POST
def policy_roll_back(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Propose an older version again."""
    _require_editor(request)
    version = get_version(ident)
    where = reverse("policy_version", args=[slug, ident])
    with flash_refusal(request):
        made = roll_back(actor=request.membership, version=version, remark=_typed(request))
        messages.success(
            request,
            f"Version {made.number} goes back to version {version.number}."
            " It is in review, like any other change.",
        )
        where = reverse("policy_version", args=[slug, made.public_id])
    return redirect(where)


@require_POST
def policy_renew(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Take the text of a version that was overtaken up again, and show both."""
    _require_editor(request)
    version = get_version(ident)
    where = reverse("policy_version", args=[slug, ident])
    with flash_refusal(request):
        draft = renew_version(actor=request.membership, version=version)
        messages.success(request, f"The text of version {version.number} is a draft again.")
        where = _compare_url(slug, draft.based_on, draft)
    return redirect(where)


@require_safe
def policy_shadow(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Show where a version in shadow would have decided otherwise."""
    rules.require(rules.may_read_policy(request.membership), _NOT_EDITOR)
    version = get_version(ident)
    found = read_differences(version, read_cursor(request))
    context = {
        "nav": "policy",
        "version": version,
        "report": read_shadow_report(version),
        "rows": found.rows,
        "page": page_links(request, found.next_position),
        "may_edit": rules.may_edit_policy(request.membership),
    }
    return render(request, "approvals/policy/shadow.html", context)


@require_safe
def policy_compare(request: PageRequest, slug: str) -> HttpResponse:
    """Show any two versions, or a draft beside a version: what is live, when not named."""
    may_edit = rules.may_edit_policy(request.membership)
    old, new = (_side(request.GET.get(name, "")) for name in ("old", "new"))
    for side in (old, new):
        if side is not None and side.is_draft:
            rules.require(may_edit, _NOT_EDITOR)
    context = {
        "nav": "policy",
        "versions": list_versions(),
        "old": old,
        "new": new,
        "found": Comparison(old, new) if old and new else None,
        "meanwhile": _meanwhile(old, new),
        "may_edit": may_edit,
    }
    return render(request, "approvals/policy/compare.html", context)


def _side(named: str) -> Side | None:
    if named:
        return find_side(named)
    live = live_version()
    return Side(live) if live else None


def _meanwhile(old: Side | None, new: Side | None) -> Comparison | None:
    """What went live since a renewed draft's text was first written."""
    if old is None or new is None or not isinstance(new.row, PolicyDraft):
        return None
    renewed = new.row.renews
    if renewed is None or renewed.based_on is None or renewed.based_on_id == old.row.pk:
        return None
    return Comparison(Side(renewed.based_on), old)


def _compare_url(slug: str, old: PolicyVersion | None, new: PolicyVersion | PolicyDraft) -> str:
    named = f"old={old.public_id}&" if old else ""
    return f"{reverse('policy_compare', args=[slug])}?{named}new={new.public_id}"


def _change(
    request: PageRequest, ident: str, change: Callable[[PolicyVersion], str]
) -> HttpResponse:
    """Do what a button of the version's page asks for, and go back there."""
    _require_editor(request)
    version = get_version(ident)
    with flash_refusal(request):
        messages.success(request, change(version))
    return redirect("policy_version", request.tenant.slug, ident)


def _require_editor(request: PageRequest) -> None:
    rules.require(rules.may_edit_policy(request.membership), _NOT_EDITOR)


def _typed(request: PageRequest) -> str:
    return request.POST.get("remark", "").replace("\r\n", "\n")
