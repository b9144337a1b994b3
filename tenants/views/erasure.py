"""Erasing a person: what will go is shown before it goes."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from govapp.common.forms import refusals_on
from tenants.forms import EraseForm
from tenants.http import PageRequest
from tenants.selectors import get_member
from tenants.services.erasure import erase_person, preview_erasure
from tenants.views.common import posted


@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: PageRequest, slug: str, member: str) -> HttpResponse:
    """Show what an erasure takes away and what hinders it; then, with a reason, erase."""
    found = get_member(member)
    preview = preview_erasure(actor=request.membership, member=found)
    form = EraseForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            reason = form.cleaned_data["reason"]
            erased = erase_person(actor=request.membership, member=found, reason=reason)
            messages.success(
                request,
                f"The person is erased: {erased.keys} keys of the record were destroyed. What they"
                " decided stays, as that of an erased person.",
            )
            return redirect("people", slug)
    context = {"nav": "people", "member": found, "preview": preview, "form": form}
    status = 422 if request.method == "POST" else 200
    return render(request, "tenants/person_erase.html", context, status=status)
