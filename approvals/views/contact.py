"""How somebody wants to be told: their own page, and the one click of a mail program."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from approvals.enums import HeldFor, NotificationKind
from approvals.forms.contact import PreferenceForm
from approvals.routing import Moment, when_to_send
from approvals.selectors.contacts import (
    AS_IT_IS,
    channels_that_reach,
    preference_of,
    read_wishes,
)
from approvals.services.contacts import read_stop_token, save_preference, stop_outcomes
from govapp.common import clock
from govapp.common.errors import NotFound
from govapp.common.forms import refusals_on
from tenants.http import PageRequest
from tenants.views.common import posted


@require_http_methods(["GET", "HEAD", "POST"])
def my_notifications(request: PageRequest, slug: str) -> HttpResponse:
    """Show and change how the reader is told. Everybody has this page, for themselves."""
    member = request.membership
    form = PreferenceForm(
        posted(request),
        reachable=channels_that_reach(member),
        zone=request.tenant.time_zone,
        initial=PreferenceForm.values_of(preference_of(member)),
    )
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            save_preference(actor=member, **form.wanted)
            messages.success(request, "Saved. It holds for what happens from now on.")
            return redirect("my_notifications", slug)
    wishes = read_wishes([member.pk]).get(member.pk, AS_IT_IS)
    now = clock.now()
    context = {
        "nav": "",
        "form": form,
        "now": now,
        "first": wishes.channels[0].label,
        "zone": wishes.zone if wishes.holds else request.tenant.time_zone,
        "waits": _waits(when_to_send(NotificationKind.INFORMED, wishes, now=now, deadline=None)),
        "wants_outcomes": wishes.wants_outcomes,
    }
    status = 422 if form.is_bound else 200
    return render(request, "approvals/contact/preferences.html", context, status=status)


def _waits(moment: Moment) -> Moment | None:
    return moment if moment.held_for != HeldFor.NOTHING else None


# A mail program posts here by itself (RFC 8058): without a cookie, a login or a token of a form.
# What it has is the signed address, and all that it can do is to stop messages about outcomes.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop_messages(request: HttpRequest, token: str) -> HttpResponse:
    """Stop the messages about outcomes of the token's person; GET and HEAD stop nothing."""
    try:
        if request.method == "POST":
            stop_outcomes(token)
        else:
            read_stop_token(token)
    except NotFound as error:
        raise Http404(error.detail) from error
    context = {"is_done": request.method == "POST"}
    return render(request, "approvals/contact/stop.html", context)
