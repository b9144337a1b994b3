"""Asking that an executed action is taken back."""

from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from approvals.enums import RequestStatus
from approvals.forms.requests import RollbackForm
from approvals.selectors.action_page import find_request
from approvals.services.undoing import request_undo
from approvals.views.requests import action_page
from govapp.common.errors import Conflict, Forbidden
from tenants.http import PageRequest

_SAID: Final = {
    RequestStatus.PENDING: "This asks that it is taken back; people decide on it now.",
    RequestStatus.ALLOWED: "The rules allow that it is taken back: its agent can do so now.",
    RequestStatus.BLOCKED: "The rules do not allow that it is taken back.",
}


@require_http_methods(["GET", "HEAD", "POST"])
def request_undo_page(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Submit what takes it back, and show that; what is refused is said on the page."""
    found = find_request(ident)
    if request.method != "POST":
        return redirect("request_detail", slug, ident)
    form = RollbackForm(request.POST, auto_id="rollback_%s")
    if not form.is_valid():
        return action_page(request, found, rollback_form=form)
    try:
        made = request_undo(actor=request.membership, request_id=found.pk, **form.cleaned_data)
    except (Conflict, Forbidden) as refusal:
        return action_page(request, find_request(ident), refusal=refusal, rollback_form=form)
    words = _SAID[RequestStatus(made.status)]
    if made.status == RequestStatus.BLOCKED:
        messages.error(request, words)
    else:
        messages.success(request, words)
    return redirect("request_detail", slug, made.public_id)
