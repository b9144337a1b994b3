"""Kinds of action, and who may approve them."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from approvals.forms.categories import KINDS, CategoryForm, RightForm
from approvals.models import ActionCategory
from approvals.selectors.categories import CategoryRow, get_category, list_categories
from approvals.selectors.people import APPROVE
from approvals.selectors.reviews import BREAK_GLASS
from approvals.services.categories import (
    change_category,
    create_category,
    give_right,
    take_right,
)
from approvals.undoing import to_lines
from govapp.common.forms import refusals_on
from tenants import rules
from tenants.enums import Role
from tenants.http import PageRequest
from tenants.models import Membership
from tenants.selectors import get_group, get_member, groups, members_with_role
from tenants.views.common import flash_refusal, posted

_NOT_EDITOR = "Only members with the role compliance edit categories."
_ALONE = {APPROVE: "", BREAK_GLASS: " alone, in an emergency"}
_FORMS = {APPROVE: "form", BREAK_GLASS: "alone_form"}
_NOT_GIVER = "Only members with the role compliance or owner give rights to approve."


@require_safe
def category_list(request: PageRequest, slug: str) -> HttpResponse:
    context = {
        "nav": "categories",
        "rows": list_categories(),
        "may_edit": rules.may_edit_policy(request.membership),
    }
    return render(request, "approvals/categories/list.html", context)


@require_safe
def category_detail(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    return _category_page(request, get_category(ident))


@require_http_methods(["GET", "HEAD", "POST"])
def category_create(request: PageRequest, slug: str) -> HttpResponse:
    rules.require(rules.may_edit_policy(request.membership), _NOT_EDITOR)
    form = CategoryForm(posted(request), is_new=True, initial={"payload_schema": "{}"})
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            made = create_category(actor=request.membership, **form.values())
            messages.success(request, f"{made.name} is there. Say who may approve it.")
            _tell_of_reading(request, form, made)
            return redirect("category_detail", slug, made.public_id)
    return _form_page(request, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
def category_change(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    category = get_category(ident).category
    rules.require(rules.may_edit_policy(request.membership), _NOT_EDITOR)
    start = CategoryForm.values_of(category)
    form = CategoryForm(posted(request), is_new=False, initial=start)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            changed = change_category(
                actor=request.membership, category=category, **form.values(category)
            )
            messages.success(request, f"{changed.name} is saved.")
            _tell_of_reading(request, form, changed)
            return redirect("category_detail", slug, ident)
    return _form_page(request, form, category)


@require_POST
def category_archive(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Archive a category, or take it back into use."""
    category = get_category(ident).category
    wanted = request.POST.get("to") != "used"
    with flash_refusal(request):
        change_category(actor=request.membership, category=category, is_archived=wanted)
        words = "archived. Its requests are blocked from now on" if wanted else "in use again"
        messages.success(request, f"{category.name} is {words}.")
    return redirect("category_detail", slug, ident)


@require_POST
def right_give(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    row = get_category(ident)
    rules.require(_may_give(request.membership), _NOT_GIVER)
    right = _right(request)
    form = _right_form(row, right, posted=request)
    if form.is_valid():
        with refusals_on(form):
            bearer = form.bearer()
            give_right(actor=request.membership, category=row.category, right=right, **bearer)
            words = f"{form.name()} may approve {row.category.name}{_ALONE[right]} now."
            messages.success(request, words)
            return redirect("category_detail", slug, ident)
    return _category_page(request, row, {_FORMS[right]: form})


@require_POST
def right_take(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    category = get_category(ident).category
    kind, _, ref = request.POST.get("of", "").partition(":")
    group = get_group(ref) if kind == "group" else None
    member = get_member(ref) if kind != "group" else None
    with flash_refusal(request):
        right = _right(request)
        take_right(
            actor=request.membership, category=category, group=group, member=member, right=right
        )
        name = group.name if group else member.user.name if member else ""
        messages.success(request, f"{name} may no longer approve {category.name}{_ALONE[right]}.")
    return redirect("category_detail", slug, ident)


def _tell_of_reading(request: PageRequest, form: CategoryForm, category: ActionCategory) -> None:
    """Say that a second person is needed, where one is."""
    if form.cleaned_data["is_reading"] and not category.is_reading:
        said = "While an environment is read-only, somebody else confirms that it only reads."
        messages.warning(request, f"{said} See Autonomy.")


def _may_give(member: Membership) -> bool:
    """As the service: compliance and owners."""
    return rules.may_edit_policy(member) or rules.may_manage_people(member)


def _right(request: PageRequest) -> str:
    """Return which right the posted form is about."""
    return BREAK_GLASS if request.POST.get("right") == "alone" else APPROVE


def _right_form(row: CategoryRow, right: str, *, posted: PageRequest | None = None) -> RightForm:
    is_alone = right == BREAK_GLASS
    return RightForm(
        posted.POST if posted else None,
        row=row,
        groups=groups(),
        members=members_with_role(Role.APPROVER),
        alone=is_alone,
        auto_id="alone_%s" if is_alone else "id_%s",
    )


def _category_page(
    request: PageRequest, row: CategoryRow, bound: dict[str, RightForm] | None = None
) -> HttpResponse:
    context = {
        "nav": "categories",
        "row": row,
        "category": row.category,
        "kind": dict(KINDS).get(row.category.display.get("kind", "fields"), "Fields"),
        "labels": (row.category.display.get("fields") or {}).items(),
        "undo_lines": to_lines(row.category.undo.get("payload", {})).splitlines(),
        "may_edit": rules.may_edit_policy(request.membership),
        "may_give": _may_give(request.membership),
        "form": _right_form(row, APPROVE),
        "alone_form": _right_form(row, BREAK_GLASS),
        **(bound or {}),
    }
    return render(
        request, "approvals/categories/detail.html", context, status=422 if bound else 200
    )


def _form_page(request: PageRequest, form: CategoryForm, category: object) -> HttpResponse:
    context = {"nav": "categories", "form": form, "category": category}
    status = 422 if request.method == "POST" else 200
    return render(request, "approvals/categories/form.html", context, status=status)
