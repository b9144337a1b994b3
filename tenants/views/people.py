"""Members and invitations."""

from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from govapp.common import clock
from govapp.common.forms import refusals_on
from tenants import rules
from tenants.departures import ConfirmationNeeded, what_would_break
from tenants.forms import InviteForm, ManagerForm, OptionalReasonForm, RolesForm
from tenants.http import PageRequest
from tenants.models import Membership
from tenants.selectors import (
    get_member,
    get_open_invitation,
    groups_by_member,
    members,
    open_invitations,
)
from tenants.selectors.absences import absences_of
from tenants.services.erasure import is_erased
from tenants.services.people import (
    change_roles,
    invite_member,
    resend_invitation,
    resume_member,
    revoke_invitation,
    set_manager,
    suspend_member,
)
from tenants.spans import span_in_words
from tenants.views.common import ask_first, flash_refusal, is_confirmed, posted


@require_safe
def people(request: PageRequest, slug: str) -> HttpResponse:
    groups = groups_by_member()
    may_manage = rules.may_manage_people(request.membership)
    context = {
        "nav": "people",
        "rows": [(member, groups.get(member.pk, [])) for member in members()],
        "invitations": open_invitations() if may_manage else [],
        "may_manage": may_manage,
    }
    return render(request, "tenants/people.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: PageRequest, slug: str) -> HttpResponse:
    rules.require(rules.may_manage_people(request.membership), "Only an owner can invite people.")
    form = InviteForm(posted(request))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            invitation, _ = invite_member(actor=request.membership, **form.cleaned_data)
            messages.success(request, f"The invitation to {invitation.email} is on its way.")
            return redirect("people", slug)
    status = 422 if request.method == "POST" else 200
    return render(
        request, "tenants/person_invite.html", {"nav": "people", "form": form}, status=status
    )


@require_POST
def resend(request: PageRequest, slug: str, invitation: str) -> HttpResponse:
    offer = get_open_invitation(invitation)
    with flash_refusal(request):
        resend_invitation(actor=request.membership, invitation=offer)
        messages.success(request, f"The invitation to {offer.email} is on its way again.")
    return redirect("people", slug)


@require_POST
def revoke(request: PageRequest, slug: str, invitation: str) -> HttpResponse:
    offer = get_open_invitation(invitation)
    with flash_refusal(request):
        revoke_invitation(actor=request.membership, invitation=offer)
        messages.success(request, f"The invitation to {offer.email} is withdrawn.")
    return redirect("people", slug)


@require_safe
def person(request: PageRequest, slug: str, member: str) -> HttpResponse:
    return _person_page(request, get_member(member))


@require_POST
def roles(request: PageRequest, slug: str, member: str) -> HttpResponse:
    found, form = get_member(member), RolesForm(request.POST)
    if form.is_valid():
        try:
            with refusals_on(form, passing=(ConfirmationNeeded,)):
                change_roles(
                    actor=request.membership,
                    member=found,
                    confirmed=is_confirmed(request),
                    **form.cleaned_data,
                )
                messages.success(request, f"The roles of {found.user.name} are saved.")
                return redirect("person", slug, member)
        except ConfirmationNeeded as needed:
            return _ask(request, found, needed, "Take the role approver from")
    rules.require(rules.may_manage_people(request.membership), "Only an owner can give roles.")
    return _person_page(request, found, roles_form=form)


@require_POST
def manager(request: PageRequest, slug: str, member: str) -> HttpResponse:
    found = get_member(member)
    rules.require(rules.may_manage_people(request.membership), "Only an owner can say who manages.")
    form = ManagerForm(request.POST, member=found)
    if form.is_valid():
        with refusals_on(form):
            set_manager(actor=request.membership, member=found, **form.cleaned_data)
            messages.success(request, f"The manager of {found.user.name} is saved.")
            return redirect("person", slug, member)
    return _person_page(request, found, manager_form=form)


@require_POST
def suspend(request: PageRequest, slug: str, member: str) -> HttpResponse:
    found, form = get_member(member), OptionalReasonForm(request.POST)
    if form.is_valid():
        try:
            with refusals_on(form, passing=(ConfirmationNeeded,)):
                suspend_member(
                    actor=request.membership,
                    member=found,
                    confirmed=is_confirmed(request),
                    **form.cleaned_data,
                )
                messages.success(request, f"{found.user.name} is suspended.")
                return redirect("person", slug, member)
        except ConfirmationNeeded as needed:
            return _ask(request, found, needed, "Suspend")
    rules.require(rules.may_manage_people(request.membership), "Only an owner can suspend.")
    return _person_page(request, found, suspend_form=form)


@require_POST
def resume(request: PageRequest, slug: str, member: str) -> HttpResponse:
    found = get_member(member)
    with flash_refusal(request):
        resume_member(actor=request.membership, member=found)
        messages.success(request, f"{found.user.name} is active again.")
    return redirect("person", slug, member)


def _ask(
    request: PageRequest, member: Membership, needed: ConfirmationNeeded, verb: str
) -> HttpResponse:
    back = reverse("person", args=[request.tenant.slug, member.public_id])
    return ask_first(request, needed, title=f"{verb} {member.user.name}", back=back)


def _person_page(request: PageRequest, member: Membership, **bound: forms.Form) -> HttpResponse:
    """Render the page, with a form that was filled in wrongly if there is one."""
    reads = rules.may_read_settings(request.membership)
    zone = ZoneInfo(request.tenant.time_zone)
    context = {
        "nav": "people",
        "member": member,
        "reads_policy": reads,
        "breaks": what_would_break(member) if reads and member.is_active else [],
        "groups": groups_by_member().get(member.pk, []),
        "absences": [
            (span_in_words(each.starts_at, each.ends_at, zone), each)
            for each in absences_of(member, after=clock.now())
        ],
        "may_manage": rules.may_manage_people(request.membership),
        "is_self": member.pk == request.membership.pk,
        "may_erase": rules.may_erase_people(request.membership)
        and member.pk != request.membership.pk
        and not is_erased(member),
        "roles_form": RolesForm(initial={"roles": member.roles}),
        "manager_form": ManagerForm(member=member),
        "suspend_form": OptionalReasonForm(),
        **bound,
    }
    return render(request, "tenants/person.html", context, status=422 if bound else 200)
