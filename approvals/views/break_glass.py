"""Approving alone in an emergency, and asking for the passkey of a decision."""

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from approvals.ballots import read_seen
from approvals.forms.requests import BreakGlassForm, PasskeyForm
from approvals.models import ActionRequest
from approvals.selectors.action_page import find_request
from approvals.services.break_glass import break_glass
from approvals.services.step_up import bound_to
from approvals.views.common import status_of
from approvals.views.requests import action_page
from govapp.common import clock
from govapp.common.errors import Conflict, DomainError, Forbidden, Stale
from govapp.common.forms import refusals_on
from tenants.http import PageRequest
from tenants.services.second_factor import begin_passkey

_DONE = "It is approved. Everybody concerned is told, and somebody else will review it."


@require_http_methods(["GET", "HEAD", "POST"])
def request_break_glass(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Approve alone; what is refused is said on the page."""
    found = find_request(ident)
    if request.method != "POST":
        return redirect("request_detail", slug, ident)
    form = BreakGlassForm(request.POST, auto_id="glass_%s")
    if not form.is_valid():
        return action_page(request, found, glass_form=form)
    try:
        with refusals_on(form, passing=(Stale, Conflict)):
            _break_glass(request, found, form)
    except (Stale, Conflict, Forbidden) as refusal:
        return action_page(request, find_request(ident), refusal=refusal, glass_form=form)
    if form.errors:
        return action_page(request, found, glass_form=form)
    messages.warning(request, _DONE)
    return redirect("request_detail", slug, ident)


@require_POST
def request_passkey(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Return what the browser asks the passkey, for one act on what was shown. Decides nothing."""
    found = find_request(ident)
    form = PasskeyForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"detail": "Look at the request again, then decide."}, status=422)
    try:
        return JsonResponse(_ask(request, found, form))
    except (Stale, Forbidden) as refusal:
        return _refused(refusal)


def _break_glass(request: PageRequest, found: ActionRequest, form: BreakGlassForm) -> None:
    seen = read_seen(form.cleaned_data["seen"], found, reader=request.membership.public_id)
    break_glass(
        member=request.membership,
        request_id=found.pk,
        reason=form.cleaned_data["reason"],
        proof=form.proof(),
        payload_digest=seen.payload_digest,
        request_version=seen.request_version,
        seconds_viewed=seen.seconds_until(clock.now()),
    )


def _ask(request: PageRequest, found: ActionRequest, form: PasskeyForm) -> dict[str, object]:
    seen = read_seen(form.cleaned_data["seen"], found, reader=request.membership.public_id)
    return begin_passkey(
        user=request.user,
        bound_to=bound_to(
            found,
            form.cleaned_data["act"],
            digest=seen.payload_digest,
            version=seen.request_version,
        ),
        # As with a login: a passkey belongs to the host of the page.
        rp_id=request.get_host().partition(":")[0],
    )


def _refused(refusal: DomainError) -> JsonResponse:
    return JsonResponse({"detail": refusal.detail}, status=status_of(refusal))
