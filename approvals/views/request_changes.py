"""Approving with changes: write them, look at the difference, approve that."""

from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from approvals.ballots import Seen, read_seen, sign_seen
from approvals.forms.changes import ChangesForm
from approvals.forms.requests import TakeBackForm, read_proof
from approvals.guarding import is_masked
from approvals.models import ActionRequest
from approvals.selectors.action_page import find_request
from approvals.selectors.approvers import standing_of
from approvals.selectors.revisions import show_change
from approvals.sensitive import Kind, kinds_in, kinds_in_words
from approvals.services.changed_action import ProposedChange
from approvals.services.changes import ChangePreview, approve_with_changes, preview_changes
from approvals.services.reveals import reveal_request
from approvals.services.votes import withdraw_vote
from approvals.views.common import status_of
from approvals.views.requests import action_page
from govapp.common import clock
from govapp.common.errors import Conflict, DomainError, Forbidden, NotFound, Stale
from govapp.common.forms import refusals_on
from govapp.common.sensitive import last_name
from tenants.http import PageRequest
from tenants.selectors import factors_of

_PAGE_OR_POST: Final = ["GET", "HEAD", "POST"]
_NO_FIELDS: Final = "The category lets nobody change a field of it."
_CHANGED: Final = "This changed while you were reading. Look at it again, then decide."


@require_http_methods(_PAGE_OR_POST)
def request_change(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Write changes; `step=review` shows what they come to, `step=confirm` approves that.

    Where the fields hold personal data or secrets, `step=open` shows them, once it is recorded.
    """
    found = find_request(ident)
    _require_may_change(request, found)
    step = request.POST.get("step")
    if step == "open":
        return _open(request, found)
    if request.method != "POST":
        return _fresh(request, found)
    form = _form(request, found)
    if step not in ("review", "confirm") or not form.is_valid():
        return _page(request, found, form, is_wrong=step in ("review", "confirm"))
    try:
        seen = _read_seen(request, found, form)
        with refusals_on(form, passing=(Stale, Conflict)):
            if step == "confirm":
                return _approve(request, found, form, seen)
    except (Stale, Conflict, Forbidden) as refusal:
        return _fresh(request, found, refusal=refusal)
    if set(form.errors) - {"code", "passkey"}:  # another can be given where the first one was
        return _page(request, found, form, is_wrong=True)
    return _review(request, found, form)


@require_http_methods(_PAGE_OR_POST)
def request_take_back(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Take one's own approval back while the request still waits."""
    found = find_request(ident)
    if request.method != "POST":
        return redirect("request_detail", slug, ident)
    form = TakeBackForm(request.POST)
    if not form.is_valid():
        return action_page(request, found, take_back_form=form)
    try:
        withdraw_vote(member=request.membership, request_id=found.pk, **form.cleaned_data)
    except (Conflict, NotFound) as refusal:
        return action_page(request, find_request(ident), refusal=refusal, take_back_form=form)
    messages.success(request, "Your approval is taken back. You may decide again.")
    return redirect("request_detail", slug, ident)


def _require_may_change(request: PageRequest, found: ActionRequest) -> None:
    standing = standing_of(found, request.membership)
    if not standing.may_vote:
        raise Forbidden(standing.why)
    if not (found.category and found.category.editable_fields):
        raise Forbidden(_NO_FIELDS)


def _fresh(
    request: PageRequest, found: ActionRequest, *, refusal: DomainError | None = None
) -> HttpResponse:
    """Show the fields as they are; ask first where that would show what all pages mask."""
    form = _form(request, found, fresh=True)
    return _page(request, found, form, private=_private_kinds(found, form), refusal=refusal)


def _open(request: PageRequest, found: ActionRequest) -> HttpResponse:
    form = _form(request, found, fresh=True)
    reveal_request(actor=request.membership, request=found, kinds=_private_kinds(found, form))
    response = _page(request, found, form)
    response["Cache-Control"] = "no-store"
    return response


def _private_kinds(found: ActionRequest, form: ChangesForm) -> frozenset[Kind]:
    named = [{last_name(path): text} for path, text in form.shown().items()]
    kinds = kinds_in([named, form.initial["summary"]])
    return kinds | {"guarded"} if is_masked(found.trace) else kinds


def _form(request: PageRequest, found: ActionRequest, *, fresh: bool = False) -> ChangesForm:
    category = found.category
    assert category is not None  # noqa: S101 - looked at before, for the type checker
    reader = request.membership.public_id
    return ChangesForm(
        None if fresh else request.POST,
        initial={
            "seen": sign_seen(found, reader=reader, now=clock.now()),
            "summary": found.summary,
        },
        payload=found.payload,
        schema=category.payload_schema,
        editable=category.editable_fields,
        labels=category.display.get("fields") or {},
    )


def _read_seen(request: PageRequest, found: ActionRequest, form: ChangesForm) -> Seen:
    """Return what was seen; raise `Stale` when the fields in the form are no longer those."""
    seen = read_seen(form.cleaned_data["seen"], found, reader=request.membership.public_id)
    if (seen.payload_digest, seen.request_version) != (found.payload_digest, found.version):
        raise Stale(_CHANGED)
    return seen


def _review(request: PageRequest, found: ActionRequest, form: ChangesForm) -> HttpResponse:
    preview, errors = None, len(form.errors)
    try:
        with refusals_on(form, passing=(Conflict,)):
            preview = preview_changes(
                member=request.membership, request_id=found.pk, change=_change(form)
            )
    except (Conflict, Forbidden) as refusal:
        return _page(request, found, form, refusal=refusal)
    return _page(request, found, form, preview=preview, is_wrong=preview is None or bool(errors))


def _approve(
    request: PageRequest, found: ActionRequest, form: ChangesForm, seen: Seen
) -> HttpResponse:
    change = _change(form)
    decided = approve_with_changes(
        member=request.membership,
        request_id=found.pk,
        changes=change.values,
        summary=change.summary,
        payload_digest=seen.payload_digest,
        request_version=seen.request_version,
        reason=form.cleaned_data["reason"],
        channel=seen.channel,
        seconds_viewed=seen.seconds_until(clock.now()),
        proof=read_proof(form),
    )
    more = "More people have to agree." if decided.is_pending else "The request is approved."
    messages.success(request, f"Your approval of the changed action is recorded. {more}")
    return redirect("request_detail", request.tenant.slug, found.public_id)


def _change(form: ChangesForm) -> ProposedChange:
    return ProposedChange(form.changes(), form.cleaned_data["summary"])


def _page(
    request: PageRequest,
    found: ActionRequest,
    form: ChangesForm,
    *,
    preview: ChangePreview | None = None,
    private: frozenset[Kind] = frozenset(),
    refusal: DomainError | None = None,
    is_wrong: bool = False,
) -> HttpResponse:
    asks_factor = preview is not None and preview.step_up
    factors = factors_of(request.membership.user) if asks_factor else frozenset()
    context = {
        "nav": "requests",
        "ar": found,
        "form": form,
        "preview": preview,
        "private": kinds_in_words(private),
        "changes": [show_change(each.to_dict()) for each in preview.changes] if preview else [],
        "asks_factor": asks_factor,
        "factors": {
            "has_app": "totp" in factors,
            "has_passkey": "webauthn" in factors,
            "any": bool(factors),
        },
        "refusal": refusal,
    }
    status = status_of(refusal) if refusal else 422 if is_wrong else 200
    return render(request, "approvals/request_change.html", context, status=status)
