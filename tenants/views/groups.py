"""Approver groups."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from govapp.common.errors import Conflict
from govapp.common.forms import refusals_on
from tenants import rules
from tenants.departures import ConfirmationNeeded
from tenants.forms import GroupForm, GroupMemberForm
from tenants.http import PageRequest
from tenants.models import ApproverGroup
from tenants.selectors import get_group, get_member, groups
from tenants.services.groups import add_to_group, create_group, remove_from_group
from tenants.views.common import ask_first, is_confirmed, posted


@require_safe
def group_list(request: PageRequest, slug: str) -> HttpResponse:
    context = {
        "nav": "people",
        "groups": groups(),
        "may_manage": rules.may_manage_people(request.membership),
    }
    return render(request, "tenants/group_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PageRequest, slug: str) -> HttpResponse:
    rules.require(rules.may_manage_people(request.membership), "Only an owner can manage groups.")
    form = GroupForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            made = create_group(actor=request.membership, **form.cleaned_data)
            messages.success(request, f"The group {made.name} is there. Add its members.")
            return redirect("group_detail", slug, made.slug)
    status = 422 if request.method == "POST" else 200
    return render(
        request, "tenants/group_create.html", {"nav": "people", "form": form}, status=status
    )


@require_safe
def group(request: PageRequest, slug: str, group: str) -> HttpResponse:
    return _group_page(request, get_group(group))


@require_POST
def add(request: PageRequest, slug: str, group: str) -> HttpResponse:
    found = get_group(group)
    form = GroupMemberForm(request.POST, group=found)
    rules.require(rules.may_manage_people(request.membership), "Only an owner can manage groups.")
    if form.is_valid():
        with refusals_on(form):
            add_to_group(actor=request.membership, group=found, **form.cleaned_data)
            member = form.cleaned_data["member"]
            messages.success(request, f"{member.user.name} is in {found.name} now.")
            return redirect("group_detail", slug, group)
    return _group_page(request, found, form)


@require_POST
def remove(request: PageRequest, slug: str, group: str, member: str) -> HttpResponse:
    found, person = get_group(group), get_member(member)
    try:
        remove_from_group(
            actor=request.membership, group=found, member=person, confirmed=is_confirmed(request)
        )
        messages.success(request, f"{person.user.name} is no longer in {found.name}.")
    except ConfirmationNeeded as needed:
        back = reverse("group_detail", args=[slug, group])
        title = f"Remove {person.user.name} from {found.name}"
        return ask_first(request, needed, title=title, back=back)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
    return redirect("group_detail", slug, group)


def _group_page(
    request: PageRequest, group: ApproverGroup, bound: GroupMemberForm | None = None
) -> HttpResponse:
    context = {
        "nav": "people",
        "group": group,
        "may_manage": rules.may_manage_people(request.membership),
        "form": bound or GroupMemberForm(group=group),
    }
    return render(request, "tenants/group_detail.html", context, status=422 if bound else 200)
