"""The page behind a link in a message. Opening it never decides; a person presses a button."""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from approvals.ballots import read_seen, sign_seen
from approvals.enums import Verdict
from approvals.forms.requests import VoteForm
from approvals.selectors.action_page import ActionPage, read_action_page
from approvals.services.links import OpenedLink, open_link, vote_by_link
from approvals.views.common import status_of
from approvals.views.requests import vote_words
from govapp.common import clock
from govapp.common.errors import Conflict, DomainError, Forbidden, NotFound, Stale
from govapp.common.forms import refusals_on
from govapp.common.tenancy import tenant_transaction
from tenants.models import Tenant


@require_http_methods(["GET", "HEAD", "POST"])
def review_link(request: HttpRequest, token: str) -> HttpResponse:
    """Show the request of the link; POST casts the vote where the link may.

    GET and HEAD write nothing: mail scanners and previews open links (security page).
    """
    try:
        response = _answer(request, token)
    except NotFound as error:
        raise Http404(error.detail) from error
    response["Cache-Control"] = "no-store"
    # For what leads elsewhere. The document's own policy is the shell's `same-origin`: under
    # `no-referrer` a browser posts `Origin: null`, which the CSRF check has to refuse.
    response["Referrer-Policy"] = "no-referrer"
    return response


def _answer(request: HttpRequest, token: str) -> HttpResponse:
    opened = open_link(token)
    if request.method != "POST":
        return _page(request, opened, VoteForm())
    form = VoteForm(request.POST)
    if not form.is_valid():
        return _page(request, opened, form, status=422)
    done = ""
    try:
        with refusals_on(form, passing=(Stale, Conflict)):
            done = _vote(opened, token, form)
    except (Forbidden, Stale, Conflict) as refusal:
        return _page(request, open_link(token), form, refusal=refusal, status=status_of(refusal))
    if not done:
        return _page(request, opened, form, status=422)
    return _page(request, open_link(token), VoteForm(), done=done)


def _vote(opened: OpenedLink, token: str, form: VoteForm) -> str:
    verdict = Verdict(form.cleaned_data["verdict"])
    seen = read_seen(form.cleaned_data["seen"], opened.request, reader=_reader(opened))
    decided = vote_by_link(
        token=token,
        verdict=verdict,
        payload_digest=seen.payload_digest,
        request_version=seen.request_version,
        reason=form.cleaned_data["reason"],
        seconds_viewed=seen.seconds_until(clock.now()),
        stands_for=form.cleaned_data["stands_for"],
    )
    return vote_words(verdict, decided)


def _page(
    request: HttpRequest,
    opened: OpenedLink,
    form: VoteForm,
    *,
    done: str = "",
    refusal: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    with tenant_transaction(opened.tenant_id):
        tenant = Tenant.objects.get()
        page = read_action_page(opened.request, opened.member)
    choice = request.POST.get("verdict") or request.GET.get("choice", "")
    context: dict[str, Any] = {
        "now": page.now,
        "opened": opened,
        "ar": opened.request,
        "page": page,
        "company": tenant.name,
        "choice": choice if choice in Verdict.values else "",
        "done": done,
        "refusal": refusal,
        "shows_payload": _shows_payload(opened, page),
        "seen": sign_seen(opened.request, reader=_reader(opened), now=page.now),
        "vote_form": form,
        "login_url": _login_url(opened, choice),
    }
    with timezone.override(tenant.time_zone):
        return render(request, "approvals/link.html", context, status=status)


def _shows_payload(opened: OpenedLink, page: ActionPage) -> bool:
    """What needs a login to be decided needs one to be read in full."""
    return opened.may_vote_here and page.request.is_pending


def _reader(opened: OpenedLink) -> str:
    return f"link:{opened.link.pk}"


def _login_url(opened: OpenedLink, choice: str) -> str:
    page = reverse("request_detail", args=[opened.tenant_slug, opened.request.public_id])
    query = f"?{urlencode({'choice': choice})}" if choice in Verdict.values else ""
    return f"{reverse('account_login')}?{urlencode({'next': page + query})}"
