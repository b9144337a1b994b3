"""Guardrails: what holds, trying an example, a draft, and publishing it."""

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from approvals.forms.guardrails import (
    ConfirmForm,
    DiscardForm,
    DocumentForm,
    RulesForm,
    TryForm,
)
from approvals.guardrails import RuleSet
from approvals.models import GuardrailVersion
from approvals.selectors.guardrail_pages import (
    changes_of,
    diff_lines,
    get_version,
    rules_in,
    show_rules,
    try_example,
)
from approvals.selectors.guardrails import (
    draft_guardrails,
    list_guardrails,
    live_guardrails,
    who_may_publish,
)
from approvals.selectors.request_list import category_keys
from approvals.services.guardrails import (
    discard_guardrails,
    publish_guardrails,
    save_guardrails,
)
from govapp.common.errors import DomainError
from govapp.common.forms import refusals_on
from tenants import rules
from tenants.http import PageRequest
from tenants.views.common import posted

_NOT_READER: Final = "Your role does not include the guardrails."
_NOT_WRITER: Final = "Only members with the role compliance write guardrails."
_GET_AND_POST: Final = ["GET", "HEAD", "POST"]


@require_safe
def guardrails(request: PageRequest, slug: str) -> HttpResponse:
    """Show the rules that hold now, a place to try an example, and every version."""
    return _home(request, TryForm(categories=category_keys()))


@require_http_methods(_GET_AND_POST)
def guardrails_try(request: PageRequest, slug: str) -> HttpResponse:
    """Show what the rules make of an example: those in force, or those of the draft."""
    form = TryForm(posted(request), categories=category_keys())
    if not form.is_bound or not form.is_valid():
        return _home(request, form)
    return _home(request, form, tries_draft=request.POST.get("with") == "draft")


@require_http_methods(_GET_AND_POST)
def guardrails_draft(request: PageRequest, slug: str) -> HttpResponse:
    """Write a draft: what follows from each rule, and a rule about words."""
    rules.require(rules.may_edit_policy(request.membership), _NOT_WRITER)
    form = _rules_form(posted(request))
    if form.is_bound and form.is_valid():
        with refusals_on(form):
            return _save(request, slug, form.to_document(), form.cleaned_data)
    return _draft(request, form, DocumentForm(initial=_document_start()))


@require_http_methods(_GET_AND_POST)
def guardrails_text(request: PageRequest, slug: str) -> HttpResponse:
    """Write a draft as text."""
    rules.require(rules.may_edit_policy(request.membership), _NOT_WRITER)
    form = DocumentForm(posted(request), initial=_document_start())
    if form.is_bound and form.is_valid():
        with refusals_on(form):
            return _save(request, slug, form.cleaned_data["document"], form.cleaned_data)
    return _draft(request, _rules_form(), form)


@require_http_methods(_GET_AND_POST)
def guardrails_publish(request: PageRequest, slug: str) -> HttpResponse:
    """Publish the draft, with a confirmation in words."""
    rules.require(rules.may_edit_policy(request.membership), _NOT_WRITER)
    draft = draft_guardrails()
    if draft is None:
        return redirect("guardrails", slug)
    form = ConfirmForm(posted(request), initial=_seen(draft))
    if form.is_bound and form.is_valid():
        with refusals_on(form):
            made = publish_guardrails(actor=request.membership, **form.cleaned_data)
            messages.success(request, f"Version {made.number} is published: it holds from now on.")
            return redirect("guardrails", slug)
    is_own = draft.written_by_id == request.membership.pk
    context = _version_context(draft) | {
        "form": form,
        "is_shut_out": is_own and not request.tenant.single_person_publishing,
        "publishers": who_may_publish(draft, request.tenant),
    }
    return _render(request, "publish", context, form)


@require_http_methods(_GET_AND_POST)
def guardrails_discard(request: PageRequest, slug: str) -> HttpResponse:
    """Discard the draft."""
    rules.require(rules.may_edit_policy(request.membership), _NOT_WRITER)
    form = DiscardForm(posted(request))
    if form.is_bound and form.is_valid():
        try:
            discard_guardrails(actor=request.membership, **form.cleaned_data)
        except DomainError as refused:
            messages.error(request, refused.detail)
            return redirect("guardrails_draft", slug)
        messages.success(request, "The draft is discarded; nothing has changed.")
    return redirect("guardrails", slug)


@require_safe
def guardrails_version(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Show a version: its rules, what it changed, and who published it."""
    rules.require(rules.may_read_settings(request.membership), _NOT_READER)
    return _render(request, "version", _version_context(get_version(ident)))


def _home(request: PageRequest, form: TryForm, *, tries_draft: bool = False) -> HttpResponse:
    rules.require(rules.may_read_settings(request.membership), _NOT_READER)
    live, draft = live_guardrails(), draft_guardrails()
    tried = None
    if form.is_bound and form.is_valid():
        tried = try_example(
            form.cleaned_data["example"],
            rules_in(draft if tries_draft and draft else live),
            category=form.cleaned_data["category"],
        )
    context = {
        "live": live,
        "shown": show_rules(rules_in(live)),
        "draft": draft,
        "versions": list_guardrails(),
        "form": form,
        "tried": tried,
        "tries_draft": tries_draft,
        "may_edit": rules.may_edit_policy(request.membership),
    }
    return _render(request, "home", context, form if tried is None else None)


def _draft(request: PageRequest, form: RulesForm, text: DocumentForm) -> HttpResponse:
    draft = draft_guardrails()
    context = {"form": form, "text": text, "draft": draft}
    if draft is not None:
        context |= _version_context(draft)
    return _render(request, "draft", context, form if form.is_bound else text)


def _version_context(version: Any) -> dict[str, Any]:
    changes = changes_of(version)
    return {
        "version": version,
        "shown": show_rules(rules_in(version)),
        "lines": diff_lines(changes),
        "looser": [each.rule for each in changes if each.is_looser],
    }


def _save(request: PageRequest, slug: str, document: Any, said: dict[str, Any]) -> HttpResponse:
    save_guardrails(
        actor=request.membership,
        document=document,
        remark=said["remark"],
        revision=said["revision"],
        number=said["number"],
    )
    messages.success(request, "Saved as a draft. Nothing changes until it is published.")
    return redirect("guardrails_draft", slug)


def _rules_form(data: Any = None) -> RulesForm:
    start, written = _start(), _written()
    start["number"] = written.number
    return RulesForm(data, initial=start, rules=written, categories=category_keys())


def _seen(draft: GuardrailVersion) -> dict[str, int]:
    return {"number": draft.number, "revision": draft.revision}


def _written() -> RuleSet:
    return rules_in(draft_guardrails() or live_guardrails())


def _start() -> dict[str, Any]:
    draft = draft_guardrails()
    return {
        "revision": draft.revision if draft else 0,
        "remark": draft.remark if draft else "",
    }


def _document_start() -> dict[str, Any]:
    start = _start()
    return DocumentForm.start(_written(), revision=start["revision"], remark=start["remark"])


def _render(
    request: PageRequest, name: str, context: dict[str, Any], form: forms.Form | None = None
) -> HttpResponse:
    status = 422 if form is not None and form.is_bound and form.errors else 200
    shown = {"nav": "guardrails"} | context
    return render(request, f"approvals/guardrails/{name}.html", shown, status=status)
