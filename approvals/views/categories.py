"""Kinds of action, and who may approve them."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from approvals.forms import CategoryForm, RightForm
from approvals.selectors.categories import CategoryRow, find_category, list_categories
from approvals.services.categories import (
    change_category,
    create_category,
    give_right,
    take_right,
)
from govapp.common.forms import refusals_on
from tenants import rules
from tenants.http import PageRequest
from tenants.selectors import get_group, get_member, groups
from tenants.views.common import flash_refusal, posted

_NOT_EDITOR = "Only members with the role compliance edit categories."


def may_give_rights(request: PageRequest) -> bool:
    """As `services.categories`: compliance and owners."""
    member = request.membership
    return rules.may_edit_policy(member) or rules.may_manage_people(member)


@require_safe
def category_list(request: PageRequest, slug: str) -> HttpResponse:
    context = {
        "nav": "categories",
        "rows": list_categories(),
        "may_edit": rules.may_edit_policy(request.membership),
    }
    return render(request, "approvals/category_list.html", context)


@require_safe
def category_detail(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    return _category_page(request, find_category(ident))


@require_http_methods(["GET", "HEAD", "POST"])
def category_create(request: PageRequest, slug: str) -> HttpResponse:
    rules.require(rules.may_edit_policy(request.membership), _NOT_EDITOR)
    form = CategoryForm(
        posted(request), is_new=True, initial={"payload_schema": {}, "fields_shown": {}}
    )
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            made = create_category(actor=request.membership, **form.values())
            messages.success(request, f"{made.name} is there. Say who may approve it.")
            return redirect("category_detail", slug, made.public_id)
    return _form_page(request, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
def category_change(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    row = find_category(ident)
    rules.require(rules.may_edit_policy(request.membership), _NOT_EDITOR)
    start = CategoryForm.values_of(row.category)
    form = CategoryForm(posted(request), is_new=False, initial=start)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            changed = change_category(
                actor=request.membership,
                category=row.category,
                **form.values(row.category.display),
            )
            messages.success(request, f"{changed.name} is saved.")
            return redirect("category_detail", slug, ident)
    return _form_page(request, form, row)


@require_POST
def right_give(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    row = find_category(ident)
    rules.require(may_give_rights(request), "Only compliance and owners give rights to approve.")
    form = RightForm(request.POST, row=row, groups=list(groups()))
    if form.is_valid():
        with refusals_on(form):
            give_right(actor=request.membership, category=row.category, **form.bearer())
            messages.success(request, "The right is given, from the next vote on.")
            return redirect("category_detail", slug, ident)
    return _category_page(request, row, form)


@require_POST
def right_take(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    row = find_category(ident)
    rules.require(may_give_rights(request), "Only compliance and owners take rights to approve.")
    kind, _, ref = request.POST.get("of", "").partition(":")
    with flash_refusal(request):
        bearer = {"group": get_group(ref)} if kind == "group" else {"member": get_member(ref)}
        take_right(actor=request.membership, category=row.category, **bearer)  # type: ignore[arg-type]
        messages.success(request, "The right is taken, from the next vote on.")
    return redirect("category_detail", slug, ident)


def _category_page(
    request: PageRequest, row: CategoryRow, bound: RightForm | None = None
) -> HttpResponse:
    context = {
        "nav": "categories",
        "row": row,
        "category": row.category,
        "may_edit": rules.may_edit_policy(request.membership),
        "may_give": may_give_rights(request),
        "form": bound or RightForm(row=row, groups=list(groups())),
    }
    status = 422 if bound else 200
    return render(request, "approvals/category_detail.html", context, status=status)


def _form_page(request: PageRequest, form: CategoryForm, row: CategoryRow | None) -> HttpResponse:
    context = {"nav": "categories", "form": form, "category": row.category if row else None}
    status = 422 if request.method == "POST" else 200
    return render(request, "approvals/category_form.html", context, status=status)
