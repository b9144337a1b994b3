"""Keeping and forgetting filters of the inbox."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from approvals.services.saved_filters import remove_filter, save_filter
from govapp.common.errors import Invalid, NotFound
from govapp.common.ids import InvalidId, parse_public_id
from tenants.http import PageRequest


@require_POST
def filter_save(request: PageRequest, slug: str) -> HttpResponse:
    """Keep what the inbox is narrowed to."""
    query = request.POST.get("query", "")
    try:
        saved = save_filter(
            member=request.membership, name=request.POST.get("name", ""), query=query
        )
    except Invalid as refusal:
        messages.error(request, refusal.detail)
        return redirect(f"{reverse('inbox', args=[slug])}?{query}")
    messages.success(request, f"Kept as “{saved.name}”.")
    return redirect(f"{reverse('inbox', args=[slug])}?{saved.query}")


@require_POST
def filter_remove(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Forget one."""
    try:
        remove_filter(member=request.membership, filter_id=parse_public_id("flt", ident))
    except InvalidId as error:
        raise NotFound(str(error)) from None
    messages.success(request, "The filter is removed.")
    return redirect("inbox", slug)
