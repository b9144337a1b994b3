"""The start page: into the only tenant there is, or a choice of them."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from tenants.context import memberships_of


def landing_url(slug: str) -> str:
    """Return where a member of the tenant starts: the inbox, which the floor above brings."""
    try:
        return reverse("inbox", kwargs={"slug": slug})
    except NoReverseMatch:
        return reverse("people", kwargs={"slug": slug})


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    links = memberships_of(request)
    if len(links) == 1:
        return redirect(landing_url(links[0].tenant.slug))
    choices = [(link.tenant, landing_url(link.tenant.slug)) for link in links]
    return render(request, "tenants/home.html", {"choices": choices})
