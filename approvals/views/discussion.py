"""The discussion of a request, and seeing what its page masks."""

from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from approvals.forms.discussion import CommentForm
from approvals.models import ActionRequest
from approvals.selectors.action_page import find_request, read_action_page
from approvals.services.discussion import add_comment, answer, ask_owner
from approvals.services.reveals import reveal_request
from approvals.views.requests import action_page
from govapp.common.errors import Conflict, Forbidden, NotFound
from govapp.common.forms import refusals_on
from govapp.common.sensitive import shown_plainly
from tenants.http import PageRequest

_PAGE_OR_POST: Final = ["GET", "HEAD", "POST"]
_SAID: Final = {
    "people": "Your comment is added.",
    "owner": "Your question is asked; the agent's owner is told.",
    "answer": "Your answer is added; whoever asked is told.",
}


@require_http_methods(_PAGE_OR_POST)
def request_comment(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Add a comment, a question to the agent's owner, or an answer."""
    found = find_request(ident)
    if request.method != "POST":
        return redirect("request_detail", slug, ident)
    form = CommentForm(request.POST, auto_id="comment_%s")
    if not form.is_valid():
        return action_page(request, found, comment_form=form)
    try:
        with refusals_on(form, passing=(Conflict,)):
            _say(request, found, form)
    except (Conflict, Forbidden, NotFound) as refusal:
        return action_page(request, find_request(ident), refusal=refusal, comment_form=form)
    if form.errors:
        return action_page(request, found, comment_form=form)
    messages.success(request, _SAID[form.cleaned_data["to"]])
    return redirect(reverse("request_detail", args=[slug, ident]) + "#discussion")


@require_http_methods(_PAGE_OR_POST)
def request_reveal(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Show the page once without masks, after recording who asked for what.

    The answer is kept by nobody: it says so, and the next opening masks again.
    """
    found = find_request(ident)
    if request.method != "POST":
        return redirect("request_detail", slug, ident)
    page = read_action_page(found, request.membership)
    reveal_request(actor=request.membership, request=found, kinds=page.private_kinds)
    with shown_plainly():
        response = action_page(request, found)
    response["Cache-Control"] = "no-store"
    return response


def _say(request: PageRequest, found: ActionRequest, form: CommentForm) -> None:
    said, actor = form.cleaned_data, request.membership
    if said["to"] == "answer":
        answer(actor=actor, request_id=found.pk, question=said["answers"], text=said["text"])
        return
    mentions = [said["mention"]] if said["mention"] else []
    say = ask_owner if said["to"] == "owner" else add_comment
    say(actor=actor, request_id=found.pk, text=said["text"], mentions=mentions)
