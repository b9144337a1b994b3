"""The company's own words in messages, how they will look, and what became of what was sent."""

from typing import Any, Final

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp_replace, csp_update
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_safe

from approvals.enums import NotificationKind
from approvals.forms.contact import TemplateForm
from approvals.message_gaps import GAPS
from approvals.models import MessageTemplate
from approvals.selectors.messages import (
    STATES,
    Delivery,
    message_log,
    next_channels,
    template_of,
    templates,
)
from approvals.services.message_samples import sample
from approvals.services.message_templates import check_words, save_template
from approvals.transports.email import render_html
from approvals.views.common import page_links, read_cursor, read_filter
from govapp.common import clock
from govapp.common.errors import Invalid
from govapp.common.forms import refusals_on
from tenants import rules
from tenants.http import PageRequest
from tenants.views.common import posted

_NOT_READER: Final = "Your role does not include the settings."
_NOT_OWNER: Final = "Only an owner can change the messages."


@require_safe
def template_list(request: PageRequest, slug: str) -> HttpResponse:
    rules.require(rules.may_read_settings(request.membership), _NOT_READER)
    context = {"nav": "settings", "templates": templates()}
    return render(request, "approvals/messages/templates.html", context)


@csp_update({"frame-src": [SELF]})  # type: ignore[arg-type] # its types know no arguments
@require_http_methods(["GET", "HEAD", "POST"])
def template_edit(request: PageRequest, slug: str, kind: str) -> HttpResponse:
    """Show and change the company's words in messages of one kind."""
    found = _kind(kind)
    rules.require(rules.may_read_settings(request.membership), _NOT_READER)
    may_change = rules.may_change_settings(request.membership)
    words = template_of(found) or MessageTemplate(kind=found)
    start = {"subject": words.subject, "opening": words.opening, "closing": words.closing}
    form = TemplateForm(posted(request), initial=start)
    if request.method == "POST":
        rules.require(may_change, _NOT_OWNER)
        if form.is_valid():
            with refusals_on(form):
                save_template(actor=request.membership, kind=found, **form.cleaned_data)
                messages.success(request, "Saved. The next message says it like this.")
                return redirect("message_template", slug, kind)
    context: dict[str, Any] = {
        "nav": "settings",
        "form": form,
        "kind": found,
        "words": words,
        "gaps": GAPS.items(),
        "may_change": may_change,
        "subject": _sample(request, found, words).title,
    }
    status = 422 if form.is_bound else 200
    return render(request, "approvals/messages/template.html", context, status=status)


@csp_replace(  # type: ignore[arg-type] # its types know no arguments
    {
        "script-src": [NONE],
        "style-src": [UNSAFE_INLINE],
        "form-action": [NONE],
        "frame-ancestors": [SELF],
        "sandbox": [True],
    }
)
@xframe_options_sameorigin
@require_http_methods(["GET", "HEAD", "POST"])
def template_preview(request: PageRequest, slug: str, kind: str) -> HttpResponse:
    """Return a made-up mail in the words that are saved, or in those that are posted.

    Saves nothing. In a frame of the page above: a mail has styles of its own, which the policy of
    our pages forbids; here nothing else is allowed.
    """
    found = _kind(kind)
    rules.require(rules.may_read_settings(request.membership), _NOT_READER)
    words = template_of(found) or MessageTemplate(kind=found)
    form = TemplateForm(posted(request))
    if request.method == "POST":
        if not form.is_valid():
            return _unreadable([str(each) for faults in form.errors.values() for each in faults])
        try:
            check_words(form.cleaned_data)
        except Invalid as refused:
            return _unreadable([each.detail for each in refused.errors])
        words = MessageTemplate(kind=found, **form.cleaned_data)
    return HttpResponse(render_html(_sample(request, found, words)))


@require_safe
def message_list(request: PageRequest, slug: str) -> HttpResponse:
    """List what was sent to people, what waits and why, and what was given up."""
    rules.require(rules.may_read_settings(request.membership), _NOT_READER)
    state = read_filter(request, "state", STATES)
    page = message_log(read_cursor(request), state=state)
    following = next_channels(page.rows)
    tabs = [
        {"word": word, "href": f"?state={name}" if name else "?", "current": name == state}
        for name, word in (("", "All"), *STATES.items())
    ]
    context = {
        "nav": "settings",
        "now": clock.now(),
        "tabs": tabs,
        "state": state,
        "deliveries": [Delivery(row, following.get(row.pk, "")) for row in page.rows],
        "page": page_links(request, page.next_position),
    }
    return render(request, "approvals/messages/list.html", context)


def _kind(name: str) -> NotificationKind:
    try:
        return NotificationKind(name)
    except ValueError:
        raise Http404("There is no such message.") from None


def _sample(request: PageRequest, kind: NotificationKind, words: MessageTemplate) -> Any:
    return sample(kind=kind, tenant=request.tenant, reader=request.membership, words=words)


def _unreadable(faults: list[str]) -> HttpResponse:
    text = "\n".join(["These words cannot be sent as they are.", *faults])
    return HttpResponse(text, status=422, content_type="text/plain; charset=utf-8")
