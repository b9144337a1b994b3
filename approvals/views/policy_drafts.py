"""Around a draft: where it begins, how it goes to review, and how it is discarded."""

from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from approvals.forms.policy_drafts import EMPTY, LIVE, ReviewForm, StartForm
from approvals.models import PolicyVersion
from approvals.policies import PolicyInvalid, dump_policy
from approvals.policies.comparing import Effect, compare_policies
from approvals.policies.reference import describe_language
from approvals.policy_editor.pages import EditorPage, build_page
from approvals.policy_editor.state import EMPTY_SOURCE, read_source
from approvals.policy_editor.vocabulary import read_vocabulary
from approvals.selectors.policies import compiled
from approvals.selectors.policy_drafts import get_draft
from approvals.selectors.policy_pages import (
    Changes,
    compare,
    get_version,
    list_versions,
    live_version,
    read_sentences,
)
from approvals.selectors.reachability import find_obstacles
from approvals.selectors.simulation_pages import simulation_box
from approvals.services.drafts import create_draft, discard_draft, submit_for_review
from approvals.views.policy_editor import NOT_EDITOR, revision_seen
from govapp.common.errors import Conflict
from govapp.common.forms import refusals_on
from tenants import rules
from tenants.http import PageRequest
from tenants.views.common import flash_refusal, posted

_HEADINGS: Final = (
    ("payload", "What is asked for"),
    ("category", "The kind of action"),
    ("agent", "The agent"),
    ("delegation", "The agent"),
    ("run", "Earlier in the same run"),
    ("history", "What happened before"),
    ("time", "When it is asked"),
)


@require_http_methods(["GET", "HEAD", "POST"])
def policy_draft_new(request: PageRequest, slug: str) -> HttpResponse:
    """Begin a draft: from what is live, from a version (`?from=`), or from nothing."""
    rules.require(rules.may_edit_policy(request.membership), NOT_EDITOR)
    versions = list_versions()
    named = request.GET.get("from", "")
    if named and all(each.public_id != named for each in versions):
        versions = [*versions, get_version(named)]  # an older one, or none at all
    initial = {"start": named} if named else {}
    form = StartForm(posted(request), versions=versions, initial=initial)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            made = create_draft(
                actor=request.membership,
                source=_start_text(form.cleaned_data["start"]),
                title=form.cleaned_data["title"],
            )
            return redirect("policy_draft", slug, made.public_id)
    context = {"nav": "policy", "form": form}
    status = 422 if request.method == "POST" else 200
    return render(request, "approvals/policy/editor/new.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def policy_draft_review(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Send what was saved to somebody else, with a remark; show first what it changes."""
    rules.require(rules.may_edit_policy(request.membership), NOT_EDITOR)
    draft = get_draft(ident)
    if request.method != "POST" and not draft.is_open:
        return redirect("policy_draft", slug, ident)
    page = build_page(read_source(draft.source), read_vocabulary())
    form = ReviewForm(posted(request), initial={"remark": draft.title})
    refusal: Conflict | None = None
    if request.method == "POST" and form.is_valid():
        try:
            with refusals_on(form, passing=(Conflict,)):
                version = submit_for_review(
                    actor=request.membership,
                    draft_id=draft.pk,
                    revision=revision_seen(request),
                    remark=form.cleaned_data["remark"],
                )
                messages.success(
                    request, f"Version {version.number} is in review. It decides nothing yet."
                )
                return redirect("policy_version", slug, version.public_id)
        except Conflict as error:
            refusal = error
    context = {
        "nav": "policy",
        "draft": draft,
        "title": draft.title or "Draft without a title",
        "page": page,
        "form": form,
        "refusal": refusal,
        "changes": _changes(page),
        "obstacles": find_obstacles(page.policy) if page.policy else [],
        "effect": _effect(page),
        "box": simulation_box(request.membership, draft=draft),
    }
    status = 409 if refusal else 422 if form.is_bound else 200
    return render(request, "approvals/policy/editor/review.html", context, status=status)


@require_POST
def policy_draft_discard(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Discard a draft. What was saved of it stays in the record."""
    rules.require(rules.may_edit_policy(request.membership), NOT_EDITOR)
    draft = get_draft(ident)
    where = reverse("policy_draft", args=[slug, ident])
    with flash_refusal(request):
        discard_draft(actor=request.membership, draft_id=draft.pk, revision=revision_seen(request))
        messages.success(request, "The draft is discarded.")
        where = reverse("policy", args=[slug])
    return redirect(where)


@require_safe
def policy_language(request: PageRequest, slug: str) -> HttpResponse:
    """Say what rules can look at, how, and what they can ask for: the reference in the page."""
    language = describe_language()
    words = {each.name: each.words for each in language.operators}
    headings = dict(_HEADINGS)
    fields: dict[str, list[dict[str, object]]] = {}
    for each in language.fields:
        heading = headings.get(each.name.partition(".")[0], "The request")
        is_any = len(each.operators) == len(words)
        reads = "whatever fits its type"
        if not is_any:
            reads = ", ".join(words[name] for name in each.operators)
        fields.setdefault(heading, []).append(vars(each) | {"reads": reads})
    context = {"nav": "policy", "language": language, "fields": fields}
    return render(request, "approvals/policy/editor/language.html", context)


def _start_text(start: str) -> str:
    if start == EMPTY:
        return EMPTY_SOURCE
    return text_of(live_version() if start == LIVE else get_version(start))


def text_of(version: PolicyVersion | None) -> str:
    """Return a version as it was written, or as it would be; an empty policy for none."""
    if version is None:
        return EMPTY_SOURCE
    if version.source:
        return version.source
    try:
        return dump_policy(compiled(version))
    except PolicyInvalid:
        return EMPTY_SOURCE


def _changes(page: EditorPage) -> Changes | None:
    """Return what the draft changes of what is live, in sentences."""
    former = live_version()
    if former is None or page.policy is None:
        return None
    version = PolicyVersion(document=page.policy.document, digest=page.policy.digest)
    lines = compare(read_sentences(former).lines(), read_sentences(version).lines())
    return Changes(former, tuple(lines))


def _effect(page: EditorPage) -> Effect | None:
    former = live_version()
    if former is None or page.policy is None:
        return None
    try:
        return compare_policies(compiled(former), page.policy)
    except PolicyInvalid:
        return Effect.unreadable(former.number)
