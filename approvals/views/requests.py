"""One request: reading it, voting on it, cancelling it, withdrawing its permission."""

from datetime import datetime
from typing import Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from approvals.ballots import read_seen, sign_seen
from approvals.enums import RequestStatus, Verdict, VoteChannel
from approvals.forms.discussion import CommentForm
from approvals.forms.requests import (
    BreakGlassForm,
    CancelForm,
    RollbackForm,
    TakeBackForm,
    VoteForm,
    WithdrawForm,
)
from approvals.models import ActionRequest
from approvals.selectors.action_page import find_request, read_action_page
from approvals.selectors.kill import find_held
from approvals.services.execution import revoke_grant
from approvals.services.submission import cancel_action
from approvals.services.votes import cast_vote
from approvals.views.common import status_of
from govapp.common import clock
from govapp.common.errors import Conflict, DomainError, Forbidden, Stale
from govapp.common.forms import refusals_on
from govapp.common.sensitive import is_shown_plainly, masked
from tenants.http import PageRequest
from tenants.selectors import member_named

_PAGE_OR_POST: Final = ["GET", "HEAD", "POST"]
_WHY: Final = {
    RequestStatus.PENDING: "Why this needs approval",
    RequestStatus.ALLOWED: "Why nobody was asked",
    RequestStatus.BLOCKED: "Why it is blocked",
}
_DONE: Final = {
    Verdict.APPROVE: "Your approval is recorded.",
    Verdict.DENY: "Your denial is recorded.",
    Verdict.RETURN: "It is sent back with your remark.",
}


@require_safe
def request_detail(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Show the action page. `?choice=approve` or `deny` stands out, and decides nothing."""
    return action_page(request, find_request(ident))


@require_http_methods(_PAGE_OR_POST)
def request_vote(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Cast the vote that was posted; what is refused is said on the page."""
    found = find_request(ident)
    if request.method != "POST":
        return redirect("request_detail", slug, ident)
    form = VoteForm(request.POST)
    if not form.is_valid():
        return action_page(request, found, vote_form=form)
    verdict = Verdict(form.cleaned_data["verdict"])
    try:
        with refusals_on(form, passing=(Stale, Conflict)):
            decided = _vote(request, found, form)
    except (Stale, Conflict, Forbidden) as refusal:
        return action_page(request, find_request(ident), refusal=refusal, vote_form=form)
    if form.errors:
        return action_page(request, found, vote_form=form)
    messages.success(request, vote_words(verdict, decided))
    if request.POST.get("then") == "inbox":
        return redirect("inbox", slug)
    return redirect("request_detail", slug, ident)


@require_http_methods(_PAGE_OR_POST)
def request_cancel(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Cancel a pending request: the agent's owner and compliance."""
    found = find_request(ident)
    if request.method != "POST":
        return redirect("request_detail", slug, ident)
    form = CancelForm(request.POST)
    if not form.is_valid():
        return action_page(request, found, cancel_form=form)
    try:
        cancel_action(actor=request.membership, request_id=found.pk, **form.cleaned_data)
    except (Conflict, Forbidden) as refusal:
        return action_page(request, find_request(ident), refusal=refusal, cancel_form=form)
    messages.success(request, "The request is cancelled. Nothing is executed.")
    return redirect("request_detail", slug, ident)


@require_http_methods(_PAGE_OR_POST)
def request_withdraw(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Withdraw the permission before it is used."""
    found = find_request(ident)
    if request.method != "POST":
        return redirect("request_detail", slug, ident)
    form = WithdrawForm(request.POST)
    if not form.is_valid():
        return action_page(request, found, withdraw_form=form)
    try:
        revoke_grant(actor=request.membership, request_id=found.pk, **form.cleaned_data)
    except (Conflict, Forbidden) as refusal:
        return action_page(request, find_request(ident), refusal=refusal, withdraw_form=form)
    messages.success(request, "The permission is withdrawn. It cannot be used any more.")
    return redirect("request_detail", slug, ident)


def _vote(request: PageRequest, found: ActionRequest, form: VoteForm) -> ActionRequest:
    seen = read_seen(form.cleaned_data["seen"], found, reader=request.membership.public_id)
    return cast_vote(
        member=request.membership,
        request_id=found.pk,
        verdict=Verdict(form.cleaned_data["verdict"]),
        payload_digest=seen.payload_digest,
        request_version=seen.request_version,
        reason=form.cleaned_data["reason"],
        channel=seen.channel,
        seconds_viewed=seen.seconds_until(clock.now()),
        proof=form.proof(),
        stands_for=member_named(form.cleaned_data["stands_for"]),
    )


def vote_words(verdict: Verdict, decided: ActionRequest) -> str:
    """Say what a vote did."""
    if decided.is_pending:
        return f"{_DONE[verdict]} More people have to agree."
    if verdict == Verdict.APPROVE:
        return f"{_DONE[verdict]} The request is approved: {masked(decided.summary)}"
    return f"{_DONE[verdict]} The request has ended; nothing is executed."


def _shown_at(request: PageRequest, found: ActionRequest, now: datetime) -> datetime:
    """Return since when the reader has had it before them: a refusal begins no new reading."""
    try:
        seen = read_seen(request.POST.get("seen", ""), found, reader=request.membership.public_id)
    except Stale:
        return now
    is_same = (seen.payload_digest, seen.request_version) == (found.payload_digest, found.version)
    return seen.shown_at if is_same and seen.channel == VoteChannel.PAGE else now


def action_page(
    request: PageRequest,
    found: ActionRequest,
    *,
    refusal: DomainError | None = None,
    **bound: forms.Form,
) -> HttpResponse:
    """Render the page, with a refusal and what was typed if there is any."""
    page = read_action_page(found, request.membership)
    now = page.now
    choice = request.POST.get("verdict") or request.GET.get("choice", "")
    context = {
        "nav": "requests",
        "now": now,
        "page": page,
        "ar": found,
        "vote_words": f"{sum(map(bool, page.seats))} of {len(page.seats)}",
        "why_title": _WHY.get(RequestStatus(found.status), "Why this needed approval"),
        "choice": choice if choice in Verdict.values else "",
        "refusal": refusal,
        "held": find_held([found], request.membership).get(found.pk, ""),
        "seen": sign_seen(
            found, reader=request.membership.public_id, now=_shown_at(request, found, now)
        ),
        "vote_form": VoteForm(),
        "cancel_form": CancelForm(auto_id="cancel_%s"),
        "withdraw_form": WithdrawForm(auto_id="withdraw_%s"),
        "rollback_form": RollbackForm(auto_id="rollback_%s"),
        "comment_form": CommentForm(auto_id="comment_%s"),
        "shown_plainly": is_shown_plainly(),
        "glass_form": BreakGlassForm(auto_id="glass_%s"),
        "take_back_form": TakeBackForm(auto_id="take_back_%s"),
        **bound,
    }
    status = status_of(refusal) if refusal else 422 if bound else 200
    return render(request, "approvals/request_detail.html", context, status=status)
