"""Emergency approvals that wait for a review by somebody else, and those that had theirs."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from approvals.enums import ReviewOutcome
from approvals.forms.requests import ReviewForm
from approvals.models import BreakGlassReview
from approvals.selectors.reviews import (
    get_review,
    may_read_reviews,
    open_reviews,
    past_reviews,
    why_not_review,
)
from approvals.services.reviews import review_break_glass
from approvals.views.common import page_links, read_cursor, status_of
from govapp.common import clock
from govapp.common.errors import Conflict, DomainError, Forbidden
from govapp.common.forms import refusals_on
from tenants import rules
from tenants.http import PageRequest

_NOT_READER = "Only owners, compliance and auditors see the reviews."


@require_safe
def review_list(request: PageRequest, slug: str) -> HttpResponse:
    """Show what waits for a review, the most urgent first, and what had one."""
    rules.require(may_read_reviews(request.membership), _NOT_READER)
    after = read_cursor(request)
    done = past_reviews(after)
    context = {
        "nav": "reviews",
        "now": clock.now(),
        "waiting": open_reviews(request.membership) if after is None else [],
        "is_first": after is None,
        "done": done.rows,
        "page": page_links(request, done.next_position),
    }
    return render(request, "approvals/reviews/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def review_detail(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Show one emergency approval; POST says what somebody else finds of it."""
    rules.require(may_read_reviews(request.membership), _NOT_READER)
    review = get_review(ident)
    if request.method != "POST":
        return _page(request, review, ReviewForm())
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return _page(request, review, form)
    try:
        with refusals_on(form, passing=(Conflict,)):
            review_break_glass(
                actor=request.membership,
                review_id=review.pk,
                outcome=ReviewOutcome(form.cleaned_data["outcome"]),
                remark=form.cleaned_data["remark"],
            )
    except (Conflict, Forbidden) as refusal:
        return _page(request, get_review(ident), form, refusal)
    if form.errors:
        return _page(request, review, form)
    messages.success(request, "Your review is recorded.")
    return redirect("review_detail", slug, ident)


def _page(
    request: PageRequest,
    review: BreakGlassReview,
    form: ReviewForm,
    refusal: DomainError | None = None,
) -> HttpResponse:
    context = {
        "nav": "reviews",
        "now": clock.now(),
        "review": review,
        "ar": review.request,
        "why_not": why_not_review(review, request.membership),
        "form": form,
        "refusal": refusal,
    }
    status = status_of(refusal) if refusal else 422 if form.is_bound else 200
    return render(request, "approvals/reviews/detail.html", context, status=status)
