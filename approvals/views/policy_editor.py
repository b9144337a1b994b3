"""Drafts of the policy: begun, written in sentences or as a document, saved, sent to review."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from approvals.models import PolicyDraft
from approvals.policy_editor.actions import act
from approvals.policy_editor.beside import Beside, build_beside, period_named
from approvals.policy_editor.inputs import DURATIONS
from approvals.policy_editor.pages import EditorPage, build_page
from approvals.policy_editor.state import EditorState, read_source, read_state
from approvals.policy_editor.vocabulary import Vocabulary, read_vocabulary
from approvals.selectors.policy_drafts import get_draft
from approvals.selectors.policy_pages import RuleLine, compare
from approvals.services.drafts import StaleDraft, create_draft, save_draft
from govapp.common.errors import Conflict, DomainError, Invalid
from tenants import rules
from tenants.http import PageRequest

NOT_EDITOR: Final = "Only members with the role compliance write and publish policies."
_FINISH: Final = ("save", "review", "copy")


@require_http_methods(["GET", "HEAD", "POST"])
def policy_draft(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Show a draft, and do what a button on its page asks for."""
    draft = _editable(request, ident)
    if not draft.is_open and request.method != "POST":
        return render(request, "approvals/policy/editor/closed.html", _basics(draft))
    vocabulary = read_vocabulary()
    if request.method != "POST":
        state = read_source(draft.source)
        state.open_part(request.GET.get("open", ""))
        state.is_text = state.is_text or request.GET.get("view") == "text"
        return _page(request, draft, state, vocabulary, title=draft.title)
    state = read_state(dict(request.POST.lists()), vocabulary)
    action = request.POST.get("do", "check")
    if action in _FINISH:
        return _finish(request, draft, state, vocabulary, action)
    act(state, action)
    beside = None
    if action == "check":
        page = build_page(state, vocabulary)
        beside = build_beside(page, _period(request.POST), vocabulary, actor=request.membership)
    return _page(request, draft, state, vocabulary, beside=beside)


@require_POST
def policy_draft_preview(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Answer with the left half as it would be after a button, for the page's script."""
    draft = _editable(request, ident)
    vocabulary = read_vocabulary()
    state = read_state(dict(request.POST.lists()), vocabulary)
    act(state, request.POST.get("do", "check"))
    context = _context(request, draft, build_page(state, vocabulary))
    return render(request, "approvals/policy/editor/preview.html", context)


@require_POST
def policy_draft_replay(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Answer with the right half: a replay of what was typed so far, and remarks on it."""
    draft = _editable(request, ident)
    vocabulary = read_vocabulary()
    page = build_page(read_state(dict(request.POST.lists()), vocabulary), vocabulary)
    beside = build_beside(page, _period(request.POST), vocabulary, actor=request.membership)
    context = _context(request, draft, page) | {"beside": beside}
    return render(request, "approvals/policy/editor/beside.html", context)


def revision_seen(request: PageRequest) -> int:
    """Return the revision of the draft that the page showed; 0, which none has, for no number."""
    sent = request.POST.get("revision", "")
    return int(sent) if sent.isdecimal() and len(sent) < 10 else 0


def _editable(request: PageRequest, ident: str) -> PolicyDraft:
    rules.require(rules.may_edit_policy(request.membership), NOT_EDITOR)
    return get_draft(ident)


def _period(sent: QueryDict) -> str:
    return period_named(sent.get("period", ""))


def _finish(
    request: PageRequest,
    draft: PolicyDraft,
    state: EditorState,
    vocabulary: Vocabulary,
    action: str,
) -> HttpResponse:
    """Save, as this draft or as one of its own, and go on. What is refused stays on the page."""
    title = request.POST.get("title", "").strip()
    slug = request.tenant.slug
    try:
        _check_kept(state)
        if action == "copy":
            made = create_draft(
                actor=request.membership,
                source=state.source,
                title=title,
                based_on=draft.based_on,
            )
            messages.success(request, "Yours is a draft of its own now.")
            return redirect("policy_draft", slug, made.public_id)
        saved = save_draft(
            actor=request.membership,
            draft_id=draft.pk,
            revision=revision_seen(request),
            source=state.source,
            title=title,
        )
    except StaleDraft as stale:
        return _stale(request, stale, state, vocabulary)
    except (Conflict, Invalid) as error:
        status = 409 if isinstance(error, Conflict) else 422
        return _page(request, draft, state, vocabulary, refusal=error, status=status)
    if action == "review":
        return redirect("policy_draft_review", slug, draft.public_id)
    messages.success(request, f"Saved. This is revision {saved.revision}.")
    where = reverse("policy_draft", args=[slug, draft.public_id])
    more = QueryDict(mutable=True)
    if state.open:
        more["open"] = state.open
    if state.is_text:
        more["view"] = "text"
    return redirect(f"{where}?{more.urlencode()}" if more else where)


def _check_kept(state: EditorState) -> None:
    if state.refused:
        raise Invalid("Something on this page cannot be kept yet; it is marked below.")


def _stale(
    request: PageRequest, stale: StaleDraft, state: EditorState, vocabulary: Vocabulary
) -> HttpResponse:
    """Show what somebody else saved beside what is on this page; nothing is overwritten."""
    theirs = build_page(read_source(stale.draft.source), vocabulary)
    mine = build_page(state, vocabulary)
    lines = compare(_lines(theirs), _lines(mine))
    return _page(
        request,
        stale.draft,
        state,
        vocabulary,
        status=409,
        stale={"draft": stale.draft, "lines": [each for each in lines if each.op != "same"]},
    )


def _lines(page: EditorPage) -> list[RuleLine]:
    """Return every sentence of a page, also of what is no policy yet."""
    if page.state.document is None:
        return [RuleLine(f"line {n}", each) for n, each in enumerate(page.state.source.split("\n"))]
    return [
        RuleLine(card.title, card.sentence if card.is_finished else f"{card.title}: unfinished")
        for card in (*page.rules, page.otherwise, *page.flows)
    ]


def _basics(draft: PolicyDraft) -> dict[str, Any]:
    return {"nav": "policy", "draft": draft, "title": draft.title or "Draft without a title"}


def _context(request: PageRequest, draft: PolicyDraft, page: EditorPage) -> dict[str, Any]:
    title = request.POST.get("title", draft.title) if request.method == "POST" else draft.title
    return _basics(draft) | {
        "page": page,
        "durations": DURATIONS,
        "is_saved": page.state.source == draft.source and title.strip() == draft.title,
    }


def _page(
    request: PageRequest,
    draft: PolicyDraft,
    state: EditorState,
    vocabulary: Vocabulary,
    *,
    title: str | None = None,
    beside: Beside | None = None,
    refusal: DomainError | None = None,
    stale: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    page = build_page(state, vocabulary)
    # Who saw what somebody else saved may save over it; before that, the revision that was sent.
    context = _context(request, draft, page) | {
        "typed_title": request.POST.get("title", "") if title is None else title,
        "revision": draft.revision if stale else revision_seen(request) or draft.revision,
        "beside": beside or Beside(_period(request.POST)),
        "refusal": refusal,
        "stale": stale,
    }
    return render(request, "approvals/policy/editor/editor.html", context, status=status)
