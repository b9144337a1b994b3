"""Erasing a person: what will go is shown before it goes."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from audit.selectors.held_files import keeping
from audit.services.erased_files import Emptied
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
                f" decided stays, as that of an erased person.{_left_words(erased.emptied)}",
            )
            return redirect("people", slug)
    context = {"nav": "people", "member": found, "preview": preview, "form": form}
    status = 422 if request.method == "POST" else 200
    return render(request, "tenants/person_erase.html", context, status=status)


def _left_words(emptied: Emptied) -> str:
    if not emptied.left:
        return ""
    files = "1 file stays" if emptied.left == 1 else f"{emptied.left} files stay"
    return f" {files} for now: {keeping(emptied.holds)} something in there."
