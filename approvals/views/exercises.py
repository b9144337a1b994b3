"""Drills, which everybody may know of, and canaries, which only compliance does."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from approvals.enums import Purpose
from approvals.forms.exercises import CanaryForm, SampleForm
from approvals.models import ActionCategory
from approvals.selectors.exercises import find_exercise, list_canary_plans, list_exercises
from approvals.services.exercises import plan_canary, start_drill, switch_canary
from approvals.views.common import read_filter
from govapp.common import clock
from govapp.common.errors import Conflict, NotFound
from govapp.common.forms import refusals_on
from govapp.common.ids import InvalidId, parse_public_id
from tenants.enums import Role
from tenants.http import PageRequest
from tenants.models import Membership
from tenants.rules import has_role, require
from tenants.selectors import agents
from tenants.views.common import posted

_PAGE_OR_POST: Final = ["GET", "HEAD", "POST"]
_MAY_READ: Final = (Role.OWNER, Role.COMPLIANCE, Role.AUDITOR)


@require_safe
def drill_list(request: PageRequest, slug: str) -> HttpResponse:
    """Show the drills; to compliance the canaries as well."""
    _require_reader(request.membership)
    sees_canaries = _sees_canaries(request.membership)
    context = {
        "nav": "people",
        "tab": "drills",
        "now": clock.now(),
        "drills": list_exercises(Purpose.DRILL),
        "sees_canaries": sees_canaries,
        "canaries_on": request.tenant.canaries,
        "canaries": list_exercises(Purpose.CANARY) if sees_canaries else [],
        "plans": list_canary_plans() if sees_canaries else [],
        "may_send": has_role(request.membership, Role.OWNER, Role.COMPLIANCE),
        "may_plan": has_role(request.membership, Role.COMPLIANCE),
    }
    return render(request, "approvals/drills/list.html", context)


@require_safe
def drill_detail(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Show who answered, in what time, and who did not."""
    _require_reader(request.membership)
    report = find_exercise(ident, with_canaries=_sees_canaries(request.membership))
    context = {"nav": "people", "tab": "drills", "now": clock.now(), "report": report}
    return render(request, "approvals/drills/detail.html", context)


@require_http_methods(_PAGE_OR_POST)
def drill_new(request: PageRequest, slug: str) -> HttpResponse:
    """Choose agent and category, write what it says, send it."""
    officer = has_role(request.membership, Role.OWNER, Role.COMPLIANCE)
    require(officer, "Only owners and compliance send drills.")
    return _new(request, kind=Purpose.DRILL)


@require_http_methods(_PAGE_OR_POST)
def canary_new(request: PageRequest, slug: str) -> HttpResponse:
    """Plan a canary."""
    require(has_role(request.membership, Role.COMPLIANCE), "Canaries are compliance's own.")
    return _new(request, kind=Purpose.CANARY)


@require_POST
def canary_switch(request: PageRequest, slug: str, ident: str) -> HttpResponse:
    """Switch a planned canary on or off."""
    try:
        plan_id = parse_public_id("cny", ident)
    except InvalidId as error:
        raise NotFound(str(error)) from None
    is_on = request.POST.get("on") == "1"
    plan = switch_canary(actor=request.membership, plan_id=plan_id, is_on=is_on)
    messages.success(request, f"“{plan.name}” is switched {'on' if is_on else 'off'}.")
    return redirect("drill_list", slug)


def _new(request: PageRequest, *, kind: Purpose) -> HttpResponse:
    chosen = {name: read_filter(request, name) for name in ("agent", "category")}
    known = list(agents())
    kinds = list(ActionCategory.objects.filter(is_archived=False).order_by("key"))
    agent = next((one for one in known if one.public_id == chosen["agent"]), None)
    category = next((one for one in kinds if one.key == chosen["category"]), None)
    context: dict[str, Any] = {
        "nav": "people",
        "tab": "drills",
        "kind": kind,
        "chosen": chosen,
        "agents": known,
        "categories": kinds,
    }
    status = 200
    if agent is not None and category is not None:
        form_class = SampleForm if kind == Purpose.DRILL else CanaryForm
        form = form_class(posted(request), category=category)
        context["form"] = form
        if form.is_bound and form.is_valid():
            with refusals_on(form, passing=(Conflict,)):
                try:
                    return _send(request, form, agent)
                except Conflict as refusal:
                    form.add_error(None, refusal.detail)
        status = 422 if form.is_bound else 200
    return render(request, "approvals/drills/new.html", context, status=status)


def _send(request: PageRequest, form: SampleForm, agent: Any) -> HttpResponse:
    sample, slug = form.to_sample(agent), request.tenant.slug
    if isinstance(form, CanaryForm):
        plan = plan_canary(
            actor=request.membership,
            name=form.cleaned_data["name"],
            sample=sample,
            every_days=form.cleaned_data["every_days"],
            first_at=clock.now(),
        )
        messages.success(request, f"“{plan.name}” is planned.")
        return redirect("drill_list", slug)
    exercise = start_drill(actor=request.membership, sample=sample)
    messages.success(request, f"Sent to {len(exercise.asked)} people.")
    return redirect("drill_detail", slug, exercise.public_id)


def _require_reader(member: Membership) -> None:
    require(has_role(member, *_MAY_READ), "Only owners, compliance and auditors see drills.")


def _sees_canaries(member: Membership) -> bool:
    return has_role(member, Role.COMPLIANCE)
